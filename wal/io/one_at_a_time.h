// OneAtATime: aborts a caller who starts what must not overlap.
#ifndef TIDELOG_WAL_IO_ONE_AT_A_TIME_H_
#define TIDELOG_WAL_IO_ONE_AT_A_TIME_H_

#include <atomic>
#include <string_view>

#include "absl/log/check.h"

namespace tidelog {

// For File::Sync(), which says why.  Safe from any thread.
class OneAtATime {
 public:
  // Aborts, naming `what` and `path`, if another is in.
  void Enter(std::string_view what, std::string_view path) {
    CHECK(!busy_.exchange(true, std::memory_order_acquire))
        << "two overlapping " << what << " of " << path;
  }
  // Requires: Enter() before.
  void Leave() { busy_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> busy_{false};
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_ONE_AT_A_TIME_H_
