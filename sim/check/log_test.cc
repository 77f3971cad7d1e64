// Goal: the checkers find nothing in what the log really does.
// Method: the adaptor's log on the memory backend, which fails nothing and answers at once, under
// random calls, takeovers and schedules; what comes of each call is recorded and judged.
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/opener_builder.h"
#include "gtest/gtest.h"
#include "impls/memory/memory.h"
#include "sim/check/code.h"
#include "sim/check/history.h"
#include "sim/check/registry.h"
#include "sim/check/report.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/test_runtime.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/opener.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::sim::check {
namespace {

Code CodeOf(const absl::Status& status) { return static_cast<Code>(GetWalErrorCode(status)); }

Id IdOf(const MessageId& id) { return id.has_value() ? *id.ToNumber() + 1 : kNoId; }

Position PositionOf(const tidelog::Position& position) {
  return {IdOf(position.last_confirmed), ToInt(position.time_tick)};
}

Record RecordOf(const ImmutableMessage& message) {
  Record record{IdOf(message.id()), ToInt(message.time_tick()), ToInt(message.term()),
                IdOf(message.last_confirmed()), Submission()};
  record.content.type = ToInt(message.type());
  if (message.type() == MessageType::kTimeTick) return record;
  record.content.payload.client = 1;
  CHECK(absl::SimpleAtoi(message.payload(), &record.content.payload.number));
  return record;
}

class World {
 public:
  explicit World(uint64_t seed) : runtime_(seed), random_(seed, "calls") {
    Environment environment;
    environment.runtime = &runtime_;
    backend_ = impls::memory::MakeBuilder();
    builder_ = adaptor::MakeOpenerBuilder(backend_.get(), {});
    opener_ = *builder_->Build(environment, {});
    TakeOver();
  }
  ~World() {
    (void)runtime_.Run([this] { return opener_->Close(); });
    scans_.clear();
    wals_.clear();
    opener_.reset();
    runtime_.RunUntilIdle();
  }

  void Step() {
    switch (random_.Below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        Append();
        break;
      case 4:
        AskForTail();
        break;
      case 5:
        if (random_.Below(6) == 0) TakeOver();
        break;
      case 6:
      case 7:
        if (scans_.size() < 12) Scan();
        break;
      case 8:
        if (random_.Below(8) == 0) Truncate();
        break;
      default:
        runtime_.Advance(absl::Milliseconds(random_.Below(150)));
        break;
    }
    for (uint64_t i = random_.Below(40); i > 0 && runtime_.Step(); --i) Poll();
    Poll();
  }

  History Finish() {
    Settle();
    ReadOptions options;
    options.until = TailAtOpen{};
    options.deliver_ticks = true;
    ScanOpen open;
    open.end = ScanOpen::End::kTailAtOpen;
    open.deliver_ticks = true;
    history_.end.final_scans.push_back(
        StartScan(static_cast<int32_t>(wals_.size()), options, open));
    const auto info = runtime_.Run([this] { return wals_.back()->Info(); });
    if (info->oldest) history_.end.mark = ToInt(info->oldest->time_tick);
    Settle();
    history_.end.quiesced = true;
    return history_;
  }

 private:
  struct PendingAppend {
    int32_t op;
    int32_t handle;
    size_t count;
    Future<BatchResult> future;
  };
  struct OpenScan {
    int32_t op;
    int32_t handle;
    std::unique_ptr<Scanner> scanner;
    std::optional<Future<absl::StatusOr<tidelog::ScanBatch>>> next;
    bool ended = false;
  };

  // Long enough for a tick, and for every scan to read on and on.
  void Settle() {
    for (int i = 0; i < 200; ++i) {
      runtime_.Advance(absl::Milliseconds(10));
      Poll();
    }
  }

  void Record(int32_t handle, int32_t op, What what) {
    history_.events.push_back(
        {absl::ToInt64Nanoseconds(runtime_.Now()), 1, handle, op, std::move(what)});
  }

