#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "absl/time/time.h"
#include "sim/kernel/arena.h"
#include "sim/world/node.h"
#include "sim/world/node_activity.h"
#include "sim/world/words.h"
#include "wal/async/coroutine.h"
#include "wal/async/timeout.h"
#include "wal/types.h"

namespace tidelog::sim {
namespace {

constexpr int kFinalAttempts = 50;
constexpr absl::Duration kFinalPause = absl::Milliseconds(100);

check::Position WordOf(const DeliverPolicy& policy) {
  if (const auto* from = std::get_if<From>(&policy)) return PositionOf(from->position);
  if (const auto* after = std::get_if<After>(&policy)) return PositionOf(after->position);
  return {};
}

check::Start StartOf(const DeliverPolicy& policy) {
  if (std::holds_alternative<Latest>(policy)) return check::Start::kLatest;
  if (std::holds_alternative<From>(policy)) return check::Start::kFrom;
  if (std::holds_alternative<After>(policy)) return check::Start::kAfter;
  return check::Start::kEarliest;
}

// In the memory of whosever scope it is called under.
check::ScanOpen ScanOpenOf(const ReadOptions& options, uint32_t vchannel) {
  check::ScanOpen open;
  open.start = StartOf(options.from);
  open.position = WordOf(options.from);
  if (options.until) {
    const auto* until = std::get_if<Position>(&*options.until);
    open.end =
        until != nullptr ? check::ScanOpen::End::kPosition : check::ScanOpen::End::kTailAtOpen;
    if (until != nullptr) open.until = ToInt(until->time_tick);
  }
  open.vchannel = static_cast<int32_t>(vchannel);
  for (const MessageType type : options.types) open.types.push_back(ToInt(type));
  if (options.after_time_tick) open.after_tick = ToInt(*options.after_time_tick);
  open.deliver_ticks = options.deliver_ticks;
  open.gaps = options.on_corrupt == ReadOptions::OnCorrupt::kGap;
  return open;
}

}  // namespace

// Where the log has not given out a position yet, a scan begins at the earliest, and has no end.
ReadOptions Node::OptionsOf(const Operation& operation) const {
  ReadOptions options;
  const Position* position = recorder_.PositionAt(operation.position);
  if (operation.start == ScanStart::kLatest) options.from = Latest{};
  if (operation.start == ScanStart::kFrom && position != nullptr) options.from = From{*position};
  if (operation.start == ScanStart::kAfter && position != nullptr) options.from = After{*position};
  const Position* until = recorder_.PositionAt(operation.until);
  if (operation.end == ScanEnd::kTailAtOpen) options.until = TailAtOpen{};
  if (operation.end == ScanEnd::kPosition && until != nullptr) options.until = *until;
  options.vchannel = VChannelName(operation.vchannel);
  for (const int32_t type : operation.types) {
    options.types.push_back(static_cast<MessageType>(type));
  }
  if (operation.after_tick_of != 0) {
    const Position* after = recorder_.PositionAt(operation.after_tick_of - 1);
    if (after != nullptr) options.after_time_tick = after->time_tick;
  }
  options.deliver_ticks = operation.deliver_ticks;
  options.wake_on_tick = operation.wake_on_tick;
  if (operation.gaps) options.on_corrupt = ReadOptions::OnCorrupt::kGap;
  options.read_ahead_bytes_max = static_cast<size_t>(operation.read_ahead_bytes);
  options.read_ahead_count_max = static_cast<size_t>(operation.read_ahead_count);
  return options;
}

Future<int32_t> Node::ReadOn(HandlePtr handle, const Operation* operation) {
  const int32_t op = recorder_.NextOp();
  const Recorder::Who who = WhoOf(*handle, op);
  ReadOptions options = OptionsOf(*operation);
  {
    WorldScope world;
    recorder_.Add(who, ScanOpenOf(options, operation->vchannel));
  }
  absl::StatusOr<std::unique_ptr<Scanner>> opened(absl::UnknownError("not opened"));
  {
    const UnderWay under_way(&slot_, CallKind::kQuestion);
    opened = co_await handle->log->Read(std::move(options));
  }
  recorder_.Note(who, check::ScanOpened{CodeOf(opened.status())});
  if (!opened.ok()) co_return 0;
  const UnderWay under_way(&slot_, CallKind::kScan);
  auto scan = std::make_shared<Scan>();
  scan->client = operation->client;
  scan->op = op;
  scan->handle = handle;
  scan->scanner = *std::move(opened);
  scans_.push_back(scan);
  const bool ended = co_await ReadToEnd(scan, operation->pause_ns);
  co_await CloseScan(scan);
  std::erase(scans_, scan);
  co_return ended ? op : 0;
}

// True if it came to its end.
Future<bool> Node::ReadToEnd(ScanPtr scan, int64_t pause_ns) {
  const Recorder::Who who = WhoOf(*scan->handle, scan->op);
  ScanBatch reuse;
  while (true) {
    absl::StatusOr<ScanBatch> next = co_await scan->scanner->Next(std::move(reuse));
    if (!next.ok()) {
      recorder_.Note(who, check::ScanError{CodeOf(next.status())});
      co_return false;
    }
    {
      WorldScope world;
      recorder_.Add(who, BatchOf(*next));
    }
    if (next->resume) recorder_.KeepPosition(*next->resume);
    if (next->end) co_return true;
    reuse = *std::move(next);
    if (pause_ns == 0 || *host_.healed) continue;
    Future<std::optional<Unit>> race =
        AwaitWithTimeout<Unit>(stopping_.Wait(), absl::Nanoseconds(pause_ns));
    const std::optional<Unit> stopped = co_await std::move(race);
    (void)stopped;  // Next() says so.
  }
}

Future<Unit> Node::CloseScan(ScanPtr scan) {
  if (scan == nullptr) co_return Unit{};
  if (!scan->close_told) {
    scan->close_told = true;
    recorder_.Note(WhoOf(*scan->handle, scan->op), check::ScanClose{});
  }
  const UnderWay under_way(&slot_, CallKind::kQuestion);
  const absl::Status closed = co_await scan->scanner->Close();
  closed.IgnoreError();
  co_return Unit{};
}

void Node::BeginFinalWrite(Finale* finale) {
  final_append_.client = examiner();
  final_append_.bytes = 16;
  final_append_.wait_when_full = true;
  const Future<Unit> dropped = FinalWrite(finale);
}

Future<Unit> Node::FinalWrite(Finale* finale) {
  const Activity activity(&slot_);
  co_await EnterExecutor(executor_.get());
  for (int i = 0; i < kFinalAttempts && !finale->wrote; ++i) {
    HandlePtr handle = co_await Open(examiner(), 0);
    if (handle != nullptr) {
      const absl::Status appended = co_await AppendOn(handle, &final_append_);
      finale->wrote = appended.ok();
    }
    if (!finale->wrote) co_await SleepFor(kFinalPause);
  }
  finale->done = true;
  co_return Unit{};
}

void Node::BeginFinalRead(bool as_writer, Finale* finale) {
  final_scan_.client = examiner();
  final_scan_.kind = OperationKind::kScan;
  final_scan_.end = ScanEnd::kTailAtOpen;
  final_scan_.deliver_ticks = true;
  const Future<Unit> dropped = FinalRead(as_writer, finale);
}

Future<Unit> Node::FinalRead(bool as_writer, Finale* finale) {
  const Activity activity(&slot_);
  co_await EnterExecutor(executor_.get());
  HandlePtr handle;
  if (as_writer) {
    handle = FindHandle(examiner(), 0, true);
  } else {
    for (int i = 0; i < kFinalAttempts && handle == nullptr; ++i) {
      handle = co_await OpenReadOnly(examiner());
      if (handle == nullptr) co_await SleepFor(kFinalPause);
    }
  }
  if (handle != nullptr) {
    finale->scan = co_await ReadOn(handle, &final_scan_);
    co_await InfoOn(handle, &finale->mark);
  }
  finale->done = true;
  co_return Unit{};
}

}  // namespace tidelog::sim
