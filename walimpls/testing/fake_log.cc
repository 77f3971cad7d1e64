#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/message/message_factory.h"
#include "wal/status.h"
#include "walimpls/testing/fake_handles.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::walimpls {
namespace {

// FNV-1a: any number will do that differs from channel to channel and not from run to run.
uint32_t LogNumber(std::string_view name) {
  uint32_t hash = 2166136261;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619;
  return hash;
}

}  // namespace

absl::Status FakeLog::Order::Take() {
  if (count == 0) return absl::OkStatus();
  --count;
  return error;
}

FakeLog::FakeLog(std::string_view name) : name_(name), number_(LogNumber(name)) {}

FakeLog::~FakeLog() {
  CHECK_EQ(open_log_count_, 0) << "the fake log " << name_ << " is still open";
  CHECK(outstanding_.empty());
}

void FakeLog::HoldAppends(Held held) { hold_appends_ = held; }

void FakeLog::ReleaseAppends(size_t count) {
  for (; count > 0 && !outstanding_.empty() && outstanding_.front().held; --count) SettleFront();
}

void FakeLog::StopHoldingAppends() {
  hold_appends_.reset();
  ReleaseAppends();
}

void FakeLog::FailAppends(size_t count, WalErrorCode code) {
  CHECK(code == WalErrorCode::kUnavailable || code == WalErrorCode::kResourceExhausted ||
        code == WalErrorCode::kInner)
      << "no backend ends an append with " << WalErrorCodeName(code);
  fail_appends_ =
      Order{count, WalError(code, absl::StrCat("append to ", name_, ": ordered to fail"))};
}

void FakeLog::Fence(Term term) {
  CHECK(term > term_);
  term_ = term;
  ++owner_;
  clean_ = false;
}

void FakeLog::Break(std::string_view why) {
  if (writer_ != nullptr) writer_->Break(why, /*keep_held=*/true);
}

void FakeLog::ReleaseOpens() {
  hold_opens_ = false;
  released_.NotifyAll();
}

void FakeLog::FailOpens(size_t count, absl::Status error) { fail_opens_ = Order{count, error}; }

void FakeLog::FailPrepares(size_t count, absl::Status error) {
  fail_prepares_ = Order{count, std::move(error)};
}

void FakeLog::ReleaseCloses() {
  hang_closes_ = false;
  released_.NotifyAll();
}

void FakeLog::ReleaseScans() {
  hold_scans_ = false;
  changed_.NotifyAll();
}

void FakeLog::FailScan(absl::Status error) {
  fail_scan_ = std::move(error);
  changed_.NotifyAll();
}

void FakeLog::FailReads(size_t count, absl::Status error) { fail_reads_ = Order{count, error}; }

void FakeLog::DeliverGap(Gap gap) {
  gap_ = std::move(gap);
  ++gap_number_;
  changed_.NotifyAll();
}

void FakeLog::FailTruncates(size_t count, absl::Status error) {
  fail_truncates_ = Order{count, error};
}

MessageId FakeLog::Inject(ImmutableMessage message) {
  Group group;
  group.push_back(std::move(message));
  return IdOf(Store(group), 0);
}

void FakeLog::DropBelow(const MessageId& id) {
  const absl::StatusOr<uint64_t> number = id.ToNumber();
  CHECK_OK(number);
  CHECK_LT(*number, next_);
  while (first_ < *number) {
    truncated_ = Position{IdOf(first_ + 1, 0), records_.front().time_tick()};
    records_.pop_front();
    ++first_;
  }
  changed_.NotifyAll();
}

std::vector<ImmutableMessage> FakeLog::records() const {
  std::vector<ImmutableMessage> records;
  for (size_t i = 0; i < records_.size(); ++i) {
    records.push_back(records_[i].WithId(IdOf(first_ + i, 0)));
  }
  return records;
}

uint64_t FakeLog::Store(Group& group) {
  const uint64_t first = next_;
  for (const ImmutableMessage& message : group) {
    const ImmutableMessage stored = message.WithId(IdOf(next_, 0));
    if (!MessageFactory::IsFence(message.record())) {
      newest_ = stored;
      if (message.type() == MessageType::kTimeTick) newest_time_tick_ = stored;
    }
    records_.push_back(stored);
    ++next_;
  }
  changed_.NotifyAll();
  return first;
}

MessageId FakeLog::IdOf(uint64_t number, uint32_t epoch) const {
  const MessageId::Origin origin = {LogKind::kSimulated, number_, epoch};
  return MessageId::FromNumber(origin, number);
}

void FakeLog::SettleFront() {
  Outstanding& append = outstanding_.front();
  FakeWal* const wal = append.wal;
  if (!wal->IsUsable()) return;
  const absl::Status failure = append.first ? absl::OkStatus() : fail_appends_.Take();
  if (failure.ok()) {
    if (!append.first) append.first = Store(append.group);
    Ids ids;
    for (size_t i = 0; i < append.group.size(); ++i) {
      ids.push_back(wal->reader_.IdOf(*append.first + i));
    }
    EndFront(std::move(ids));
    return;
  }
  EndFront(failure);
  if (GetWalErrorCode(failure) == WalErrorCode::kInner) {
    wal->Break("ordered to fail", /*keep_held=*/false);
    return;
  }
  // D8: what was handed over behind it must not land.
  wal->accepting_ = false;
  const absl::Status behind =
      WalError(WalErrorCode::kUnavailable,
               absl::StrCat("append to ", name_, ": one before it was not done"));
  wal->EndOutstanding(behind, behind);
}

void FakeLog::EndFront(absl::StatusOr<Ids> outcome) {
  Outstanding append = std::move(outstanding_.front());
  outstanding_.pop_front();
  append.group.clear();
  append.promise.Set(std::move(outcome));
}

}  // namespace tidelog::walimpls
