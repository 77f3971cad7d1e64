#include "tools/walctl/txn.h"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "tools/walctl/input.h"
#include "tools/walctl/interrupt.h"
#include "tools/walctl/print.h"
#include "tools/walctl/txn_script.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/status.h"
#include "wal/wal.h"

namespace tidelog::walctl {
namespace {

constexpr absl::Duration kLeaseMax = absl::Hours(24);  // As of the log's own, wal.txn_lease.

// Room in a record for what surrounds the payload.
constexpr size_t kRecordOverhead = 512;

// Names for people: the first few, and how many more there are.
std::string Listed(const std::vector<std::string>& names) {
  constexpr size_t kShown = 10;
  std::string text;
  for (size_t i = 0; i < names.size() && i < kShown; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", names[i]);
  }
  if (names.size() > kShown) absl::StrAppend(&text, " and ", names.size() - kShown, " more");
  return text;
}

// The transactions of one script, by their names, and what became of them.
class ScriptRunner {
 public:
  ScriptRunner(Wal* wal, const LogFlags& log_flags, const TxnFlags& flags, absl::Duration lease)
      : wal_(wal), json_(log_flags.json), vchannel_(flags.vchannel), lease_(lease) {}

  // Takes one step and prints it.  `where` is its line.
  absl::Status Do(const TxnStep& step, const std::string& where) {
    absl::StatusOr<Txn*> txn = TxnOf(step, where);
    if (!txn.ok()) return WalErrorFrom(GetWalErrorCode(txn.status()), where, txn.status());
    const absl::StatusOr<AppendResult> result = Store(step, *txn);
    if (!result.ok()) return Failed(step, where, *txn, result.status());
    ++stored_;
    Note(step, where, *txn, *result);
    return Print(step, *result);
  }

  // Of what is open, in the order of the names.
  std::vector<std::string> OpenNames() const {
    std::vector<std::string> names;
    for (const auto& [name, txn] : txns_) {
      if (txn.ended.empty()) names.push_back(name);
    }
    return names;
  }

  // Rolls back what is open, as far as that can be done, and says what became of it.
  std::string RollBackOpen() {
    std::vector<std::string> rolled_back;
    std::vector<std::string> expired;
    std::vector<std::string> left;
    for (const std::string& name : OpenNames()) {
      const TxnStep step{TxnStep::Kind::kRollback, name, ""};
      const absl::Status status = Store(step, &txns_[name]).status();
      const bool has_expired = GetWalErrorCode(status) == WalErrorCode::kTransactionExpired;
      (status.ok() ? rolled_back : has_expired ? expired : left).push_back(name);
    }
    std::string text;
    if (!rolled_back.empty()) absl::StrAppend(&text, "; rolled back: ", Listed(rolled_back));
    if (!expired.empty()) absl::StrAppend(&text, "; ended by its lease: ", Listed(expired));
    if (!left.empty()) absl::StrAppend(&text, "; left to its lease: ", Listed(left));
    return text;
  }

  uint64_t stored() const { return stored_; }
  std::string Counts() const {
    return absl::StrCat(stored_, " steps are stored; ", unknown_, " more may be");
  }

 private:
  struct Txn {
    TxnContext context;
    uint32_t bodies = 0;
    std::string begun;  // The line.
    std::string ended;  // How and where.  Empty: it is open.
  };

  // The transaction that the step is about; null of an append outside of all.
  absl::StatusOr<Txn*> TxnOf(const TxnStep& step, const std::string& where) {
    if (step.name.empty()) return nullptr;
    const auto found = txns_.find(step.name);
    const bool open = found != txns_.end() && found->second.ended.empty();
    if (step.kind == TxnStep::Kind::kBegin) {
      if (open) {
        return WalError(
            WalErrorCode::kInvalidArgument,
            absl::StrCat("begin ", step.name, ": it is open since ", found->second.begun,
                         "; commit it, roll it back or take another name"));
      }
      Txn fresh;
      fresh.begun = where;
      fresh.ended = "not begun";  // Until it is stored.
      return &(txns_[step.name] = std::move(fresh));
    }
    if (open) return &found->second;
    const std::string why = found == txns_.end()
                                ? "it was not begun"
                                : absl::StrCat("it was ", found->second.ended, " before");
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat(TxnStepWord(step.kind), " ", step.name, ": ", why, "; `begin ",
                                 step.name, "` comes first"));
  }

