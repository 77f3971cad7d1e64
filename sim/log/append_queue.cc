#include "sim/log/append_queue.h"

#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "sim/log/stored_message.h"
#include "wal/async/coroutine.h"
#include "wal/async/gate.h"
#include "wal/status.h"

namespace tidelog::sim {

using walimpls::Group;
using walimpls::Ids;

Future<absl::StatusOr<Ids>> AppendQueue::Append(Group group) {
  if (!ended_.ok()) return MakeReadyFuture(absl::StatusOr<Ids>(ended_));
  Promise<absl::StatusOr<Ids>> promise("append to a simulated log");
  Future<absl::StatusOr<Ids>> ids = promise.future();
  auto item = std::make_shared<Item>();
  item->number = next_number_++;
  item->count = group.size();
  item->group = std::move(group);
  item->promise = std::move(promise);
  if (!accepting_ && items_.empty()) {
    EndWith(item.get(), NotTried());
    return ids;
  }
  items_.push_back(std::move(item));
  Misbehave();
  StartWhatFits();
  return ids;
}

void AppendQueue::AcceptAgain() {
  for (const ItemPtr& item : items_) {
    CHECK(!item->promise) << "AcceptAgain() on " << lifetime_->name()
                          << " with appends outstanding";
  }
  accepting_ = true;
}

void AppendQueue::StartWhatFits() {
  // Counted from the oldest that is not settled: behind a gap there is never more than a window.
  while (ended_.ok() && !giving_up_ && handed_ < writer_->window() && handed_ < items_.size()) {
    const ItemPtr item = items_[handed_++];
    item->place = writer_->NextPlace();
    std::vector<std::string> records;
    for (const ImmutableMessage& message : item->group) records.push_back(BytesOf(message));
    const Future<Unit> run = Run(item, std::move(records), round_);  // Counted by lifetime_.
  }
}

Future<Unit> AppendQueue::Run(ItemPtr item, std::vector<std::string> records, uint64_t round) {
  const std::optional<Gate::Pass> pass = lifetime_->TryEnter();
  CHECK(pass.has_value());
  // Whoever appended goes on first, also when the service answers at once.
  co_await Yield();
  StoreResult result = co_await writer_->Store(item->place, item->number, std::move(records));
  // Given up, or ended: the append has its answer.
  if (round != round_ || !ended_.ok()) co_return Unit{};
  if (result.kind == StoreResult::Kind::kFenced) {
    on_lost_(result.status);
    co_return Unit{};
  }
  item->result = std::move(result);
  Settle();
  co_return Unit{};
}

void AppendQueue::Settle() {
  while (!giving_up_ && !items_.empty() && items_.front()->result) {
    const StoreResult& result = *items_.front()->result;
    if (result.kind == StoreResult::Kind::kClosed) return;
    if (result.kind == StoreResult::Kind::kRefused) {
      giving_up_ = true;
      const Future<Unit> given_up = GiveUp();  // Counted by lifetime_.
      return;
    }
    const ItemPtr item = PopFront();
    EndDone(item.get(), item->result->first);
  }
  StartWhatFits();
}

Future<Unit> AppendQueue::GiveUp() {
  const std::optional<Gate::Pass> pass = lifetime_->TryEnter();
  CHECK(pass.has_value());
  const absl::Status refused = items_.front()->result->status;
  const absl::StatusOr<uint64_t> end = co_await writer_->GiveUp(items_.front()->place);
  if (!ended_.ok()) co_return Unit{};
  if (!end.ok()) {
    on_lost_(end.status());
    co_return Unit{};
  }
  giving_up_ = false;
  while (handed_ > 0 && items_.front()->place < *end) {
    const ItemPtr item = PopFront();
    EndDone(item.get(), item->place);
  }
  ++round_;
  if (handed_ > 0) FailAll(refused);
  StartWhatFits();
  co_return Unit{};
}

void AppendQueue::FailAll(const absl::Status& first_status) {
  accepting_ = false;
  absl::Status status = first_status;
  while (!items_.empty()) {
    const ItemPtr item = PopFront();
    EndWith(item.get(), status);
    status = NotTried();
  }
}

AppendQueue::ItemPtr AppendQueue::PopFront() {
  ItemPtr item = std::move(items_.front());
  items_.pop_front();
  if (handed_ > 0) --handed_;
  return item;
}

bool AppendQueue::EndAll(const absl::Status& reason) {
  if (!ended_.ok()) return false;
  ended_ = reason;
  const absl::Status unknown =
      WalErrorFrom(WalErrorCode::kOutcomeUnknown,
                   absl::StrCat("append to ", lifetime_->name(), ", already handed over"), reason);
  const bool any = handed_ > 0;
  while (!items_.empty()) {
    const bool handed = handed_ > 0;
    const ItemPtr item = PopFront();
    EndWith(item.get(), handed ? unknown : reason);
  }
  return any;
}

void AppendQueue::EndDone(Item* item, uint64_t first) const {
  item->group.clear();
  if (!item->promise) return;
  Ids ids;
  for (size_t i = 0; i < item->count; ++i) ids.push_back(MessageId::FromNumber(origin_, first + i));
  std::exchange(item->promise, std::nullopt)->Set(std::move(ids));
}

void AppendQueue::EndWith(Item* item, const absl::Status& status) {
  item->group.clear();  // The caller may be the only one left who refers to the messages.
  if (item->promise) std::exchange(item->promise, std::nullopt)->Set(status);
}

absl::Status AppendQueue::NotTried() const {
  return WalError(WalErrorCode::kUnavailable,
                  absl::StrCat("append to ", lifetime_->name(), ": one before it was not done"));
}

void AppendQueue::Misbehave() {
  const ItemPtr newest = items_.back();
  const auto is_due = [&newest](uint64_t every) {
    return every > 0 && newest->number % every == 0;
  };
  if (is_due(breaks_.duplicates_every)) {
    auto again = std::make_shared<Item>();
    again->number = next_number_++;
    again->group = newest->group;
    again->count = newest->count;
    items_.push_back(std::move(again));
  }
  if (is_due(breaks_.reorders_every) && items_.size() >= handed_ + 2) {
    std::swap(items_[items_.size() - 1], items_[items_.size() - 2]);
  }
  if (breaks_.acknowledges_before_storing) {
    const Group group = newest->group;
    EndDone(newest.get(), writer_->GuessNext());
    newest->group = group;
  }
}

}  // namespace tidelog::sim
