#include "sim/record/event_text.h"

#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "sim/check/events.h"
#include "sim/check/record.h"

namespace tidelog::sim {
namespace {

// Of a long list, so many are told one by one.
constexpr size_t kListedMax = 8;

using check::Code;

std::string LeaseText(check::Nanos lease) {
  return lease == check::kForever ? "no end" : absl::StrCat(lease / 1'000'000, " ms");
}

// What it is to a transaction; empty: nothing.
std::string RoleText(const check::Submission& content) {
  switch (check::RoleOf(content)) {
    case check::Role::kNone:
      return check::IsExclusive(content.type) ? "exclusive " : "";
    case check::Role::kBegin:
      return "begin ";
    case check::Role::kBody:
      return absl::StrCat("body of ", content.txn, " ");
    case check::Role::kCommit:
      return absl::StrCat("commit of ", content.txn, " with ", content.bodies, " bodies ");
    case check::Role::kRollback:
      return absl::StrCat("rollback of ", content.txn, " ");
  }
  return "";
}

std::string PayloadText(const check::Submission& content) {
  if (content.type == check::kTimeTickType) return "tick";
  std::string role = RoleText(content);
  if (content.key != 0) absl::StrAppend(&role, "key ", content.key, " ");
  if (content.payload.client == 0) return role + "nobody's message";
  return absl::StrCat(role, "c", content.payload.client, "#", content.payload.number);
}

std::string MemberText(const check::Record& member) {
  return absl::StrCat(member.id, ":", PayloadText(member.content), "@", member.stored_tick);
}

template <class T>
std::string ListText(const T& items, std::string (*text)(const typename T::value_type&));

std::string RecordText(const check::Record& record) {
  std::string text = absl::StrCat(record.id, ":", PayloadText(record.content), "@", record.tick);
  if (record.members.empty()) return text;
  return absl::StrCat(text, " [", ListText(record.members, &MemberText), "]");
}

std::string PositionText(const check::Position& position) {
  return absl::StrCat("(id ", position.last_confirmed, ", tick ", position.tick, ")");
}

template <class T>
std::string ListText(const T& items, std::string (*text)(const typename T::value_type&)) {
  std::vector<std::string> words;
  for (const auto& item : items) {
    if (words.size() == kListedMax) {
      words.push_back(absl::StrCat("and ", items.size() - kListedMax, " more"));
      break;
    }
    words.push_back(text(item));
  }
  return absl::StrJoin(words, " ");
}

std::string Failed(std::string_view what, Code code) {
  return absl::StrCat(what, " failed: ", NameOf(code));
}

// One overload an event, in the order of events.h.
struct Words {
  std::string operator()(const check::OpenInvoke& open) const {
    return open.read_only ? "open for reading" : absl::StrCat("open for writing, term ", open.term);
  }
  std::string operator()(const check::OpenReturn& open) const {
    if (open.code != Code::kOk) return Failed("open", open.code);
    std::string text = "opened";
    if (open.boundary.has_value()) absl::StrAppend(&text, ", boundary ", *open.boundary);
    if (open.first_tick != 0) absl::StrAppend(&text, ", first tick ", open.first_tick);
    return text;
  }
  std::string operator()(const check::CloseInvoke&) const { return "close"; }
  std::string operator()(const check::CloseReturn& close) const {
    return close.code == Code::kOk ? "closed" : Failed("close", close.code);
  }
  std::string operator()(const check::Unavailable& gone) const {
    return absl::StrCat("is told that it is unavailable: ", NameOf(gone.code));
  }
  std::string operator()(const check::AppendInvoke& append) const {
    std::string text = "append of ";
    if (append.messages.size() > 1) {
      absl::StrAppend(&text, append.messages.size(), " messages: ");
    }
    absl::StrAppend(&text, ListText(append.messages, &PayloadText));
    if (append.timeout != check::kForever) {
      absl::StrAppend(&text, ", within ", TimeText(append.timeout));
    }
    if (append.refusable) absl::StrAppend(&text, ", which may be refused");
    return text;
  }
  std::string operator()(const check::AppendReturn& append) const {
    std::vector<std::string> words;
    if (!append.done.empty()) {
      words.push_back(absl::StrCat("acknowledged ", ListText(append.done, &Acknowledged)));
    }
    if (append.unknown != 0) words.push_back(absl::StrCat(append.unknown, " unknown"));
    if (append.code != Code::kOk) words.push_back(Failed("append", append.code));
    return absl::StrJoin(words, ", ");
  }
  std::string operator()(const check::ScanOpen& scan) const;
  std::string operator()(const check::ScanOpened& scan) const {
    return scan.code == Code::kOk ? "scan opened" : Failed("opening the scan", scan.code);
  }
  std::string operator()(const check::ScanBatch& batch) const;
  std::string operator()(const check::ScanError& error) const { return Failed("scan", error.code); }
  std::string operator()(const check::ScanClose&) const { return "scan closed"; }
  std::string operator()(const check::TruncateInvoke& truncate) const {
    return absl::StrCat("truncate through ", PositionText(truncate.through));
  }
  std::string operator()(const check::TruncateReturn& truncate) const {
    if (truncate.code != Code::kOk) return Failed("truncation", truncate.code);
    return absl::StrCat("truncated, mark ", PositionText(truncate.mark));
  }
  std::string operator()(const check::InfoInvoke&) const { return "info"; }
  std::string operator()(const check::InfoReturn& info) const {
    if (info.code != Code::kOk) return Failed("info", info.code);
    std::string text = absl::StrCat("info: term ", info.newest_term, ", tick ", info.newest_tick);
    if (info.oldest.has_value()) absl::StrAppend(&text, ", oldest ", PositionText(*info.oldest));
    if (info.tail.has_value()) absl::StrAppend(&text, ", tail ", PositionText(*info.tail));
    return text;
  }
  std::string operator()(const check::MvccInvoke& mvcc) const {
    return mvcc.vchannel == 0 ? "mvcc" : absl::StrCat("mvcc of vchannel ", mvcc.vchannel);
  }
  std::string operator()(const check::MvccReturn& mvcc) const {
    if (mvcc.code != Code::kOk) return Failed("mvcc", mvcc.code);
    return absl::StrCat("mvcc: tick ", mvcc.tick, mvcc.confirmed ? ", confirmed" : "");
  }
  std::string operator()(const check::ProcessStart&) const { return "starts"; }
  std::string operator()(const check::ProcessCrash&) const { return "CRASHES"; }
  std::string operator()(const check::Pause&) const { return "stands still"; }
  std::string operator()(const check::Resume&) const { return "runs again"; }
  std::string operator()(const check::MachineCrash&) const {
    return "MACHINE CRASHES: what is unsynced may be lost";
  }
  std::string operator()(const check::Retention& retention) const {
    return absl::StrCat("retention forgets through tick ", retention.through);
  }
  std::string operator()(const check::Observed& observed) const;
  std::string operator()(const check::Phase& phase) const;

