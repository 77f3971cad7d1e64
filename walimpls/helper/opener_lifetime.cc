#include "walimpls/helper/opener_lifetime.h"

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::walimpls {

OpenerLifetime::~OpenerLifetime() {
  absl::MutexLock lock(&mutex_);
  CHECK(entries_.empty()) << "the opener of backend " << backend_ << " was destroyed before "
                          << (entries_.begin()->second.is_log ? "the log " : "an open of ")
                          << entries_.begin()->second.channel << " and " << entries_.size() - 1
                          << " more";
}

std::optional<OpenerLifetime::Pass> OpenerLifetime::TryBeginOpen(std::string_view channel) {
  absl::MutexLock lock(&mutex_);
  if (closing_) return std::nullopt;
  const uint64_t number = next_number_++;
  entries_.emplace(number, Entry{std::string(channel), /*is_log=*/false});
  ++opening_;
  return Pass(this, number);
}

Future<Unit> OpenerLifetime::Close() {
  Promise<Unit> promise("close of an opener");
  Future<Unit> future = promise.future();
  std::vector<Promise<Unit>> closers;
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    closers_.push_back(std::move(promise));
    closers = TakeClosers();
  }
  for (Promise<Unit>& closer : closers) closer.Set(Unit{});
  return future;
}

bool OpenerLifetime::closing() const {
  absl::MutexLock lock(&mutex_);
  return closing_;
}

absl::Status OpenerLifetime::ClosedError(std::string_view channel) const {
  return WalError(
      WalErrorCode::kOnShutdown,
      absl::StrCat("open ", channel, ": the opener of backend ", backend_, " is closed"));
}

void OpenerLifetime::Leave(uint64_t number) {
  std::vector<Promise<Unit>> closers;
  {
    absl::MutexLock lock(&mutex_);
    const auto entry = entries_.find(number);
    CHECK(entry != entries_.end());
    if (!entry->second.is_log) --opening_;
    entries_.erase(entry);
    closers = TakeClosers();
  }
  // Whoever waits may destroy the opener at once: nothing of it may be touched from here on.
  for (Promise<Unit>& closer : closers) closer.Set(Unit{});
}

bool OpenerLifetime::TryBecomeLog(uint64_t number) {
  absl::MutexLock lock(&mutex_);
  if (closing_) return false;
  Entry& entry = entries_.at(number);
  CHECK(!entry.is_log) << "an open of " << entry.channel << " succeeded twice";
  entry.is_log = true;
  --opening_;
  return true;
}

std::vector<Promise<Unit>> OpenerLifetime::TakeClosers() {
  if (!closing_ || opening_ > 0) return {};
  return std::exchange(closers_, {});
}

}  // namespace tidelog::walimpls
