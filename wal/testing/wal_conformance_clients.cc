#include "wal/testing/wal_conformance_clients.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/log_info.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"

namespace tidelog {
namespace {

constexpr const char* kVChannels[] = {"v1", "v2", ""};
constexpr absl::Duration kLease = absl::Seconds(60);
constexpr absl::Duration kShortLease = absl::Milliseconds(20);

std::string TextOf(const ImmutableMessage& message) {
  if (message.type() != MessageType::kTxn) return std::string(message.payload());
  std::string text = "[";
  for (const ImmutableMessage& member : message.transaction()) {
    if (FramesTransaction(member.type())) continue;
    absl::StrAppend(&text, text.size() > 1 ? " " : "", member.payload());
    EXPECT_EQ(ToInt(member.time_tick()), ToInt(message.time_tick())) << member.payload();
  }
  return text + "]";
}

std::string Shown(const VisibleMessages& messages, size_t index) {
  if (index >= messages.size()) return "nothing";
  const VisibleMessage& message = messages[index];
  return absl::StrCat(message.text, " at ", message.position.ToString());
}

}  // namespace

void SortByTick(VisibleMessages* messages) {
  std::sort(messages->begin(), messages->end(),
            [](const VisibleMessage& a, const VisibleMessage& b) { return a.tick < b.tick; });
}

std::string DifferenceOf(const VisibleMessages& expected, const VisibleMessages& seen) {
  for (size_t i = 1; i < seen.size(); ++i) {
    if (seen[i - 1].tick < seen[i].tick) continue;
    return absl::StrCat("message ", i, " is not above the one before: ", Shown(seen, i));
  }
  const size_t count = std::max(expected.size(), seen.size());
  for (size_t i = 0; i < count; ++i) {
    if (i < expected.size() && i < seen.size() && expected[i] == seen[i]) continue;
    return absl::StrCat("message ", i, " of ", expected.size(), " should be ", Shown(expected, i),
                        " and is ", Shown(seen, i));
  }
  return "";
}

Future<Unit> WalClient::Run(Executor* on, int count) {
  co_await EnterExecutor(on);
  left_ = count;
  while (left_ > 0 && ended_.ok()) {
    const uint64_t draw = random_.Below(16);
    if (draw < 8) {
      co_await AppendPlain();
    } else {
      const Fate fate = draw < 12   ? Fate::kCommitted
                        : draw < 14 ? Fate::kRolledBack
                        : draw < 15 ? Fate::kExpired
                                    : Fate::kLeft;
      co_await RunTransaction(fate);
    }
  }
  co_return Unit{};
}

std::string WalClient::NextText() {
  std::string text = absl::StrCat(name_, "-", ++made_, ".");
  text.append(random_.Below(100), 'x');
  return text;
}

Future<absl::StatusOr<AppendResult>> WalClient::Append(MutableMessage message) {
  --left_;
  const AppendOptions options;
  absl::StatusOr<AppendResult> result = co_await wal_.Append(std::move(message), options);
  co_return result;
}

void WalClient::Fail(const absl::Status& status, const std::string& text) {
  ended_ = status;
  if (EffectOf(status) == Effect::kUnknown && !text.empty()) unknown_.push_back(text);
}

Future<Unit> WalClient::AppendPlain() {
  const std::string vchannel = kVChannels[random_.Below(std::size(kVChannels))];
  const std::string text = NextText();
  absl::StatusOr<AppendResult> result = co_await Append(testing::MakeInsert(text, vchannel));
  if (result.ok()) {
    co_await NoteVisible(text, vchannel, *result);
  } else {
    Fail(result.status(), text);
  }
  co_return Unit{};
}

Future<Unit> WalClient::RunTransaction(Fate fate) {
  const bool runs_out = fate == Fate::kExpired || fate == Fate::kLeft;
  const std::string vchannel = kVChannels[random_.Below(std::size(kVChannels))];
  MutableMessage begin = testing::MakeBegin(vchannel, runs_out ? kShortLease : kLease);
  absl::StatusOr<AppendResult> begun = co_await Append(std::move(begin));
  if (!begun.ok()) {
    Fail(begun.status(), "");
    co_return Unit{};
  }
  const TxnContext txn = begun->txn;
  const auto bodies = static_cast<uint32_t>(1 + random_.Below(4));
  std::string text = "[";
  for (uint32_t i = 0; i < bodies; ++i) {
    const std::string body = NextText();
    absl::StatusOr<AppendResult> result = co_await Append(testing::MakeBody(body, vchannel, txn));
    if (!result.ok()) {
      const bool is_late = GetWalErrorCode(result.status()) == WalErrorCode::kTransactionExpired;
      if (!runs_out || !is_late) Fail(result.status(), "");
      co_return Unit{};
    }
    absl::StrAppend(&text, i > 0 ? " " : "", body);
  }
  text += "]";
  if (fate == Fate::kLeft) co_return Unit{};
  if (runs_out) co_await SleepFor(2 * kShortLease);
  MutableMessage end = fate == Fate::kRolledBack ? testing::MakeRollback(vchannel, txn)
                                                 : testing::MakeCommit(vchannel, txn, bodies);
  absl::StatusOr<AppendResult> ended = co_await Append(std::move(end));
  if (runs_out && GetWalErrorCode(ended.status()) == WalErrorCode::kTransactionExpired) {
    ++expired_;
    co_return Unit{};
  }
  EXPECT_FALSE(runs_out && ended.ok()) << text << " was committed behind its lease";
  if (!ended.ok()) {
    Fail(ended.status(), fate == Fate::kRolledBack ? "" : text);
  } else if (fate == Fate::kRolledBack) {
    ++rolled_back_;
  } else {
    ++committed_;
    co_await NoteVisible(text, vchannel, *ended);
  }
  co_return Unit{};
}

Future<Unit> WalClient::NoteVisible(std::string text, std::string vchannel, AppendResult result) {
  EXPECT_FALSE(result.duplicate) << text;
  visible_.push_back({result.time_tick, result.position(), std::move(text)});
  const absl::StatusOr<Mvcc> mvcc = co_await wal_.LatestMvcc(vchannel);
  if (!mvcc.ok()) {
    Fail(mvcc.status(), "");
    co_return Unit{};
  }
  TimeTick& newest = newest_[vchannel];
  EXPECT_GE(ToInt(mvcc->time_tick), ToInt(newest)) << "MVCC of \"" << vchannel << "\" went back";
  EXPECT_GE(ToInt(mvcc->time_tick), ToInt(result.time_tick)) << "MVCC of \"" << vchannel << "\"";
  newest = mvcc->time_tick;
  co_return Unit{};
}

Future<Unit> Pass(absl::Duration delay) {
  co_await SleepFor(delay);
  co_return Unit{};
}

void TakeVisible(const ScanBatch& batch, VisibleMessages* seen) {
  for (const ImmutableMessage& message : batch.messages) {
    seen->push_back({message.time_tick(), message.position(), TextOf(message)});
  }
}

Future<VisibleMessages> FollowTo(RoWal* log, Executor* on, std::string last, absl::Duration pause) {
  co_await EnterExecutor(on);
  ReadOptions options;
  options.read_ahead_count_max = 16;
  absl::StatusOr<std::unique_ptr<Scanner>> scanner = co_await log->Read(options);
  CHECK_OK(scanner);
  VisibleMessages seen;
  ScanBatch batch;
  while (seen.empty() || seen.back().text != last) {
    absl::StatusOr<ScanBatch> next = co_await (*scanner)->Next(std::move(batch));
    CHECK_OK(next);
    batch = *std::move(next);
    TakeVisible(batch, &seen);
    if (pause > absl::ZeroDuration()) co_await SleepFor(pause);
  }
  const absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return seen;
}

Future<VisibleMessages> ReadToEnd(RoWal* log, ReadOptions options) {
  if (!options.until.has_value()) options.until = TailAtOpen{};
  absl::StatusOr<std::unique_ptr<Scanner>> scanner = co_await log->Read(options);
  CHECK_OK(scanner);
  VisibleMessages seen;
  ScanBatch batch;
  while (!batch.end) {
    absl::StatusOr<ScanBatch> next = co_await (*scanner)->Next(std::move(batch));
    CHECK_OK(next);
    batch = *std::move(next);
    TakeVisible(batch, &seen);
  }
  const absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return seen;
}

}  // namespace tidelog
