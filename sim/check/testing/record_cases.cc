#include <span>
#include <utility>

#include "sim/check/code.h"
#include "sim/check/history.h"
#include "sim/check/testing/cases.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim::check {
namespace {

// Its outcome is unknown, by its deadline.
Story& Unknown(Story& s, int32_t message) { return s.Fail(message, Code::kOutcomeUnknown); }

// Its place is the first id; the first tick, which has it, is read by nobody.
Story& MoveToTheFront(Story& s, int32_t message) {
  Record& record = s.InLog(message);
  record.id = 1;
  record.tick = 15;
  record.last_confirmed = 1;
  return s;
}

ScanOpen After(Tick tick) { return {.start = Start::kAfter, .position = {1, tick}}; }

constexpr AnomalyCase kCases[] = {
    {"durability", "lost-write",
     [](Story& s) { s.Writer(1, 1).Append(1, 1).Append(1, 2).Forget(2).Final(); },
     [](Story& s) { Unknown(s.Writer(1, 1).Append(1, 1).Call(1, 2, kMillisecond), 2).Final(); }},

    {"durability", "split-outcome",
     [](Story& s) {
       Unknown(s.Writer(1, 1).Call(1, 1, kMillisecond).Land(1), 1).Scan(1, 5).Read(5);
       s.Forget(1).Final();
     },
     [](Story& s) {
       ScanOpen options;
       options.deliver_ticks = true;
       s.Writer(1, 1).Begin(1, 2, kMillisecond);
       Unknown(s.Call(1, 1, kMillisecond).Land(1), 1).Scan(1, 5, options).Read(5);
       s.Final().StoreTick(1).SecondFinal();  // One of a lease that ran out in between,
       s.StoreTick(1).Read(5);                // and the last one, of a close.
     }},

    {"durability", "duplicate", [](Story& s) { s.Writer(1, 1).Append(1, 1).Land(1).Final(); },
     [](Story& s) { s.Writer(1, 1).Append(1, 1).Append(1, 2).Final(); }},

    {"durability", "phantom",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).StoreTick(1).log.back().content = {{1, 99, 7}, 2, 0};
       s.Final();
     },
     [](Story& s) { s.Writer(1, 1).Append(1, 1).StoreTick(1).Final(); }},

    {"durability", "aborted-read",
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Land(1).Fail(1, Code::kUnavailable).Final(); },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Fail(1, Code::kUnavailable).Final(); }},

    {"durability", "altered-record",
     [](Story& s) {
       ++s.Writer(1, 1).Append(1, 1).InLog(1).content.payload.hash;
       s.Final();
     },
     [](Story& s) { s.Writer(1, 1).Append(1, 1).Final(); }},

    {"durability", "torn-batch",
     [](Story& s) {
       s.Writer(1, 1).CallBatch(1, {1, 2}).Land(1).StoreTick(1).Land(2).Done(1).Final();
     },
     [](Story& s) {
       s.Writer(1, 1).CallBatch(1, {1, 2}).Land(1).StoreTick(1);
       Unknown(s.Add(1, 0, CloseInvoke{}), 1).Final();
     }},

    {"ticks", "duplicate-tick",
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1).Call(1, 2).Land(1).Land(2);
       s.InLog(2).tick = s.InLog(1).tick;
       s.Done(1).Done(2);
     },
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1).Call(1, 2).Land(1).Land(2);
       ++(s.InLog(2).tick = s.InLog(1).tick);
       s.Done(1).Done(2);
     }},

    {"ticks", "tick-below-old-term",
     [](Story& s) {
       Unknown(s.Writer(1, 1).Call(1, 1, kMillisecond).Land(1), 1).Scan(1, 5, After(15)).Read(5);
       s.Writer(2, 2).Call(2, 2).Land(2).InLog(2).tick = 15;
       s.Done(2);
     },
     [](Story& s) {
       Unknown(s.Writer(1, 1).Call(1, 1, kMillisecond).Land(1), 1).Scan(1, 5, After(15)).Read(5);
       s.Writer(2, 2).Call(2, 2).Land(2).InLog(2).tick = 21;
       s.Done(2);
     }},

    {"ticks", "real-time-order",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Call(1, 2).Land(2);
       MoveToTheFront(s, 2).Done(2);
     },
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1).Land(1).Call(1, 2).Done(1).Land(2);
       MoveToTheFront(s, 2).Done(2);
     }},

    {"ticks", "broken-tick-promise",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Append(1, 2).Scan(1, 5).Read(5, 1);
       s.Last<ScanBatch>().complete_through = 30;
       s.Read(5);
     },
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).StoreTick(1).Scan(1, 5).Read(5).Append(1, 2).Read(5);
     }},

    {"ticks", "broken-term-promise",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Append(1, 2).Scan(1, 5).Read(5, 1);
       s.Last<ScanBatch>().complete_through = 30;
       s.Last<ScanBatch>().complete_is_stored = false;
       s.Read(5);
     },
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Scan(1, 5).Read(5, 1);
       s.Last<ScanBatch>().complete_through = 100;
       s.Last<ScanBatch>().complete_is_stored = false;
       s.Writer(2, 2).Append(2, 2).Read(5);
     }},

    {"ticks", "tick-not-stored",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).StoreTick(1).Scan(1, 5).Read(5);
       s.Last<ScanBatch>().complete_through = 2000;
       s.Final();
     },
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).StoreTick(1).Scan(1, 5).Read(5).Final();
       s.Read(5);  // The last tick of a log that closed in the end.
       s.Last<ScanBatch>().complete_through = 200;
       s.Last<ScanBatch>().complete_is_stored = true;
     }},

    {"ticks", "stale-mvcc",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Mvcc(1);
       s.Last<MvccReturn>().tick = 10;
     },
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1).Land(1).Mvcc(1);
       s.Last<MvccReturn>().tick = 10;
       s.Done(1);
     }},

    {"ticks", "non-monotonic-mvcc",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).StoreTick(1).Mvcc(1).Mvcc(1);
       s.Last<MvccReturn>().tick = 20;
     },
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).StoreTick(1).Mvcc(1).Mvcc(1, 7);
       s.Last<MvccReturn>().tick = 20;
     }},

    {"last-confirmed", "confirmed-beyond-itself",
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1).Land(1).InLog(1).last_confirmed = 3;
       s.Done(1);
     },
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1).Land(1).InLog(1).last_confirmed = 2;
       s.Done(1);
     }},

    {"last-confirmed", "confirmed-went-back",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Append(1, 2).Call(1, 3).Land(3).InLog(3).last_confirmed = 1;
       s.Done(3);
     },
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Append(1, 2).Call(1, 3).Land(3).InLog(3).last_confirmed = 2;
       s.Done(3);
     }},

    {"last-confirmed", "confirmed-nothing",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).StoreTick(1).log.pop_back();
       s.Append(1, 2).Final();
     },
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).StoreTick(1).log.pop_back();
       s.Call(1, 2).Land(2).InLog(2).last_confirmed = 2;
       s.Done(2).Final();
     }},

    {"fencing", "acknowledged-beyond-boundary",
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Writer(2, 2).Land(1).Done(1); },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Land(1).Writer(2, 2).Done(1); }},

    {"fencing", "visible-beyond-boundary",
     [](Story& s) {
       Unknown(s.Writer(1, 1).Call(1, 1, kMillisecond).Writer(2, 2).Land(1), 1).Final();
     },
     [](Story& s) {
       Unknown(s.Writer(1, 1).Call(1, 1, kMillisecond).Land(1).Writer(2, 2), 1).Final();
     }},

    {"fencing", "record-below-boundary",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Writer(2, 2).Last<OpenReturn>().boundary = 4;
       s.Append(2, 2);
     },
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).Writer(2, 2).Last<OpenReturn>().boundary = 2;
       s.Append(2, 2);
     }},

    {"fencing", "term-regress",
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1, kMillisecond).Writer(2, 2).Last<OpenReturn>().boundary.reset();
       Unknown(s.Land(1), 1).Final();
     },
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1, kMillisecond).Land(1).Writer(2, 2);
       s.Last<OpenReturn>().boundary.reset();
       Unknown(s, 1).Final();
     }},

    {"fencing", "wrong-term",
     [](Story& s) {
       s.Writer(1, 1).Append(1, 1).InLog(1).term = 2;
       s.Scan(1, 5).Read(5);
     },
     [](Story& s) { s.Writer(1, 1).Append(1, 1).Writer(2, 2).Append(2, 2).Scan(1, 5).Read(5); }},

    {"fencing", "stale-open", [](Story& s) { s.Writer(1, 5).Writer(2, 3); },
     [](Story& s) { s.OpenCall(2, 3).Writer(1, 5).OpenFails(2, Code::kUnmatchedTerm); }},

    {"fencing", "double-open", [](Story& s) { s.Writer(1, 1).Writer(2, 1); },
     [](Story& s) { s.Writer(1, 1).Close(1).Writer(2, 1); }},

    {"fencing", "unnoticed-fence",
     [](Story& s) {
       s.history.contract.fence_noticed_within = 10 * kMillisecond;
       s.Writer(1, 1).Writer(2, 2).Pass(20 * kMillisecond).Append(2, 1);
     },
     [](Story& s) {
       s.history.contract.fence_noticed_within = 10 * kMillisecond;
       s.Writer(1, 1).Writer(2, 2).Add(1, 0, Unavailable{Code::kChannelFenced});
       s.Pass(20 * kMillisecond).Append(2, 1);
     }},

    {"fencing", "term-violation",
     [](Story& s) { s.Writer(1, 1).Add(1, 0, Observed{Observed::Kind::kTermViolation}); },
     [](Story& s) { s.Writer(1, 1).Add(1, 0, Observed{Observed::Kind::kTornTail}); }},
};

}  // namespace

std::span<const AnomalyCase> RecordCases() { return kCases; }

}  // namespace tidelog::sim::check