  static std::string Acknowledged(const check::Acknowledgement& done) {
    std::string text = absl::StrCat(done.repeat ? "repeat of " : "", done.id, "@", done.tick);
    if (done.txn == 0) return text;
    return absl::StrCat(text, ", transaction ", done.txn, " with a lease of ",
                        LeaseText(done.lease));
  }
};

std::string Words::operator()(const check::ScanOpen& scan) const {
  std::string text = "scan from ";
  switch (scan.start) {
    case check::Start::kEarliest:
      absl::StrAppend(&text, "the earliest");
      break;
    case check::Start::kLatest:
      absl::StrAppend(&text, "the latest");
      break;
    case check::Start::kFrom:
      absl::StrAppend(&text, PositionText(scan.position));
      break;
    case check::Start::kAfter:
      absl::StrAppend(&text, "after ", PositionText(scan.position));
      break;
  }
  if (scan.end == check::ScanOpen::End::kTailAtOpen) absl::StrAppend(&text, " to the tail");
  if (scan.end == check::ScanOpen::End::kPosition) {
    absl::StrAppend(&text, " until tick ", scan.until);
  }
  if (scan.vchannel != 0) absl::StrAppend(&text, ", vchannel ", scan.vchannel);
  if (!scan.types.empty()) absl::StrAppend(&text, ", types ", absl::StrJoin(scan.types, " "));
  if (scan.after_tick != 0) absl::StrAppend(&text, ", after tick ", scan.after_tick);
  if (scan.deliver_ticks) absl::StrAppend(&text, ", with ticks");
  if (scan.gaps) absl::StrAppend(&text, ", with gaps");
  return text;
}

std::string Words::operator()(const check::ScanBatch& batch) const {
  std::string text = batch.records.empty()
                         ? std::string("reads nothing")
                         : absl::StrCat("reads ", ListText(batch.records, &RecordText));
  if (batch.complete_through != 0) {
    absl::StrAppend(&text, ", complete through ", batch.complete_through);
  }
  if (batch.gap.has_value()) {
    absl::StrAppend(&text, ", GAP ", batch.gap->first, " to ", batch.gap->last);
  }
  if (batch.end) absl::StrAppend(&text, ", the end");
  return text;
}

std::string_view FlowText(check::FlowState state) {
  switch (state) {
    case check::FlowState::kNormal:
      return "normal";
    case check::FlowState::kRecovering:
      return "recovering";
    case check::FlowState::kSlowed:
      return "slowed";
    case check::FlowState::kRejecting:
      return "rejecting";
  }
  return "";
}

std::string Words::operator()(const check::Observed& observed) const {
  using Kind = check::Observed::Kind;
  switch (observed.kind) {
    case Kind::kTermViolation:
      return "observer: term violation";
    case Kind::kTornTail:
      return "observer: torn tail";
    case Kind::kRecoveryProgress:
      return "observer: recovery goes on";
    case Kind::kSlowAppend:
      return "observer: slow append";
    case Kind::kFenced:
      return "observer: fenced";
    case Kind::kBackendTrouble:
      return "observer: trouble in the backend";
    case Kind::kSlowAppendEnded:
      return "observer: slow append ended";
    case Kind::kFlowChanged:
      return absl::StrCat("observer: flow control of term ", observed.term, " is ",
                          FlowText(observed.flow));
  }
  return "observer";
}

std::string Words::operator()(const check::Phase& phase) const {
  using Kind = check::Phase::Kind;
  switch (phase.kind) {
    case Kind::kFaults:
      return "== faults may happen from here on";
    case Kind::kHealed:
      return "== faults have stopped";
    case Kind::kFinal:
      return "== final scans";
  }
  return "== phase";
}

}  // namespace

std::string_view NameOf(check::Code code) {
  switch (code) {
    case Code::kOk:
      return "ok";
    case Code::kChannelNotExist:
      return "channel does not exist";
    case Code::kChannelFenced:
      return "fenced";
    case Code::kOnShutdown:
      return "on shutdown";
    case Code::kUnmatchedTerm:
      return "unmatched term";
    case Code::kInner:
      return "inner error";
    case Code::kInvalidArgument:
      return "invalid argument";
    case Code::kTransactionExpired:
      return "transaction expired";
    case Code::kInvalidTransactionState:
      return "invalid transaction state";
    case Code::kWalNameMismatch:
      return "wal name mismatch";
    case Code::kRateLimitRejected:
      return "rejected by flow control";
    case Code::kUnknownError:
      return "unknown error";
    case Code::kTooLarge:
      return "too large";
    case Code::kPositionGone:
      return "position gone";
    case Code::kOutcomeUnknown:
      return "outcome unknown";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kResourceExhausted:
      return "resource exhausted";
    case Code::kDeadlineExceeded:
      return "deadline exceeded";
    case Code::kUnavailable:
      return "unavailable";
  }
  return "an error that no call may end with";
}

std::string TimeText(check::Nanos at) {
  return absl::StrFormat("%d.%06d ms", at / 1'000'000, at % 1'000'000);
}

std::string WhoText(const check::Event& event) {
  std::vector<std::string> words;
  if (event.process != 0) words.push_back(absl::StrCat("process ", event.process));
  if (event.handle != 0) words.push_back(absl::StrCat("handle ", event.handle));
  if (event.op != 0) words.push_back(absl::StrCat("op ", event.op));
  return absl::StrJoin(words, ", ");
}

std::string EventText(const check::Event& event) { return std::visit(Words(), event.what); }

}  // namespace tidelog::sim
