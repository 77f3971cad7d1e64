#include <algorithm>
#include <span>
#include <utility>

#include "sim/check/code.h"
#include "sim/check/history.h"
#include "sim/check/testing/cases.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim::check {
namespace {

// Message 1 gets the id 9 and the tick 90, and message 2, of which nobody knows more, id and tick
// of before; both are read.
void SecondLandsFirst(Story& s) {
  s.Land(2).InLog(2).last_confirmed = 1;
  s.Fail(2, Code::kOutcomeUnknown);
  std::swap(s.log[s.log.size() - 1], s.log[s.log.size() - 2]);
  s.Scan(1, 5).Read(5);
}

Story& LandFar(Story& s) {
  Record& record = s.Land(1).InLog(1);
  record.id = 9;
  record.tick = 90;
  return s;
}

constexpr AnomalyCase kCases[] = {
    {"linearizability", "future-read",
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1).Land(1).Scan(1, 5).Read(5).Done(1);
       std::vector<Event>& events = s.history.events;
       std::rotate(events.begin() + 2, events.begin() + 3, events.end() - 1);
     },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Land(1).Scan(1, 5).Read(5).Done(1); }},

    {"linearizability", "write-into-past",
     [](Story& s) {
       LandFar(s.Writer(1, 1).Call(1, 1)).Done(1).Call(1, 2, kMillisecond);
       SecondLandsFirst(s);
     },
     [](Story& s) {
       LandFar(s.Writer(1, 1).Call(1, 1)).Call(1, 2, kMillisecond).Done(1);
       SecondLandsFirst(s);
     }},

    {"linearizability", "stale-tail",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Info(1);
       s.Last<InfoReturn>().tail = Position{1, 10};
     },
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Reader(2).Info(2);
       s.Last<InfoReturn>().tail = Position{1, 10};
     }},

    {"linearizability", "future-tail",
     [](Story& s) {
       s.Writer(1, 1).Info(1).Append(1, 1);
       s.Last<InfoReturn>().tail = s.PositionOf(1);
     },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Land(1).Info(1).Done(1); }},

    {"linearizability", "non-monotonic-tail",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Call(1, 2).Land(2).Info(1).Info(1);
       s.Last<InfoReturn>().tail = s.PositionOf(1);
     },
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Call(1, 2).Land(2).Info(1).Reader(2).Info(2);
       s.Last<InfoReturn>().tail = s.PositionOf(1);
     }},

    {"linearizability", "tail-of-nothing",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Info(1).Last<InfoReturn>().tail->last_confirmed = 2;
       s.Final();
     },
     [](Story& s) { s.Writer(1, 1).Append(1, 1).Info(1).Final(); }},

    {"errors", "illegal-error",
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Fail(1, Code::kPositionGone); },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Fail(1, Code::kInner); }},

    {"errors", "unexplained-unknown",
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Fail(1, Code::kOutcomeUnknown); },
     [](Story& s) { s.Writer(1, 1).Call(1, 1, kMillisecond).Fail(1, Code::kOutcomeUnknown); }},

    {"errors", "unexplained-fence",
     [](Story& s) { s.Writer(1, 2).Call(1, 1).OpenCall(2, 1).Fail(1, Code::kChannelFenced); },
     [](Story& s) { s.Writer(1, 2).Call(1, 1).OpenCall(2, 3).Fail(1, Code::kChannelFenced); }},

    {"errors", "unexplained-shutdown",
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Fail(1, Code::kOnShutdown).Close(1); },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Close(1).Fail(1, Code::kOnShutdown); }},

    {"errors", "unexplained-refusal",
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Fail(1, Code::kTooLarge); },
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1).Last<AppendInvoke>().refusable = true;
       s.Fail(1, Code::kTooLarge);
     }},

    {"errors", "unexplained-term",
     [](Story& s) { s.OpenCall(1, 2).OpenFails(1, Code::kUnmatchedTerm).Writer(2, 2); },
     [](Story& s) { s.OpenCall(1, 2).Writer(2, 2).OpenFails(1, Code::kUnmatchedTerm); }},

    {"errors", "unexplained-corruption",
     [](Story& s) { s.Writer(1, 1).Scan(1, 5).ScanFails(5, Code::kCorrupt); },
     [](Story& s) {
       s.history.contract.corruption = true;
       s.Writer(1, 1).Scan(1, 5).ScanFails(5, Code::kCorrupt);
     }},

    {"errors", "early-deadline",
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1, 100 * kMillisecond).Fail(1, Code::kDeadlineExceeded);
     },
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1, 100 * kMillisecond).Pass(99 * kMillisecond);
       s.Fail(1, Code::kDeadlineExceeded);
     }},

    {"errors", "missing-channel",
     [](Story& s) {
       s.Writer(1, 1).OpenCall(2, 0).Last<OpenInvoke>().read_only = true;
       s.OpenFails(2, Code::kChannelNotExist);
     },
     [](Story& s) {
       s.OpenCall(2, 0).Last<OpenInvoke>().read_only = true;
       s.Writer(1, 1).OpenFails(2, Code::kChannelNotExist);
     }},

    {"errors", "error-without-fault",
     [](Story& s) {
       s.history.contract.faults = false;
       s.Writer(1, 1).OpenCall(2, 2).OpenFails(2, Code::kUnavailable);
     },
     [](Story& s) {
       s.history.contract.faults = false;
       s.OpenCall(2, 2).Writer(1, 1).OpenFails(2, Code::kUnavailable);
     }},

    {"lifetime", "double-completion", [](Story& s) { s.Writer(1, 1).Append(1, 1).Done(1); },
     [](Story& s) { s.Writer(1, 1).Append(1, 1).Append(1, 2); }},

    {"lifetime", "completion-without-call",
     [](Story& s) { s.Writer(1, 1).Add(1, 0, AppendReturn{.code = Code::kInner}); },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Fail(1, Code::kInner); }},

    {"lifetime", "served-after-close", [](Story& s) { s.Writer(1, 1).Close(1).Append(1, 1); },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Land(1).Close(1).Done(1); }},

    {"lifetime", "delivery-after-end",
     [](Story& s) {
       s.Writer(1, 1).Scan(1, 5, {.end = ScanOpen::End::kTailAtOpen}).Read(5).Read(5);
     },
     [](Story& s) { s.Writer(1, 1).Scan(1, 5).Read(5).ScanFails(5, Code::kInner); }},

    {"lifetime", "dead-process-acts",
     [](Story& s) { s.Writer(1, 1).Add(1, 0, ProcessCrash{}).Call(1, 1); },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Add(1, 0, ProcessCrash{}); }},

    {"lifetime", "leak",
     [](Story& s) {
       s.history.end.leftovers = {{"frames", 1}};
     },
     [](Story& s) {
       s.history.end.leftovers = {{"frames", 0}};
     }},

    {"liveness", "stuck-open", [](Story& s) { s.OpenCall(1, 1).Quiesce(); },
     [](Story& s) { s.OpenCall(1, 1).Add(1, 0, ProcessCrash{}).Quiesce(); }},

    {"liveness", "stuck-close",
     [](Story& s) {
       s.history.end.dead_backends = {1};
       s.Writer(1, 1).Add(1, 0, CloseInvoke{}).Quiesce();
     },
     [](Story& s) {
       s.history.end.dead_backends = {1};
       s.Writer(1, 1).Close(1).Last<CloseReturn>().code = Code::kUnavailable;
       s.Quiesce();
     }},

    {"liveness", "stuck-append", [](Story& s) { s.Writer(1, 1).Call(1, 1).Quiesce(); },
     [](Story& s) {
       s.history.end.dead_backends = {1};
       s.Writer(1, 1).Call(1, 1).Quiesce();
     }},

    {"liveness", "stuck-read", [](Story& s) { s.Writer(1, 1).Add(1, 5, ScanOpen{}).Quiesce(); },
     [](Story& s) { s.Writer(1, 1).Add(1, 5, ScanOpen{}).Add(1, 0, Pause{}).Quiesce(); }},

    {"liveness", "stuck-truncate",
     [](Story& s) {
       s.Writer(1, 1).Add(1, 0, TruncateInvoke{{1, 10}}).Quiesce();
     },
     [](Story& s) { s.Writer(1, 1).Truncate(1, 10).Quiesce(); }},

    {"liveness", "stuck-question",
     [](Story& s) { s.Writer(1, 1).Add(1, 0, InfoInvoke{}).Quiesce(); },
     [](Story& s) { s.Writer(1, 1).Add(1, 0, InfoInvoke{}); }},

    {"liveness", "unreached-tail",
     [](Story& s) { s.Writer(1, 1).Scan(1, 5).Append(1, 1).StoreTick(1).Final().Quiesce(); },
     [](Story& s) {
       s.Writer(1, 1).Scan(1, 5).Append(1, 1).StoreTick(1).Read(5).Final().Quiesce();
     }},

    {"liveness", "uncovered-tail", [](Story& s) { s.Writer(1, 1).Append(1, 1).Final().Quiesce(); },
     [](Story& s) { s.Writer(1, 1).Append(1, 1).StoreTick(1).Final().Quiesce(); }},
};

}  // namespace

std::span<const AnomalyCase> CallCases() { return kCases; }

}  // namespace tidelog::sim::check
