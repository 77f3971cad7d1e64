// WaitingObserver: says on standard error that an append waits for storage, and why.
#ifndef TIDELOG_TOOLS_WALCTL_WAITING_OBSERVER_H_
#define TIDELOG_TOOLS_WALCTL_WAITING_OBSERVER_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "wal/observer.h"

namespace tidelog::walctl {

// A log whose storage fails goes on by itself when the failure passes, and until then the one who
// feeds it waits without a word: a line for each append that is reported slow tells him so, with
// the last trouble that was reported before.  Safe from any thread.
class WaitingObserver final : public Observer {
 public:
  // `print` is given a line without its end, on whatever thread the log reports from.
  explicit WaitingObserver(absl::AnyInvocable<void(const std::string& line)> print);

  void OnEvent(const Event& event) override;

 private:
  absl::Mutex mutex_;
  absl::AnyInvocable<void(const std::string& line)> print_ ABSL_GUARDED_BY(mutex_);
  std::string trouble_ ABSL_GUARDED_BY(mutex_);  // Empty: none was reported.
};

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_WAITING_OBSERVER_H_
