#include "tools/walctl/waiting_observer.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tidelog::walctl {

WaitingObserver::WaitingObserver(absl::AnyInvocable<void(const std::string& line)> print)
    : print_(std::move(print)) {}

void WaitingObserver::OnEvent(const Event& event) {
  const absl::MutexLock lock(&mutex_);
  if (event.kind == Event::Kind::kBackendTrouble) trouble_ = event.text;
  if (event.kind != Event::Kind::kSlowAppend) return;
  const std::string cause = trouble_.empty() ? "" : absl::StrCat("; before that: ", trouble_);
  print_(absl::StrCat("waiting: ", event.text, cause,
                      "; it goes on by itself when storage does; to give up, interrupt twice: what "
                      "was acknowledged is stored"));
}

}  // namespace tidelog::walctl
