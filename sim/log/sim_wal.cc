#include "sim/log/sim_wal.h"

#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "sim/log/stored_message.h"
#include "wal/async/timeout.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "walimpls/helper/group_check.h"

namespace tidelog::sim {

using walimpls::CloseMode;
using walimpls::Group;
using walimpls::Ids;
using walimpls::LogState;

Future<absl::Status> SimRoWal::Close(CloseMode) {
  Future<Unit> left = lifetime_.Close();
  reader_.Close();
  co_await std::move(left);
  co_return absl::OkStatus();
}

SimWal::SimWal(const ReaderContext& context, ClaimedChannel claimed,
               walimpls::OpenerLifetime::Pass pass)
    : pass_(std::move(pass)),
      lifetime_(context.channel),
      reader_(context, &lifetime_),
      claimed_(std::move(claimed)),
      queue_(claimed_.writer.get(), context.origin, context.service->options().breaks, &lifetime_,
             [this](const absl::Status& why) { NoteFence(why); }) {
  const LogWriter& writer = *claimed_.writer;
  if (writer.boundary()) {
    boundary_ = MessageId::FromNumber(context.origin, writer.boundary()->number);
  }
  if (writer.newest_time_tick()) {
    newest_time_tick_ = MessageOf(*writer.newest_time_tick(), context.origin);
  }
}

void SimWal::NoteFence(const absl::Status& status) {
  const WalErrorCode code = GetWalErrorCode(status);
  const bool is_lost = code == WalErrorCode::kChannelFenced || code == WalErrorCode::kCorrupt;
  if (!is_lost || unavailability_.declared()) return;
  unavailability_.Declare(status);
  queue_.EndAll(status);
  claimed_.connection->Close();
}

absl::Status SimWal::Ended(absl::Status status) const {
  if (GetWalErrorCode(status) != WalErrorCode::kOnShutdown) return status;
  return unavailability_.declared() ? unavailability_.reason() : status;
}

Future<absl::StatusOr<Ids>> SimWal::Append(Group group) {
  if (lifetime_.closing()) {
    return MakeReadyFuture(absl::StatusOr<Ids>(lifetime_.ClosedError("append to")));
  }
  walimpls::CheckGroup(kSimLogTraits, group);
  return queue_.Append(std::move(group));
}

Future<absl::StatusOr<LogState>> SimWal::Info() {
  const std::optional<Gate::Pass> pass = lifetime_.TryEnter();
  if (!pass) co_return lifetime_.ClosedError("ask about");
  if (unavailability_.declared()) co_return unavailability_.reason();
  absl::StatusOr<LogState> state = co_await reader_.Info();
  TIDELOG_CO_RETURN_IF_ERROR(Ended(state.status()));
  const absl::Status owned = co_await claimed_.writer->LookAtFence();
  NoteFence(owned);
  TIDELOG_CO_RETURN_IF_ERROR(Ended(owned));
  state->newest_term = channel().term;
  if (state->holder == LogInfo::Holder::kNone) state->holder = LogInfo::Holder::kLive;
  co_return state;
}

Future<absl::Status> SimWal::Truncate(Position mark) {
  const std::optional<Gate::Pass> pass = lifetime_.TryEnter();
  if (!pass) co_return lifetime_.ClosedError("truncate");
  if (unavailability_.declared()) co_return unavailability_.reason();
  const absl::StatusOr<uint64_t> number =
      NumberOf(reader_.context(), mark.last_confirmed, "truncate to");
  CHECK_OK(number);
  const absl::Status truncated = co_await claimed_.writer->Truncate(*number, mark);
  NoteFence(truncated);
  co_return Ended(truncated);
}

void SimWal::OnTick() {
  if (ticking_ || lifetime_.closing() || unavailability_.declared()) return;
  ticking_ = true;
  const Future<Unit> looked = LookAtFenceOnTick();  // Counted by lifetime_.
}

Future<Unit> SimWal::LookAtFenceOnTick() {
  const std::optional<Gate::Pass> pass = lifetime_.TryEnter();
  CHECK(pass.has_value());
  const absl::Status owned = co_await claimed_.writer->LookAtFence();
  ticking_ = false;
  NoteFence(owned);
  co_return Unit{};
}

Future<absl::Status> SimWal::Close(CloseMode mode) {
  if (closed_) return MakeReadyFuture(*closed_);
  if (!lifetime_.closing()) return CloseOnce(mode);
  Promise<absl::Status> promise("close of a simulated log");
  Future<absl::Status> closed = promise.future();
  closers_.push_back(std::move(promise));
  return closed;
}

Future<absl::Status> SimWal::CloseOnce(CloseMode mode) {
  const bool may_leave_mark = mode == CloseMode::kClean && !unavailability_.declared();
  std::optional<Gate::Pass> pass = lifetime_.TryEnter();
  CHECK(pass.has_value());
  Future<Unit> left = lifetime_.Close();
  const absl::Status why = lifetime_.ClosedError("use");
  const bool is_unsettled = queue_.EndAll(why);
  reader_.Close();
  absl::Status closed;
  if (may_leave_mark && !is_unsettled) {
    Gate::Pass handed = *std::exchange(pass, std::nullopt);
    closed = co_await LeaveCloseMark(std::move(handed));
  }
  unavailability_.Declare(why);
  claimed_.connection->Close();
  pass.reset();
  co_await std::move(left);
  // Once the others are told, or this is done, this may be gone.
  closed_ = closed;
  std::vector<Promise<absl::Status>> closers = std::exchange(closers_, {});
  for (Promise<absl::Status>& closer : closers) closer.Set(closed);
  co_return closed;
}

Future<absl::Status> SimWal::TryToLeaveCloseMark(Gate::Pass pass) {
  const absl::Status left = co_await claimed_.writer->LeaveCloseMark();
  co_return left;
}

Future<absl::Status> SimWal::LeaveCloseMark(Gate::Pass pass) {
  // Goes on with the pass until the connection is closed, if it takes too long.
  Future<absl::Status> leaving = TryToLeaveCloseMark(std::move(pass));
  Future<std::optional<absl::Status>> race =
      AwaitWithTimeout<absl::Status>(std::move(leaving), kCloseMarkMax);
  const std::optional<absl::Status> left = co_await std::move(race);
  if (left && left->ok()) co_return absl::OkStatus();
  // A look that was in flight has found it meanwhile: there is no mark to leave.
  const WalErrorCode lost = GetWalErrorCode(unavailability_.reason());
  if (lost == WalErrorCode::kChannelFenced) co_return absl::OkStatus();
  co_return WalError(WalErrorCode::kInner,
                     absl::StrCat("close ", lifetime_.name(), ": the service did not take the ",
                                  "mark of a clean close in time; open a higher term"));
}

}  // namespace tidelog::sim
