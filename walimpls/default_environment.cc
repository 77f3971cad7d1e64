#include "walimpls/default_environment.h"

#include <string_view>

#include "absl/base/no_destructor.h"
#include "absl/log/log.h"
#include "wal/async/thread_runtime.h"
#include "wal/io/posix_file_system.h"
#include "wal/observer.h"
#include "wal/types.h"

namespace tidelog::walimpls {
namespace {

std::string_view NameOf(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::kTermViolation:
      return "term violation";
    case Event::Kind::kTornTail:
      return "torn tail";
    case Event::Kind::kRecoveryProgress:
      return "recovery";
    case Event::Kind::kSlowAppend:
      return "slow append";
    case Event::Kind::kFenced:
      return "fenced";
    case Event::Kind::kBackendTrouble:
      return "backend trouble";
    case Event::Kind::kSlowAppendEnded:
      return "slow append ended";
    case Event::Kind::kFlowChanged:
      return "flow control";
  }
  return "event";  // Of an observer.h newer than this.
}

class LoggingObserver final : public Observer {
 public:
  void OnEvent(const Event& event) override {
    // The one kind that means a bug, not a condition.
    if (event.kind == Event::Kind::kTermViolation) {
      LOG(ERROR) << NameOf(event.kind) << " on " << ToString(event.channel) << ": " << event.text;
    } else if (event.kind == Event::Kind::kRecoveryProgress) {
      LOG(INFO) << NameOf(event.kind) << " of " << ToString(event.channel) << ": " << event.text;
    } else {
      LOG(WARNING) << NameOf(event.kind) << " on " << ToString(event.channel) << ": " << event.text;
    }
  }
};

}  // namespace

Environment CompleteEnvironment(Environment environment) {
  static absl::NoDestructor<LoggingObserver> observer;
  if (environment.runtime == nullptr) environment.runtime = DefaultRuntime();
  if (environment.files == nullptr) environment.files = DefaultFileSystem();
  if (environment.observer == nullptr) environment.observer = observer.get();
  return environment;
}

}  // namespace tidelog::walimpls
