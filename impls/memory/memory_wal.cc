#include "impls/memory/memory_wal.h"

#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/async/coroutine.h"
#include "wal/status.h"
#include "walimpls/helper/group_check.h"

namespace tidelog::impls::memory {

using walimpls::CloseMode;
using walimpls::Group;
using walimpls::Ids;
using walimpls::LogState;
using walimpls::ScannerImpls;
using walimpls::ScanOptions;

Future<absl::StatusOr<LogState>> MemoryRoWal::Info() { return MakeReadyFuture(reader_.Info()); }

Future<absl::StatusOr<std::unique_ptr<ScannerImpls>>> MemoryRoWal::Read(ScanOptions options) {
  return MakeReadyFuture(reader_.Read(options));
}

Future<absl::Status> MemoryRoWal::Close(CloseMode) {
  co_await lifetime_.Close();
  co_return absl::OkStatus();
}

MemoryWal::MemoryWal(PChannel channel, uint32_t epoch, std::shared_ptr<StoredLog> log,
                     StoredLog::Owner owner, walimpls::OpenerLifetime::Pass pass)
    : pass_(std::move(pass)),
      channel_(std::move(channel)),
      lifetime_(channel_),
      reader_(std::move(log), epoch, &lifetime_),
      owner_(owner) {
  const StoredLog::State state = reader_.log().state();
  if (state.next > 1) boundary_ = reader_.IdOf(state.next - 1);
  if (state.newest_time_tick.has_value()) {
    newest_time_tick_ = state.newest_time_tick.WithId(reader_.IdOf(state.newest_time_tick_number));
  }
}

Future<absl::StatusOr<LogState>> MemoryWal::Info() {
  absl::StatusOr<LogState> state = reader_.Info();
  if (state.ok()) {
    const absl::Status owned = LookAtFence("ask about");
    if (!owned.ok()) state = owned;
  }
  return MakeReadyFuture(std::move(state));
}

Future<absl::StatusOr<std::unique_ptr<ScannerImpls>>> MemoryWal::Read(ScanOptions options) {
  return MakeReadyFuture(reader_.Read(options));
}

Future<absl::StatusOr<Ids>> MemoryWal::Append(Group group) {
  if (lifetime_.closing()) {
    return MakeReadyFuture(absl::StatusOr<Ids>(lifetime_.ClosedError("append to")));
  }
  walimpls::CheckGroup(kTraits, group);
  Promise<absl::StatusOr<Ids>> promise("append to a memory log");
  Future<absl::StatusOr<Ids>> ids = promise.future();
  pending_.push_back(PendingAppend{std::move(group), std::move(promise)});
  if (!storing_) {
    storing_ = true;
    const Future<Unit> stored = StorePending();  // Counted by the gate of lifetime_.
  }
  return ids;
}

Future<Unit> MemoryWal::StorePending() {
  const std::optional<Gate::Pass> pass = lifetime_.TryEnter();
  CHECK(pass.has_value());
  co_await Yield();
  storing_ = false;
  std::vector<PendingAppend> storing = std::exchange(pending_, {});
  for (PendingAppend& append : storing) {
    absl::StatusOr<Ids> ids = Store(&append.group);
    append.group.clear();  // The caller may be the only one left who refers to the messages.
    append.promise.Set(std::move(ids));
  }
  co_return Unit{};
}

absl::StatusOr<Ids> MemoryWal::Store(Group* group) {
  if (unavailability_.declared()) return unavailability_.reason();
  if (!accepting_) {
    return WalError(WalErrorCode::kUnavailable,
                    absl::StrCat("append to ", lifetime_.name(), ": one before it was not done"));
  }
  const absl::StatusOr<uint64_t> first = reader_.log().Append(owner_, group);
  if (!first.ok()) {
    accepting_ = false;
    NoteFence(first.status());
    return first.status();
  }
  Ids ids;
  for (size_t i = 0; i < group->size(); ++i) ids.push_back(reader_.IdOf(*first + i));
  return ids;
}

void MemoryWal::AcceptAgain() {
  CHECK(pending_.empty()) << "AcceptAgain() on " << lifetime_.name() << " with appends outstanding";
  accepting_ = true;
}

Future<absl::Status> MemoryWal::Truncate(Position mark) {
  if (lifetime_.closing()) return MakeReadyFuture(lifetime_.ClosedError("truncate"));
  const absl::StatusOr<uint64_t> number = reader_.NumberOf(mark.last_confirmed, "truncate to");
  CHECK_OK(number);
  absl::Status truncated = reader_.log().Truncate(owner_, *number, mark);
  NoteFence(truncated);
  return MakeReadyFuture(std::move(truncated));
}

void MemoryWal::OnTick() { LookAtFence("tick").IgnoreError(); }

absl::Status MemoryWal::LookAtFence(std::string_view what) {
  absl::Status owned = reader_.log().CheckOwner(owner_, what);
  NoteFence(owned);
  return owned;
}

void MemoryWal::NoteFence(const absl::Status& status) {
  if (GetWalErrorCode(status) == WalErrorCode::kChannelFenced) unavailability_.Declare(status);
}

Future<absl::Status> MemoryWal::Close(CloseMode mode) {
  if (!lifetime_.closing()) {
    const absl::Status closed = lifetime_.ClosedError("use");
    unavailability_.Declare(closed);
    std::vector<PendingAppend> refused = std::exchange(pending_, {});
    for (PendingAppend& append : refused) {
      append.group.clear();
      append.promise.Set(closed);
    }
    reader_.log().Release(owner_, mode == CloseMode::kClean);
  }
  co_await lifetime_.Close();
  co_return absl::OkStatus();  // This may be gone.
}

}  // namespace tidelog::impls::memory
