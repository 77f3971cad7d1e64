#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "sim/check/call_checkers.h"
#include "sim/check/code.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/check/transaction_end.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"illegal-error", "C2"},          {"unexplained-unknown", "C2"}, {"unexplained-fence", "C2"},
    {"unexplained-shutdown", "C2"},   {"unexplained-refusal", "H3"}, {"unexplained-term", "A2"},
    {"unexplained-corruption", "F5"}, {"early-deadline", "C3"},      {"missing-channel", "A3"},
    {"error-without-fault", "C2"},    {"unexplained-expiry", "E6"},  {"unexplained-state", "E3"},
};

bool IsIn(Code code, std::initializer_list<Code> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// What each call may fail with at all.
bool MayFailWith(Call::Kind kind, Code code) {
  switch (kind) {
    case Call::Kind::kNone:
      return true;
    case Call::Kind::kOpen:
      return IsIn(code, {Code::kUnmatchedTerm, Code::kInvalidArgument, Code::kCorrupt,
                         Code::kUnavailable, Code::kResourceExhausted, Code::kInner,
                         Code::kOnShutdown, Code::kChannelNotExist});
    case Call::Kind::kClose:
      return code == Code::kUnavailable;
    case Call::Kind::kAppend:
      return IsIn(
          code, {Code::kChannelFenced, Code::kOnShutdown, Code::kTooLarge, Code::kResourceExhausted,
                 Code::kDeadlineExceeded, Code::kInvalidArgument, Code::kUnavailable, Code::kInner,
                 Code::kOutcomeUnknown, Code::kTransactionExpired, Code::kInvalidTransactionState,
                 Code::kRateLimitRejected});
    case Call::Kind::kScan:
      return IsIn(code, {Code::kPositionGone, Code::kWalNameMismatch, Code::kInvalidArgument,
                         Code::kOnShutdown, Code::kInner, Code::kUnavailable, Code::kCorrupt});
    case Call::Kind::kTruncate:
      return IsIn(code, {Code::kChannelFenced, Code::kOnShutdown, Code::kWalNameMismatch,
                         Code::kPositionGone, Code::kInner, Code::kUnavailable,
                         Code::kResourceExhausted, Code::kOutcomeUnknown});
    case Call::Kind::kInfo:
    case Call::Kind::kMvcc:
      return IsIn(code, {Code::kChannelFenced, Code::kOnShutdown, Code::kInner, Code::kUnavailable,
                         Code::kCorrupt});
  }
  return false;
}

bool NextMayFailWith(Code code) {
  return IsIn(code, {Code::kPositionGone, Code::kCorrupt, Code::kOnShutdown, Code::kInner});
}

// One end of one call, and whether the history explains it.
class Failure {
 public:
  Failure(const Facts& facts, const Call& call, Code code, int event)
      : facts_(facts), call_(call), handle_(facts.handle(call.handle)), code_(code), at_(event) {}

  // The anomaly; empty: it is in order.
  std::string_view Judge() const {
    switch (code_) {
      case Code::kChannelFenced:
        return HasSuccessor() || MayHaveLostOwner() ? "" : "unexplained-fence";
      case Code::kOnShutdown:
        return IsClosing() || call_.kind == Call::Kind::kOpen ? "" : "unexplained-shutdown";
      case Code::kOutcomeUnknown:
        return HasSuccessor() || IsClosing() || IsOverdue() || IsTruncationInDoubt() ||
                       (MayHaveLostOwner() && IsToldOfFence())
                   ? ""
                   : "unexplained-unknown";
      case Code::kDeadlineExceeded:
        return IsOverdue() ? "" : "early-deadline";
      case Code::kUnmatchedTerm:
        return HasSuccessor() || MayBeDamage() ? "" : "unexplained-term";
      case Code::kInvalidArgument:
      case Code::kTooLarge:
      case Code::kWalNameMismatch:
        return IsRefusable() || MayBeDamage() ? "" : "unexplained-refusal";
      case Code::kRateLimitRejected:
        return facts_.history().contract.flow ? "" : "unexplained-refusal";
      case Code::kCorrupt:
        return facts_.history().contract.corruption ? "" : "unexplained-corruption";
      case Code::kChannelNotExist:
        return (handle_.read_only && !ExistedBefore()) || MayBeDamage() ? "" : "missing-channel";
      case Code::kTransactionExpired:
        return TransactionEnd(facts_, call_, at_).MayHaveCome() ? "" : "unexplained-expiry";
      case Code::kInvalidTransactionState:
        return TransactionEnd(facts_, call_, at_).MayBeWrong() ? "" : "unexplained-state";
      case Code::kInner:
      case Code::kUnavailable:
        return facts_.history().contract.faults || HasSuccessor() || IsClosing() || HasRival()
                   ? ""
                   : "error-without-fault";
      default:
        return "";
    }
  }

 private:
  // Somebody else tried to open the channel under this term or a higher one.
  bool HasSuccessor() const {
    return std::any_of(
        facts_.handles().begin(), facts_.handles().end(), [this](const Handle& other) {
          return !other.read_only && &other != &handle_ && other.term >= handle_.term &&
                 other.open_invoke != kNever && other.open_invoke < at_;
        });
  }

  // Somebody else was opening the channel at the same time, under whatever term.  Each ends what
  // the others have begun, and a step of an open has a time limit (G1).
  bool HasRival() const {
    if (call_.kind != Call::Kind::kOpen || handle_.read_only) return false;
    return std::any_of(facts_.calls().begin(), facts_.calls().end(), [this](const Call& other) {
      return other.kind == Call::Kind::kOpen && other.handle != call_.handle &&
             !facts_.handle(other.handle).read_only && other.invoke < at_ &&
             (other.end == kNever || other.end > call_.invoke);
    });
  }

  bool IsClosing() const { return handle_.close_invoke != kNever && handle_.close_invoke < at_; }

  // Its deadline may have come.  Clocks drift, by far less than half.
  bool IsOverdue() const {
    if (call_.kind != Call::Kind::kAppend) return false;
    const Nanos timeout = facts_.as<AppendInvoke>(call_.invoke).timeout;
    return timeout != kForever &&
           facts_.event(at_).at - facts_.event(call_.invoke).at >= timeout / 2;
  }

  // The three causes of an unknown outcome are those of an append; a truncation whose mark was
  // handed to storage may fail so, to be called again.
  bool IsTruncationInDoubt() const {
    return call_.kind == Call::Kind::kTruncate && facts_.history().contract.faults;
  }

  bool IsRefusable() const {
    return call_.kind == Call::Kind::kAppend && facts_.as<AppendInvoke>(call_.invoke).refusable;
  }

  // What names and words a log is found by may be lost or changed with nothing left to tell of it:
  // an open then says that it finds none, something else, or another's term, and what is made anew
  // takes positions of what was there for foreign ones.
  bool MayBeDamage() const {
    return (call_.kind == Call::Kind::kOpen || code_ == Code::kWalNameMismatch) &&
           facts_.history().contract.corruption;
  }

  // The word that names the owner may come back as it was before: whom it does not name is fenced.
  bool MayHaveLostOwner() const { return facts_.history().contract.corruption; }

  bool IsToldOfFence() const {
    return handle_.unavailable != kNever &&
           facts_.as<Unavailable>(handle_.unavailable).code == Code::kChannelFenced;
  }

  bool ExistedBefore() const {
    return std::any_of(
        facts_.handles().begin(), facts_.handles().end(),
        [this](const Handle& other) { return other.writes() && other.opened < call_.invoke; });
  }

  const Facts& facts_;
  const Call& call_;
  const Handle& handle_;
  const Code code_;
  const int at_;
};

void Judge(const Facts& facts, const Call& call, Code code, int event, bool may, Report* report) {
  if (code == Code::kOk) return;
  const std::string_view anomaly =
      may ? Failure(facts, call, code, event).Judge() : std::string_view("illegal-error");
  if (anomaly.empty()) return;
  report->Add(anomaly, absl::StrCat("a call ended with code ", static_cast<int32_t>(code)),
              {call.invoke, event});
}

void JudgeScan(const Facts& facts, const Scan& scan, Report* report) {
  const Call& call = facts.call(scan.op);
  if (scan.error != kNever) {
    const bool was_closed = scan.closed != kNever && scan.closed < scan.error;
    if (scan.error_code != Code::kOnShutdown || !was_closed) {
      const bool may = NextMayFailWith(scan.error_code);
      Judge(facts, call, scan.error_code, scan.error, may, report);
    }
  }
  if (facts.history().contract.corruption) return;
  for (const int event : scan.batches) {
    if (!facts.as<ScanBatch>(event).gap) continue;
    report->Add("unexplained-corruption", absl::StrCat("scan ", scan.op, " tells of a gap"),
                {scan.invoke, event});
  }
}

void Check(const Facts& facts, Report* report) {
  for (const Call& call : facts.calls()) {
    if (call.kind == Call::Kind::kNone || call.end == kNever) continue;
    Judge(facts, call, call.code, call.end, MayFailWith(call.kind, call.code), report);
  }
  for (const Scan& scan : facts.scans()) JudgeScan(facts, scan, report);
  for (const Handle& handle : facts.handles()) {
    if (handle.unavailable == kNever) continue;
    Call call;
    call.handle = static_cast<int32_t>(&handle - facts.handles().data());
    call.invoke = handle.opened;
    const Code code = facts.as<Unavailable>(handle.unavailable).code;
    const bool may = IsIn(code, {Code::kChannelFenced, Code::kOnShutdown, Code::kInner});
    Judge(facts, call, code, handle.unavailable, may, report);
  }
}

}  // namespace

Checker ErrorChecker() { return {"errors", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