  absl::StatusOr<AppendResult> Store(const TxnStep& step, Txn* txn) {
    static constexpr MessageType kTypes[] = {MessageType::kBeginTxn, MessageType::kInsert,
                                             MessageType::kCommitTxn, MessageType::kRollbackTxn};
    MutableMessage::Builder builder(kTypes[static_cast<int>(step.kind)]);
    if (!vchannel_.empty()) builder.VChannel(vchannel_);
    if (step.kind == TxnStep::Kind::kBegin) {
      builder.Txn({.keepalive = lease_});
    } else if (txn != nullptr) {
      builder.Txn(txn->context);
    }
    if (step.kind == TxnStep::Kind::kCommit) builder.TxnBodies(txn->bodies);
    absl::StatusOr<MutableMessage> message = std::move(builder).Build(step.payload);
    if (!message.ok()) return message.status();
    AppendOptions options;
    options.wait_when_full = true;
    return Blocking(wal_->executor(), [&] { return wal_->Append(*std::move(message), options); });
  }

  static void Note(const TxnStep& step, const std::string& where, Txn* txn,
                   const AppendResult& result) {
    if (txn == nullptr) return;
    switch (step.kind) {
      case TxnStep::Kind::kBegin:
        txn->context = result.txn;
        txn->ended.clear();
        break;
      case TxnStep::Kind::kAppend:
        ++txn->bodies;
        break;
      case TxnStep::Kind::kCommit:
        txn->ended = absl::StrCat("committed in ", where);
        break;
      case TxnStep::Kind::kRollback:
        txn->ended = absl::StrCat("rolled back in ", where);
        break;
    }
  }

  absl::Status Failed(const TxnStep& step, const std::string& where, Txn* txn,
                      const absl::Status& status) {
    if (EffectOf(status) == Effect::kUnknown) ++unknown_;
    const WalErrorCode code = GetWalErrorCode(status);
    std::string way_out;
    if (code == WalErrorCode::kTransactionExpired) {
      txn->ended = "ended";
      way_out = "; do it again from its begin, with a longer --lease";
    } else if (EffectOf(status) == Effect::kUnknown && step.kind == TxnStep::Kind::kCommit) {
      txn->ended = "committed, or not,";
      way_out = "; `walctl cat` tells whether it is";
    }
    return WalError(
        code, absl::StrCat(where, ": ", TxnStepWord(step.kind), " ",
                           step.name.empty() ? "-" : step.name, ": ", status.message(), way_out));
  }

  // Ids, positions and names have no character that JSON would escape.
  absl::Status Print(const TxnStep& step, const AppendResult& result) const {
    const std::string_view word = TxnStepWord(step.kind);
    if (json_) {
      const std::string txn = step.name.empty() ? "" : absl::StrCat(",\"txn\":\"", step.name, "\"");
      absl::PrintF("{\"step\":\"%s\"%s,\"id\":\"%s\",\"time_tick\":%d,\"term\":%d,", word, txn,
                   result.id.ToString(), ToInt(result.time_tick), ToInt(wal_->channel().term));
      absl::PrintF("\"position\":\"%s\"}\n", result.position().ToString());
    } else {
      absl::PrintF("%s %s %s %d %s\n", word, step.name.empty() ? "-" : step.name,
                   result.id.ToString(), ToInt(result.time_tick), result.position().ToString());
    }
    // Whoever feeds the script may wait for this line before he goes on.
    if (std::fflush(stdout) == 0) return absl::OkStatus();
    return WalError(WalErrorCode::kInner, "cannot write to standard output");
  }