  void TakeOver() {
    const int32_t op = next_op_++;
    const auto handle = static_cast<int32_t>(wals_.size() + 1);
    Record(handle, op, OpenInvoke{handle});
    auto wal = runtime_.Run([&] { return opener_->Open({"orders", tidelog::Term{handle}}); });
    CHECK_OK(wal);
    Poll();
    Record(handle, op, OpenReturn{});
    wals_.push_back(*std::move(wal));
  }

  // Every other is one that may be fenced.
  int32_t AnyHandle() {
    const bool newest = random_.Below(2) == 0;
    const uint64_t back = newest ? 0 : random_.Below(wals_.size());
    return static_cast<int32_t>(wals_.size() - back);
  }
  Wal& WalOf(int32_t handle) { return *wals_[static_cast<size_t>(handle - 1)]; }

  void Append() {
    const int32_t handle = AnyHandle();
    AppendInvoke call;
    AppendOptions options;
    if (random_.Below(4) == 0) {
      const uint64_t milliseconds = random_.Below(3);
      options.timeout = absl::Milliseconds(milliseconds);
      call.timeout = absl::ToInt64Nanoseconds(options.timeout);
    }
    std::vector<MutableMessage> messages;
    const uint64_t count = 1 + random_.Below(3);
    for (uint64_t i = 0; i < count; ++i) {
      Submission submission;
      submission.payload = {1, next_message_++, 0};
      submission.type = ToInt(MessageType::kInsert);
      call.messages.push_back(submission);
      MutableMessage::Builder builder(MessageType::kInsert);
      messages.push_back(*std::move(builder).Build(absl::StrCat(submission.payload.number)));
    }
    const int32_t op = next_op_++;
    Record(handle, op, std::move(call));
    appends_.push_back({op, handle, static_cast<size_t>(count),
                        WalOf(handle).AppendBatch(std::move(messages), options)});
  }

  void Scan() {
    ReadOptions options;
    ScanOpen open;
    open.start = static_cast<Start>(random_.Below(positions_.empty() ? 2 : 4));
    if (open.start == Start::kLatest) options.from = Latest{};
    if (open.start == Start::kFrom || open.start == Start::kAfter) {
      const tidelog::Position position = positions_[random_.Below(positions_.size())];
      open.position = PositionOf(position);
      if (open.start == Start::kFrom) options.from = From{position};
      if (open.start == Start::kAfter) options.from = After{position};
    }
    options.deliver_ticks = open.deliver_ticks = random_.Below(2) == 0;
    options.wake_on_tick = random_.Below(2) == 0;
    options.read_ahead_count_max = 1 + random_.Below(20);
    if (random_.Below(3) == 0) {
      options.until = TailAtOpen{};
      open.end = ScanOpen::End::kTailAtOpen;
    }
    (void)StartScan(AnyHandle(), options, open);
  }

  int32_t StartScan(int32_t handle, const ReadOptions& options, const ScanOpen& open) {
    const int32_t op = next_op_++;
    Record(handle, op, open);
    auto scanner = runtime_.Run([&] { return WalOf(handle).Read(options); });
    Poll();
    Record(handle, op, ScanOpened{CodeOf(scanner.status())});
    if (scanner.ok()) scans_.push_back({op, handle, *std::move(scanner), std::nullopt});
    return op;
  }

  void AskForTail() {
    const int32_t handle = AnyHandle();
    const int32_t op = next_op_++;
    Record(handle, op, InfoInvoke{});
    const auto info = runtime_.Run([&] { return WalOf(handle).Info(); });
    Poll();
    InfoReturn yield;
    yield.code = CodeOf(info.status());
    if (info.ok() && info->oldest) yield.oldest = PositionOf(*info->oldest);
    if (info.ok() && info->tail) yield.tail = PositionOf(*info->tail);
    Record(handle, op, yield);
  }

  void Truncate() {
    if (positions_.empty()) return;
    const tidelog::Position through = positions_[random_.Below(positions_.size())];
    const int32_t handle = AnyHandle();
    const int32_t op = next_op_++;
    Record(handle, op, TruncateInvoke{PositionOf(through)});
    const auto mark = runtime_.Run([&] { return WalOf(handle).Truncate(through); });
    Poll();
    TruncateReturn yield;
    yield.code = CodeOf(mark.status());
    if (mark.ok()) yield.mark = PositionOf(*mark);
    Record(handle, op, yield);
  }

