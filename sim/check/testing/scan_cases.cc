#include <span>
#include <utility>

#include "sim/check/code.h"
#include "sim/check/history.h"
#include "sim/check/testing/cases.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim::check {
namespace {

// The first tick of term 1 has tick 10, message 1 has 20 and message 2 has 30.
Story& TwoMessages(Story& s) { return s.Writer(1, 1).Append(1, 1).Append(1, 2); }

ScanOpen From(Position position) { return {.start = Start::kFrom, .position = position}; }
ScanOpen After(Position position) { return {.start = Start::kAfter, .position = position}; }
ScanOpen Until(Tick tick) { return {.end = ScanOpen::End::kPosition, .until = tick}; }
ScanOpen WithTicks(ScanOpen open) {
  open.deliver_ticks = true;
  return open;
}
ScanOpen ToTail() { return {.end = ScanOpen::End::kTailAtOpen}; }
ScanOpen OfType(int32_t type) { return {.types = {type}}; }

std::vector<Record>& LastRead(Story& s) { return s.Last<ScanBatch>().records; }

constexpr AnomalyCase kCases[] = {
    {"order", "non-monotonic-read",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5).Read(5);
       std::swap(LastRead(s)[0], LastRead(s)[1]);
     },
     [](Story& s) { TwoMessages(s).Scan(1, 5).Read(5, 1).Read(5); }},

    {"order", "redelivery",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5).Read(5);
       LastRead(s).push_back(s.InLog(2));
     },
     [](Story& s) { TwoMessages(s).Scan(1, 5).Read(5).Scan(1, 6).Read(6); }},

    {"order", "inversion",
     [](Story& s) {
       s.Writer(1, 1).Call(1, 1).Call(1, 2).Land(1).Land(2);
       std::swap(s.InLog(1).tick, s.InLog(2).tick);
       s.Done(1).Done(2);
     },
     [](Story& s) { s.Writer(1, 1).Call(1, 1).Call(1, 2).Land(2).Land(1).Done(2).Done(1); }},

    {"order", "inconsistent-offsets",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5).Read(5).Scan(1, 6).Read(6);
       LastRead(s)[1].last_confirmed = LastRead(s)[1].id;
     },
     [](Story& s) { TwoMessages(s).Scan(1, 5).Read(5).Reader(2).Scan(2, 6).Read(6, 1); }},

    {"order", "poll-skip",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5).Read(5);
       LastRead(s).erase(LastRead(s).begin());
     },
     [](Story& s) {
       TwoMessages(s).StoreTick(1).Scan(1, 5, WithTicks(Until(35))).Read(5);
       s.Last<ScanBatch>().complete_through = 40;
     }},

    {"range", "before-start",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5, After(s.PositionOf(1))).Read(5);
       LastRead(s).insert(LastRead(s).begin(), s.InLog(1));
     },
     [](Story& s) { TwoMessages(s).Scan(1, 5, From(s.PositionOf(1))).Read(5); }},

    {"range", "beyond-until",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5, Until(20)).Read(5);
       LastRead(s).push_back(s.InLog(2));
       s.Last<ScanBatch>().resume = s.PositionOf(2);
     },
     [](Story& s) { TwoMessages(s).Scan(1, 5, Until(30)).Read(5); }},

    {"range", "filter-ignored",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5, OfType(3)).Read(5);
       LastRead(s).push_back(s.InLog(1));
     },
     [](Story& s) { TwoMessages(s).Scan(1, 5, OfType(2)).Read(5); }},

    {"range", "resume-skip",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5).Read(5, 1);
       s.Last<ScanBatch>().resume = s.PositionOf(2);
       s.Read(5);
     },
     [](Story& s) {
       TwoMessages(s).Scan(1, 5).Read(5, 1);
       s.Scan(1, 6, After(*s.Last<ScanBatch>().resume)).Read(6);
     }},

    {"range", "resume-repeat",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5).Read(5);
       s.Last<ScanBatch>().resume = s.PositionOf(1);
     },
     [](Story& s) { TwoMessages(s).StoreTick(1).Scan(1, 5).Read(5).Final(); }},

    {"range", "resume-unfounded",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5).Read(5);
       ++s.Last<ScanBatch>().resume->last_confirmed;
     },
     [](Story& s) { TwoMessages(s).Scan(1, 5, OfType(3)).Read(5); }},

    {"truncation", "silent-skip",
     [](Story& s) {
       TwoMessages(s).Truncate(1, 20).Scan(1, 5, After({1, 10})).Read(5);
       LastRead(s).erase(LastRead(s).begin());
     },
     [](Story& s) { TwoMessages(s).Truncate(1, 20).Scan(1, 5, After(s.PositionOf(1))).Read(5); }},

    {"truncation", "hidden-record-read",
     [](Story& s) {
       TwoMessages(s).Truncate(1, 20).Scan(1, 5).Read(5);
       LastRead(s).insert(LastRead(s).begin(), s.InLog(1));
     },
     [](Story& s) { TwoMessages(s).Scan(1, 5).Truncate(1, 20).Read(5); }},

    {"truncation", "truncated-too-far",
     [](Story& s) {
       TwoMessages(s).Truncate(1, 20);
       s.Last<TruncateReturn>().mark.tick = 30;
     },
     [](Story& s) { TwoMessages(s).Truncate(1, 20).Final(); }},

    {"truncation", "mark-went-back",
     [](Story& s) {
       TwoMessages(s).Truncate(1, 20).Info(1);
       s.Last<InfoReturn>().oldest.reset();
     },
     [](Story& s) { TwoMessages(s).Info(1).Truncate(1, 20).Info(1); }},

    {"truncation", "needed-tick-truncated",
     [](Story& s) {
       TwoMessages(s).Truncate(1, 30);
       s.log.pop_back();
       s.Call(1, 3).Land(3).InLog(3).last_confirmed = 3;
       s.Done(3).Final();
     },
     [](Story& s) { TwoMessages(s).Truncate(1, 30).Append(1, 3).Final(); }},

    {"truncation", "needless-position-gone",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5, After(s.PositionOf(1)));
       s.Last<ScanOpened>().code = Code::kPositionGone;
     },
     [](Story& s) {
       TwoMessages(s).Truncate(1, 30).Scan(1, 5, After(s.PositionOf(1)));
       s.Last<ScanOpened>().code = Code::kPositionGone;
       s.Append(1, 3).Add(0, 0, Retention{.through = 50}).Scan(1, 6, After(s.PositionOf(3)));
       s.Last<ScanOpened>().code = Code::kPositionGone;
     }},

    {"visibility", "stale-read",
     [](Story& s) {
       TwoMessages(s).Scan(1, 5, ToTail()).Read(5, 1);
       s.Last<ScanBatch>().end = true;
     },
     [](Story& s) { TwoMessages(s).Scan(1, 5, ToTail()).Append(1, 3).Read(5); }},
};

}  // namespace

std::span<const AnomalyCase> ScanCases() { return kCases; }

}  // namespace tidelog::sim::check
