// Quarantine: what a hung system call still needs, kept until the call returns.
//
// A Close() is bounded in time (H2) even when a disk or a client library hangs.
// What the stuck call may still touch (descriptor, buffers, the operation itself)
// cannot be freed then.  It passes here, is counted, calls nobody back, and is
// freed when the call returns, if it ever does.
#ifndef TIDELOG_WAL_ASYNC_QUARANTINE_H_
#define TIDELOG_WAL_ASYNC_QUARANTINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/synchronization/mutex.h"

namespace tidelog {

// Safe from any thread.  Owned by the Runtime.  While anyone is in, the Runtime and the Environment
// that it uses must live: see wal/environment.h.
//
// An inmate owns everything the stuck call may touch, its executor included.  Its completion and
// Admit() both run on that executor, so they cannot race.
class Quarantine {
 public:
  using Ticket = uint64_t;

  // Takes `inmate`, described for people by `what` ("fdatasync of orders/7-1-3.seg").
  Ticket Admit(std::string_view what, std::shared_ptr<void> inmate);

  // Frees the inmate, and with it perhaps the executor this runs on: the call that used it has
  // returned.  Requires: `ticket` is in.
  void Release(Ticket ticket);

  // How many are in, and what they are, oldest first.
  size_t size() const;
  std::vector<std::string> Describe() const;

 private:
  struct Inmate {
    std::string what;
    std::shared_ptr<void> object;
  };
  mutable absl::Mutex mutex_;
  Ticket next_ ABSL_GUARDED_BY(mutex_) = 1;
  absl::btree_map<Ticket, Inmate> inmates_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_QUARANTINE_H_
