// OpenerLifetime: which opens are in flight in an OpenerImpls, and which of its logs live.
//
//   std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel.name);
//   if (!pass) co_return lifetime_.ClosedError(channel.name);
//   ... opens; then, as its last step:
//   if (!pass->TryBecomeLog()) { ... undoes what it can ...; co_return lifetime_.ClosedError(...);
//   }
//   ... the log keeps the pass: as long as it lives, the opener may not be destroyed ...
#ifndef TIDELOG_WALIMPLS_HELPER_OPENER_LIFETIME_H_
#define TIDELOG_WALIMPLS_HELPER_OPENER_LIFETIME_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "wal/async/future.h"

namespace tidelog::walimpls {

// Owned by the opener.  Safe from any thread, passes included.  Outlives its passes: aborts, naming
// the channel, if destroyed with one still out.
class OpenerLifetime {
 public:
  class [[nodiscard]] Pass {
   public:
    Pass(Pass&& other) noexcept
        : lifetime_(std::exchange(other.lifetime_, nullptr)), number_(other.number_) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(lifetime_, other.lifetime_);
      std::swap(number_, other.number_);
      return *this;
    }
    ~Pass() {
      if (lifetime_ != nullptr) lifetime_->Leave(number_);
    }

    // The open has succeeded: Close() no longer waits for this pass.  False: the opener began to
    // close meanwhile, and the open must fail.  Requires: called once.
    bool TryBecomeLog() { return lifetime_->TryBecomeLog(number_); }

    // Whether the opener closes: a long open gives up early.
    bool closing() const { return lifetime_->closing(); }

   private:
    friend class OpenerLifetime;
    Pass(OpenerLifetime* lifetime, uint64_t number) : lifetime_(lifetime), number_(number) {}
    OpenerLifetime* lifetime_;
    uint64_t number_;
  };

  // `backend` is for messages: "memory".
  explicit OpenerLifetime(std::string_view backend) : backend_(backend) {}
  OpenerLifetime(const OpenerLifetime&) = delete;
  OpenerLifetime& operator=(const OpenerLifetime&) = delete;
  ~OpenerLifetime();

  // A pass for one open; none once Close() was called.
  std::optional<Pass> TryBeginOpen(std::string_view channel);

  // Refuses opens from now on.  Ready when none is in flight.  May be called again.
  Future<Unit> Close();

  bool closing() const;

  // kOnShutdown, for an open of `channel` that came too late.
  absl::Status ClosedError(std::string_view channel) const;

 private:
  struct Entry {
    std::string channel;
    bool is_log = false;
  };

  void Leave(uint64_t number);
  bool TryBecomeLog(uint64_t number);
  // Who to tell if no open is in flight any more and Close() waits for that.
  std::vector<Promise<Unit>> TakeClosers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string backend_;
  mutable absl::Mutex mutex_;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 1;
  size_t opening_ ABSL_GUARDED_BY(mutex_) = 0;  // INVARIANT: entries_ that are no logs.
  absl::btree_map<uint64_t, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::vector<Promise<Unit>> closers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_HELPER_OPENER_LIFETIME_H_
