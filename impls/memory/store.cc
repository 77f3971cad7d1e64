#include "impls/memory/store.h"

#include <algorithm>
#include <utility>

#include "absl/base/no_destructor.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::impls::memory {

absl::StatusOr<StoredLog::Owner> StoredLog::Claim(Term term) {
  absl::MutexLock lock(&mutex_);
  if (term < state_.term || (term == state_.term && !clean_)) {
    return WalError(
        WalErrorCode::kUnmatchedTerm,
        absl::StrCat("open ", name_, " at term ", ToInt(term), ": term ", ToInt(state_.term),
                     " has opened it and did not close it cleanly; ", "open it at a higher term"));
  }
  state_.term = term;
  state_.held = true;
  clean_ = false;
  return ++owner_;
}

absl::Status StoredLog::CheckOwner(Owner owner, std::string_view what) const {
  absl::ReaderMutexLock lock(&mutex_);
  return CheckOwnerLocked(owner, what);
}

absl::Status StoredLog::CheckOwnerLocked(Owner owner, std::string_view what) const {
  if (owner == owner_) return absl::OkStatus();
  return WalError(WalErrorCode::kChannelFenced,
                  absl::StrCat(what, " ", name_, ": fenced by term ", ToInt(state_.term)));
}

void StoredLog::Release(Owner owner, bool clean) {
  absl::MutexLock lock(&mutex_);
  if (owner != owner_) return;
  state_.held = false;
  clean_ = clean;
}

absl::StatusOr<uint64_t> StoredLog::Append(Owner owner, walimpls::Group* group) {
  absl::MutexLock lock(&mutex_);
  absl::Status owned = CheckOwnerLocked(owner, "append to");
  if (!owned.ok()) return owned;
  size_t bytes = 0;
  for (const ImmutableMessage& message : *group) bytes += message.record().size();
  const size_t bytes_max = bytes_max_->load(std::memory_order_relaxed);
  if (bytes_max > 0 && state_.bytes + bytes > bytes_max) {
    return WalError(WalErrorCode::kResourceExhausted,
                    absl::StrCat("append ", bytes, " bytes to ", name_, ": it holds ", state_.bytes,
                                 " of at most ", bytes_max, "; truncate it"));
  }
  const uint64_t first = state_.next;
  for (ImmutableMessage& message : *group) {
    if (message.type() == MessageType::kTimeTick) {
      state_.newest_time_tick = message;
      state_.newest_time_tick_number = state_.next;
    }
    state_.newest = message;
    records_.push_back(std::move(message));
    ++state_.next;
  }
  state_.bytes += bytes;
  WakeAll();
  return first;
}

absl::Status StoredLog::Truncate(Owner owner, uint64_t number, const Position& mark) {
  absl::MutexLock lock(&mutex_);
  absl::Status owned = CheckOwnerLocked(owner, "truncate");
  if (!owned.ok()) return owned;
  if (state_.truncated) {
    const TimeTick tick = state_.truncated->time_tick;
    const bool frees_more = mark.time_tick == tick && state_.first < number;
    if (mark.time_tick <= tick && !frees_more) return absl::OkStatus();
  }
  CHECK_LT(number, state_.next) << "truncate " << name_ << ": the mark was never stored";
  state_.truncated = mark;
  while (state_.first < number) {
    state_.bytes -= records_.front().record().size();
    records_.pop_front();
    ++state_.first;
  }
  return absl::OkStatus();
}

bool StoredLog::Read(uint64_t from, const ReadLimits& limits, const MessageId::Origin& origin,
                     std::vector<ImmutableMessage>* into) const {
  absl::ReaderMutexLock lock(&mutex_);
  if (from < state_.first) return false;
  size_t bytes = 0;
  for (uint64_t number = from; number < state_.next && number <= limits.to; ++number) {
    const ImmutableMessage& message = records_[number - state_.first];
    bytes += message.record().size();
    if (number > from && (into->size() >= limits.count_max || bytes > limits.bytes_max)) break;
    into->push_back(message.WithId(MessageId::FromNumber(origin, number)));
  }
  return true;
}

Future<Unit> StoredLog::WhenReadable(uint64_t from, Waiter* waiter) {
  absl::MutexLock lock(&mutex_);
  if (from < state_.next) return MakeReadyFuture(Unit{});
  CHECK(!waiter->promise_.has_value());
  waiter->promise_.emplace("records of a memory log");
  waiters_.push_back(waiter);
  return waiter->promise_->future();
}

void StoredLog::StopWaiting(Waiter* waiter) {
  absl::MutexLock lock(&mutex_);
  if (std::erase(waiters_, waiter) == 0) return;
  std::exchange(waiter->promise_, std::nullopt)->Set(Unit{});
}

void StoredLog::WakeAll() {
  std::vector<Waiter*> waking;
  waking.swap(waiters_);
  for (Waiter* waiter : waking) std::exchange(waiter->promise_, std::nullopt)->Set(Unit{});
}

StoredLog::State StoredLog::state() const {
  absl::ReaderMutexLock lock(&mutex_);
  return state_;
}

std::shared_ptr<Store> Store::Named(std::string_view name) {
  using Stores = absl::btree_map<std::string, std::shared_ptr<Store>, std::less<>>;
  static absl::Mutex mutex(absl::kConstInit);
  static absl::NoDestructor<Stores> stores;
  absl::MutexLock lock(&mutex);
  std::shared_ptr<Store>& store = (*stores)[std::string(name)];
  if (store == nullptr) store = std::make_shared<Store>();
  return store;
}

std::shared_ptr<StoredLog> Store::FindOrMake(std::string_view channel, Runtime* runtime) {
  absl::MutexLock lock(&mutex_);
  const auto found = logs_.find(channel);
  if (found != logs_.end()) return found->second;
  RandomStream random = runtime->MakeRandom(absl::StrCat("memory log ", channel));
  const auto number = static_cast<uint32_t>(random.Next());
  auto log = std::make_shared<StoredLog>(channel, number, &bytes_max_);
  logs_.emplace(channel, log);
  return log;
}

std::shared_ptr<StoredLog> Store::Find(std::string_view channel) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = logs_.find(channel);
  return found == logs_.end() ? nullptr : found->second;
}

std::vector<std::string> Store::Channels() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<std::string> channels;
  for (const auto& [name, log] : logs_) channels.push_back(name);
  return channels;
}

}  // namespace tidelog::impls::memory