  Wal* const wal_;
  const bool json_;
  const std::string vchannel_;
  const absl::Duration lease_;
  absl::btree_map<std::string, Txn> txns_;
  uint64_t stored_ = 0;
  uint64_t unknown_ = 0;
};

absl::Status RunScript(Input* input, const std::atomic<bool>& interrupted, ScriptRunner* runner) {
  bool empty = true;
  while (!interrupted) {
    const absl::StatusOr<std::optional<MessageParts>> line = input->Next(interrupted);
    if (!line.ok()) return line.status();
    if (!line->has_value()) break;
    const absl::StatusOr<std::optional<TxnStep>> step = ParseTxnStep((*line)->payload);
    if (!step.ok()) {
      return WalErrorFrom(GetWalErrorCode(step.status()), input->Where(), step.status());
    }
    if (!step->has_value()) continue;
    empty = false;
    const absl::Status done = runner->Do(**step, input->Where());
    if (!done.ok()) return done;
  }
  if (!empty || interrupted) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidArgument,
                  "the script holds no step; give lines like `begin a`, `append a PAYLOAD`, "
                  "`commit a`");
}

// What ended the script, what is stored, and what became of what was open.
ExitCode Conclude(const TxnFlags& flags, const absl::Status& status, bool interrupted,
                  ScriptRunner* runner) {
  const std::vector<std::string> open = runner->OpenNames();
  const std::string counts = runner->Counts();  // Of the script's own steps.
  std::string ends;
  if (!open.empty() && flags.leave_open) {
    ends = absl::StrCat("; left open for a lease of ", flags.lease, ": ", Listed(open));
  } else if (!open.empty()) {
    ends = runner->RollBackOpen();
  }
  if (!status.ok()) return Complain(status, counts + ends);
  if (!ends.empty()) {
    absl::FPrintF(
        stderr, "walctl: %s with open transactions%s%s (%s)\n",
        interrupted ? "interrupted" : "the script ends", ends,
        interrupted || flags.leave_open ? "" : "; end each in the script, or add --leave-open",
        counts);
  }
  if (interrupted) return ExitCode::kInterrupted;
  return open.empty() || flags.leave_open ? ExitCode::kFine : ExitCode::kFailed;
}

absl::StatusOr<absl::Duration> ParseLease(const std::string& text) {
  absl::Duration lease;
  if (absl::ParseDuration(text, &lease) && lease >= absl::Milliseconds(1) && lease <= kLeaseMax &&
      lease == absl::Trunc(lease, absl::Milliseconds(1))) {
    return lease;
  }
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("--lease is '", text, "': give whole milliseconds from 1ms to ",
                               absl::FormatDuration(kLeaseMax)));
}

// What is wrong with the flags, before anything is fenced by an open.
absl::Status CheckVChannel(const std::string& vchannel) {
  MutableMessage::Builder builder(MessageType::kInsert);
  if (!vchannel.empty()) builder.VChannel(vchannel);
  absl::Status built = std::move(builder).Build("").status();
  if (built.ok()) return built;
  return WalErrorFrom(WalErrorCode::kInvalidArgument, "--vchannel", built);
}

}  // namespace

ExitCode RunTxn(const LogFlags& log_flags, const TxnFlags& flags) {
  const absl::StatusOr<absl::Duration> lease = ParseLease(flags.lease);
  if (!lease.ok()) return Complain(lease.status());
  absl::Status status = CheckVChannel(flags.vchannel);
  if (!status.ok()) return Complain(status);
  // A close waits a while for what may end open transactions.  Here nothing comes any more.
  LogFlags its_log = log_flags;
  its_log.settings.insert(its_log.settings.begin(), "wal.interceptor_close_limit=1ms");
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(its_log);
  if (!session.ok()) return Complain(session.status());
  const absl::StatusOr<Wal*> wal = (*session)->OpenForWriting(flags.write);
  if (!wal.ok()) return Complain(wal.status());
  const size_t limit = (*wal)->limits().message_bytes_max;
  const size_t overhead = kRecordOverhead + flags.vchannel.size();
  Input input(InputMode::kLines, flags.files,
              (limit > overhead ? limit - overhead : 0) + kTxnStepOverhead);
  const std::atomic<bool>& interrupted = CatchInterrupts();

  ScriptRunner runner(*wal, log_flags, flags, *lease);
  status = RunScript(&input, interrupted, &runner);
  const bool fenced = !status.ok() && IsFenced(*wal);
  const ExitCode code = Conclude(flags, status, interrupted, &runner);
  const absl::Status closed = (*session)->Close();
  if (code == ExitCode::kFine && !closed.ok()) return Complain(closed, runner.Counts());
  return fenced ? ExitCode::kHeldOrFenced : code;
}

}  // namespace tidelog::walctl
