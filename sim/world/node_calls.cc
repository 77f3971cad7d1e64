#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "sim/kernel/arena.h"
#include "sim/world/node.h"
#include "sim/world/node_activity.h"
#include "sim/world/words.h"

namespace tidelog::sim {
namespace {

constexpr size_t kTooLargeToTry = size_t{128} << 10;

// What a call says when it is done, in the world's memory.
check::AppendReturn YieldOf(const BatchResult& result) {
  check::AppendReturn yield;
  for (const AppendResult& done : result.done) yield.done.push_back(AcknowledgementOf(done));
  yield.unknown = static_cast<int32_t>(result.unknown);
  yield.code = CodeOf(result.rest);
  return yield;
}

// 0: the log does not tell it.
int64_t NumberOf(const LogInfo& info, std::string_view detail) {
  int64_t number = 0;
  const auto found = info.details.find(detail);
  if (found != info.details.end()) CHECK(absl::SimpleAtoi(found->second, &number));
  return number;
}

}  // namespace

// A client that may opens the log itself when it has no handle that is good.
Future<Unit> Node::Append(const Operation* operation) {
  const int64_t reopen_after = host_.plan->config.clients[operation->client].reopen_after_ns;
  HandlePtr handle = FindHandle(operation->client, operation->handle, true);
  const bool is_good = handle != nullptr && !handle->lost && !handle->closing;
  const absl::Duration waited = host_.kernel->Now() - host_.clients[operation->client].last_open;
  if (!is_good && operation->handle == 0 && reopen_after != 0 &&
      waited >= absl::Nanoseconds(reopen_after)) {
    HandlePtr opened = co_await Open(operation->client, 0);
    if (opened != nullptr) handle = std::move(opened);
  }
  if (handle == nullptr) co_return Unit{};
  if (operation->kind != OperationKind::kAppend && operation->kind != OperationKind::kKeyedAppend) {
    co_await AppendTxnOn(handle, operation);
    co_return Unit{};
  }
  const absl::Status appended = co_await AppendOn(handle, operation);
  appended.IgnoreError();  // The history has it.
  co_return Unit{};
}

Future<absl::Status> Node::AppendOn(HandlePtr handle, const Operation* operation) {
  const UnderWay under_way(&slot_, CallKind::kAppend);
  const size_t most = handle->writer->limits().message_bytes_max;
  Misuse misuse = operation->misuse;
  if (misuse == Misuse::kTooLarge && most > kTooLargeToTry) misuse = Misuse::kNone;
  const auto client = static_cast<int32_t>(operation->client) + 1;
  std::vector<MutableMessage> messages;
  Operation of_one = *operation;
  for (uint32_t i = 0; i < std::max(operation->count, 1u); ++i) {
    if (operation->key != 0) of_one.key = operation->key + i;
    const Misuse of_this = i == 0 ? misuse : Misuse::kNone;
    const size_t size_min = of_this == Misuse::kTooLarge ? most : 0;
    const int32_t number = ++host_.clients[operation->client].last_number;
    absl::StatusOr<MutableMessage> message =
        MakeMessage(of_one, client, number, size_min, of_this == Misuse::kFarBarrier);
    CHECK_OK(message.status());
    messages.push_back(*std::move(message));
  }
  const Recorder::Who who = TellOfAppend(*handle, *operation, messages, misuse != Misuse::kNone);
  BatchResult result;
  if (messages.size() == 1) {
    absl::StatusOr<AppendResult> one =
        co_await handle->writer->Append(std::move(messages[0]), AppendOptionsOf(*operation));
    result = AsBatch(std::move(one));
  } else {
    result = co_await handle->writer->AppendBatch(std::move(messages), AppendOptionsOf(*operation));
  }
  TellOfAppended(who, result);
  co_return result.rest;
}

Recorder::Who Node::TellOfAppend(const Handle& handle, const Operation& operation,
                                 const std::vector<MutableMessage>& messages, bool is_refusable) {
  const size_t most = handle.writer->limits().message_bytes_max;
  const Recorder::Who who = WhoOf(handle, recorder_.NextOp());
  {
    WorldScope world;
    check::AppendInvoke invoke;
    bool fits = true;
    for (const MutableMessage& message : messages) {
      invoke.messages.push_back(SubmissionOf(message));
      fits = fits && message.encoded_size() <= most;
    }
    if (operation.timeout_ns != 0) invoke.timeout = operation.timeout_ns;
    invoke.refusable = is_refusable || !fits;
    recorder_.Add(who, std::move(invoke));
  }
  Tell(Site::kAppendCall);
  return who;
}

void Node::TellOfAppended(const Recorder::Who& who, const BatchResult& result) {
  for (const AppendResult& done : result.done) recorder_.KeepPosition(done.position());
  if (!result.done.empty()) recorder_.has_appended = true;
  WorldScope world;
  recorder_.Add(who, YieldOf(result));
}

Future<Unit> Node::TruncateOn(HandlePtr handle, const Operation* operation) {
  const Position* kept = recorder_.PositionAt(operation->position);
  if (handle->writer == nullptr || kept == nullptr) co_return Unit{};
  const UnderWay under_way(&slot_, CallKind::kTruncate);
  const Position through = *kept;
  const Recorder::Who who = WhoOf(*handle, recorder_.NextOp());
  recorder_.Note(who, check::TruncateInvoke{PositionOf(through)});
  Tell(Site::kTruncateCall);
  const absl::StatusOr<Position> mark = co_await handle->writer->Truncate(through);
  check::TruncateReturn yield;
  yield.code = CodeOf(mark.status());
  if (mark.ok()) yield.mark = PositionOf(*mark);
  recorder_.Note(who, yield);
  co_return Unit{};
}

// `mark`, in the memory of the world, is set if it is not null and the call is OK.
Future<Unit> Node::InfoOn(HandlePtr handle, check::Tick* mark) {
  const UnderWay under_way(&slot_, CallKind::kQuestion);
  const Recorder::Who who = WhoOf(*handle, recorder_.NextOp());
  recorder_.Note(who, check::InfoInvoke{});
  const absl::StatusOr<LogInfo> info = co_await handle->log->Info();
  check::InfoReturn yield;
  yield.code = CodeOf(info.status());
  if (info.ok()) {
    yield.oldest = PositionOf(info->oldest);
    yield.tail = PositionOf(info->tail);
    yield.newest_tick = ToInt(info->newest_tick);
    yield.newest_term = ToInt(info->newest_term);
    yield.buffer_batches = NumberOf(*info, "buffer.batches");
    yield.buffer_entered = NumberOf(*info, "buffer.entered");
    yield.buffer_left_behind = NumberOf(*info, "buffer.left_behind");
    if (mark != nullptr && yield.oldest) *mark = yield.oldest->tick;
    if (info->oldest) recorder_.KeepPosition(*info->oldest);
    if (info->tail) recorder_.KeepPosition(*info->tail);
  }
  recorder_.Note(who, yield);
  co_return Unit{};
}

Future<Unit> Node::MvccOn(HandlePtr handle, const Operation* operation) {
  if (handle->writer == nullptr) co_return Unit{};
  const UnderWay under_way(&slot_, CallKind::kQuestion);
  const Recorder::Who who = WhoOf(*handle, recorder_.NextOp());
  recorder_.Note(who, check::MvccInvoke{static_cast<int32_t>(operation->vchannel)});
  const absl::StatusOr<Mvcc> mvcc =
      co_await handle->writer->LatestMvcc(VChannelName(operation->vchannel));
  check::MvccReturn yield;
  yield.code = CodeOf(mvcc.status());
  if (mvcc.ok()) {
    yield.tick = ToInt(mvcc->time_tick);
    yield.confirmed = mvcc->confirmed;
  }
  recorder_.Note(who, yield);
  co_return Unit{};
}

}  // namespace tidelog::sim