  // Records what has come.
  void Poll() {
    for (auto append = appends_.begin(); append != appends_.end();) {
      const bool ready = append->future.ready();
      if (ready) Take(&*append);
      append = ready ? appends_.erase(append) : std::next(append);
    }
    for (OpenScan& scan : scans_) {
      while (!scan.ended) {
        if (!scan.next) scan.next.emplace(scan.scanner->Next(tidelog::ScanBatch()));
        if (!scan.next->ready()) break;
        Take(&scan);
      }
    }
  }

  void Take(PendingAppend* append) {
    const BatchResult result = std::move(append->future).Take();
    AppendReturn yield;
    for (const AppendResult& done : result.done) {
      yield.done.push_back({IdOf(done.id), ToInt(done.time_tick), IdOf(done.last_confirmed)});
      positions_.push_back(done.position());
    }
    yield.unknown = static_cast<int32_t>(result.unknown);
    yield.code = CodeOf(result.rest);
    Record(append->handle, append->op, std::move(yield));
  }

  void Take(OpenScan* scan) {
    const absl::StatusOr<tidelog::ScanBatch> batch = std::move(*scan->next).Take();
    scan->next.reset();
    if (!batch.ok()) {
      scan->ended = true;
      return Record(scan->handle, scan->op, ScanError{CodeOf(batch.status())});
    }
    ScanBatch told;
    for (const ImmutableMessage& message : batch->messages) {
      told.records.push_back(RecordOf(message));
    }
    told.complete_through = ToInt(batch->complete_through);
    told.complete_is_stored = batch->complete_is_stored;
    if (batch->resume) told.resume = PositionOf(*batch->resume);
    told.end = scan->ended = batch->end;
    Record(scan->handle, scan->op, std::move(told));
  }

  TestRuntime runtime_;
  RandomStream random_;
  std::unique_ptr<walimpls::OpenerBuilderImpls> backend_;
  std::unique_ptr<OpenerBuilder> builder_;
  std::unique_ptr<Opener> opener_;
  std::vector<std::unique_ptr<Wal>> wals_;  // By term.
  std::list<PendingAppend> appends_;
  std::list<OpenScan> scans_;
  std::vector<tidelog::Position> positions_;
  int32_t next_op_ = 1;
  int32_t next_message_ = 1;
  History history_;
};

// What a history must have for its verdict to mean something.
struct Met {
  int acknowledged = 0;
  int fenced = 0;
  int late_terms = 0;
  int truncated = 0;
  int gone = 0;
  void Count(const History& history) {
    for (const Event& event : history.events) {
      if (const auto* append = std::get_if<AppendReturn>(&event.what)) {
        acknowledged += static_cast<int>(append->done.size());
        fenced += append->code == Code::kChannelFenced;
      } else if (const auto* open = std::get_if<OpenInvoke>(&event.what)) {
        late_terms += open->term > 1;
      } else if (const auto* mark = std::get_if<TruncateReturn>(&event.what)) {
        truncated += mark->code == Code::kOk;
      } else if (const auto* scan = std::get_if<ScanOpened>(&event.what)) {
        gone += scan->code == Code::kPositionGone;
      }
    }
  }
};

TEST(LogTest, WhatTheLogDoesIsFlaggedByNobody) {
  Met met;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    World world(seed);
    for (int i = 0; i < 150; ++i) world.Step();
    const History history = world.Finish();
    met.Count(history);
    for (const Violation& violation : Check(history)) {
      ADD_FAILURE() << "seed " << seed << ": " << violation.Signature() << ": "
                    << violation.message;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(met.acknowledged, 1000);
  EXPECT_GT(met.fenced, 10);
  EXPECT_GT(met.late_terms, 10);
  EXPECT_GT(met.truncated, 10);
  EXPECT_GT(met.gone, 10);
}

}  // namespace
}  // namespace tidelog::sim::check
