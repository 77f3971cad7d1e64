#include <span>

#include "sim/check/history.h"
#include "sim/check/testing/cases.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim::check {
namespace {

// Message 1 has the key 7; message 2 will have it as well.
Story& Once(Story& s) { return s.Writer(1, 1).IsKeyed(1, 7).Append(1, 1).IsKeyed(2, 7); }

// Messages 2 and 3 commit the transaction that message 1 begins, both with the key 7.
Story& Committed(Story& s) {
  s.Writer(1, 1).Begin(1, 1);
  Submission commit;
  commit.type = kCommitType;
  commit.txn = s.InLog(1).tick;
  commit.key = 7;
  return s.Is(2, commit).Append(1, 2).Is(3, commit).Call(1, 3);
}

constexpr AnomalyCase kCases[] = {
    {"idempotency", "stored-twice", [](Story& s) { Once(s).Append(1, 2).Final(); },
     [](Story& s) {
       // Of another VChannel, of another key, and a repeat.
       Once(s).IsKeyed(3, 7, 1).Append(1, 3).IsKeyed(4, 8).Append(1, 4);
       s.Call(1, 2).Repeats(2, 1).Final().SecondFinal();
     }},

    {"idempotency", "wrong-first-result",
     [](Story& s) { Once(s).Append(1, 5).Call(1, 2).Repeats(2, 5).Final(); },
     [](Story& s) { Once(s).Append(1, 5).Call(1, 2).Repeats(2, 1).Final(); }},

    {"idempotency", "repeat-of-nothing",
     [](Story& s) {
       Once(s).Call(1, 2).Repeats(2, 1);
       Acknowledgement& told = s.Last<AppendReturn>().done[0];
       told.id = 99;
       told.tick = 990;
       s.Final();
     },
     [](Story& s) {
       // What the first was told nobody heard.
       s.Writer(1, 1).IsKeyed(1, 7).Call(1, 1).Land(1).IsKeyed(2, 7).Call(1, 2).Repeats(2, 1);
       s.Final();
     }},

    {"idempotency", "forgotten-key",
     [](Story& s) { Committed(s).Fail(3, Code::kTransactionExpired).Final(); },
     [](Story& s) {
       s.history.contract.idempotency_window = 0;
       Committed(s).Fail(3, Code::kTransactionExpired).Final();
     }},
};

}  // namespace

std::span<const AnomalyCase> IdempotencyCases() { return kCases; }

}  // namespace tidelog::sim::check
