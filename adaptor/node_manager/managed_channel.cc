#include "adaptor/node_manager/managed_channel.h"

#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::adaptor {

Future<absl::Status> ManagedChannel::Assign(Term term, std::shared_ptr<Opener> opener) {
  const ChannelState state{term, true};
  if (!(wanted_ < state)) return AnswerOld(state);
  opener_ = std::move(opener);
  Overtake(state, WalError(WalErrorCode::kUnmatchedTerm,
                           absl::StrCat("assign ", name_, ": an assignment of term ", ToInt(term),
                                        " has overtaken it")));
  return GoAndWait(state);
}

Future<absl::Status> ManagedChannel::Remove(Term term) {
  const ChannelState state{term, false};
  if (!(wanted_ < state)) return AnswerOld(state);
  Overtake(state, WalError(WalErrorCode::kUnmatchedTerm,
                           absl::StrCat("assign ", name_, ": a removal of term ", ToInt(term),
                                        " has overtaken it")));
  return GoAndWait(state);
}

Future<absl::Status> ManagedChannel::AnswerOld(const ChannelState& state) {
  const std::string what =
      absl::StrCat(state.available ? "assign " : "remove ", ToString(At(state.term)));
  if (state == wanted_ && !(state == reached_)) return GoAndWait(state);
  if (state == wanted_) {
    return MakeReadyFuture(
        WalError(WalErrorCode::kIgnoredOperation, absl::StrCat(what, ": it was done before")));
  }
  if (state.term < wanted_.term) {
    return MakeReadyFuture(
        WalError(WalErrorCode::kUnmatchedTerm,
                 absl::StrCat(what, ": term ", ToInt(wanted_.term), " was asked for before")));
  }
  // The term is the wanted one's, which is gone.
  if (why_not_.ok()) {
    return MakeReadyFuture(
        WalError(WalErrorCode::kUnmatchedTerm, absl::StrCat(what, ": the term was removed")));
  }
  return MakeReadyFuture(
      WalErrorFrom(WalErrorCode::kUnmatchedTerm,
                   absl::StrCat(what, ": the term has failed and is not opened again"), why_not_));
}

Future<absl::Status> ManagedChannel::GoAndWait(const ChannelState& state) {
  Promise<absl::Status> reply("a change of a channel");
  Future<absl::Status> future = reply.future();
  requests_.push_back({state, std::move(reply)});
  if (!working_) Work();
  return future;
}

void ManagedChannel::Overtake(const ChannelState& state, const absl::Status& overtaken) {
  wanted_ = state;
  // Removals that are overtaken are carried out on the way, and answered then.
  for (auto request = requests_.begin(); request != requests_.end();) {
    if (!request->state.available) {
      ++request;
      continue;
    }
    request->reply.Set(overtaken);
    request = requests_.erase(request);
  }
}

void ManagedChannel::Shut(const absl::Status& reason) {
  if (!wanted_.available) return;
  Overtake({wanted_.term, false}, reason);
  if (!working_) Work();
}

Detached ManagedChannel::Work() {
  Entries::Entry entry(&entries_);
  working_ = true;
  closed_ = absl::OkStatus();
  while (reached_ < wanted_) {
    if (log_ != nullptr) {
      closed_ = co_await CloseLog();
      Reach({reached_.term, false});
      continue;
    }
    if (!wanted_.available) {
      why_not_ = absl::OkStatus();
      Reach(wanted_);
      continue;
    }
    const ChannelState target = wanted_;
    why_not_ = co_await OpenLogAt(target.term);
    if (why_not_.ok()) {
      Reach(target);
      continue;
    }
    // Not tried again, whoever asks: the coordinator decides, and gives a new term (H1).
    if (wanted_ == target) wanted_.available = false;
    Reach({target.term, false});
  }
  working_ = false;
}

Future<absl::Status> ManagedChannel::CloseLog() {
  const std::shared_ptr<OpenLog> log = log_;
  // Bounded (H2): what hangs has gone into quarantine, and must not keep the next term away.
  absl::Status closed = co_await log->wal->Close();
  log_.reset();
  --metrics_.open_logs;
  if (!closed.ok()) ++metrics_.hung_closes;
  co_return closed;
}

Future<absl::Status> ManagedChannel::OpenLogAt(Term term) {
  std::shared_ptr<Opener> opener = opener_;
  absl::StatusOr<std::unique_ptr<Wal>> opened = co_await opener->Open(At(term));
  ++metrics_.opens;
  if (!opened.ok()) {
    ++metrics_.failed_opens;
    co_return opened.status();
  }
  ++metrics_.open_logs;
  log_ = std::make_shared<OpenLog>(std::move(opener), *std::move(opened));
  Watch(log_);
  co_return absl::OkStatus();
}

void ManagedChannel::Reach(const ChannelState& state) {
  CHECK(reached_ < state) << name_ << ": a state is not newer than the one before (H1)";
  reached_ = state;
  for (auto request = requests_.begin(); request != requests_.end();) {
    if (reached_ < request->state) {
      ++request;
      continue;
    }
    request->reply.Set(request->state.available ? why_not_ : closed_);
    request = requests_.erase(request);
  }
}

Detached ManagedChannel::Watch(std::shared_ptr<OpenLog> log) {
  Entries::Entry entry(&entries_);
  absl::Status reason = co_await log->wal->WhenUnavailable();
  // Else it is being closed, which is why.
  if (log_ != log || !(wanted_ == reached_)) co_return;
  ++metrics_.lost_logs;
  why_not_ = std::move(reason);
  wanted_.available = false;
  Work();
}

absl::StatusOr<std::unique_ptr<Wal>> ManagedChannel::Get(Term term) const {
  const std::string what = absl::StrCat("get ", ToString(At(term)));
  if (term != wanted_.term) {
    return WalError(WalErrorCode::kUnmatchedTerm,
                    absl::StrCat(what, ": term ", ToInt(wanted_.term), " was asked for here"));
  }
  if (wanted_ == reached_ && reached_.available) return std::make_unique<SharedWal>(log_);
  if (wanted_.available) {
    return WalError(WalErrorCode::kChannelNotExist, absl::StrCat(what, ": it is being opened"));
  }
  if (why_not_.ok()) {
    return WalError(WalErrorCode::kChannelNotExist, absl::StrCat(what, ": it was removed"));
  }
  const WalErrorCode code = GetWalErrorCode(why_not_);
  const bool lost = code == WalErrorCode::kChannelFenced || code == WalErrorCode::kInner;
  return WalErrorFrom(lost ? code : WalErrorCode::kChannelNotExist,
                      absl::StrCat(what, ": it is not open"), why_not_);
}

}  // namespace tidelog::adaptor
