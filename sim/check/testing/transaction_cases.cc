#include <span>
#include <utility>
#include <vector>

#include "sim/check/code.h"
#include "sim/check/history.h"
#include "sim/check/testing/cases.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim::check {
namespace {

// Message 1 begins a transaction with bodies 2 and 3.
Story& Open(Story& s, Nanos lease = kForever) {
  return s.Writer(1, 1).Begin(1, 1, lease).Body(1, 2, 1).Body(1, 3, 1);
}
// Message 4 commits it; scan 5 reads it.
Story& Committed(Story& s) { return Open(s).Commit(1, 4, 1, 2); }
Story& CommittedAndRead(Story& s) { return Committed(s).Scan(1, 5).Read(5); }

Record& LastTransaction(Story& s) { return s.Last<ScanBatch>().records.back(); }

// The commit, as readers and its client are told, comes at this tick.
void CommitAt(Story& s, Tick tick) {
  Open(s, kMillisecond).IsCommit(4, 1, 2).Call(1, 4, kMillisecond).Land(4);
  s.InLog(4).tick = tick;
}

// A lease of a millisecond behind message 3.
constexpr Tick kExpiry = 40 + (Tick{1} << 18);

// What a reader made of the transaction, though it was not to be.
Record MadeOf(Story& s, std::vector<int32_t> messages) {
  Record whole = s.InLog(messages.back());
  for (const int32_t message : messages) {
    Record& member = whole.members.emplace_back(s.InLog(message));
    member.stored_tick = std::exchange(member.tick, whole.tick);
  }
  return whole;
}
void ReadAs(Story& s, Record whole) {
  s.Scan(1, 5).Read(5);
  s.Last<ScanBatch>().records = {std::move(whole)};
}

constexpr AnomalyCase kCases[] = {
    {"transactions", "torn-transaction",
     [](Story& s) {
       std::vector<Record>& members = LastTransaction(CommittedAndRead(s)).members;
       members.erase(members.begin() + 1);
     },
     [](Story& s) { CommittedAndRead(s).Final().SecondFinal(); }},

    {"transactions", "bare-member",
     [](Story& s) {
       const Record body = Committed(s).InLog(3);
       s.Scan(1, 5).Read(5);
       std::vector<Record>& records = s.Last<ScanBatch>().records;
       records.insert(records.begin(), body);
     },
     [](Story& s) { Open(s).Scan(1, 5).Read(5).Final(); }},

    {"transactions", "wrong-member-tick",
     [](Story& s) { LastTransaction(CommittedAndRead(s)).members[1].tick = 30; },
     [](Story& s) { CommittedAndRead(s); }},

    {"transactions", "wrong-transaction-id",
     [](Story& s) { ++s.Writer(1, 1).Begin(1, 1).Last<AppendReturn>().done[0].txn; },
     [](Story& s) { s.Writer(1, 1).Begin(1, 1); }},

    {"transactions", "lost-commit", [](Story& s) { Committed(s).Forget(4).Final(); },
     [](Story& s) {
       Open(s).IsCommit(4, 1, 2).Call(1, 4, kMillisecond).Fail(4, Code::kOutcomeUnknown).Final();
     }},

    {"transactions", "rolled-back-read",
     [](Story& s) {
       Open(s).Rollback(1, 6, 1).IsCommit(4, 1, 2).Call(1, 4, kMillisecond).Land(4);
       s.Fail(4, Code::kOutcomeUnknown);
       ReadAs(s, MadeOf(s, {1, 2, 3, 4}));
     },
     [](Story& s) {
       Open(s).Rollback(1, 6, 1).IsCommit(4, 1, 2).Call(1, 4);
       s.Fail(4, Code::kTransactionExpired).Scan(1, 5).Read(5).Final();
     }},

    {"transactions", "expired-read",
     [](Story& s) {
       CommitAt(s, kExpiry);
       s.Fail(4, Code::kOutcomeUnknown);
       ReadAs(s, MadeOf(s, {1, 2, 3, 4}));
     },
     [](Story& s) {
       CommitAt(s, kExpiry - 1);
       s.Done(4).Scan(1, 5).Read(5);
     }},

    {"transactions", "wrong-count",
     [](Story& s) {
       Open(s).IsCommit(4, 1, 3).Call(1, 4, kMillisecond).Land(4).Fail(4, Code::kOutcomeUnknown);
       ReadAs(s, MadeOf(s, {1, 2, 3, 4}));
     },
     [](Story& s) {
       Open(s).IsCommit(4, 1, 2).Call(1, 4, kMillisecond).Land(4).Fail(4, Code::kOutcomeUnknown);
       s.Scan(1, 5).Read(5);
     }},

    {"transactions", "miscounted-commit", [](Story& s) { Open(s).Commit(1, 4, 1, 1); },
     [](Story& s) {
       s.Writer(1, 1).Begin(1, 1).Body(1, 2, 1);
       s.IsBody(3, 1).Call(1, 3, kMillisecond).Fail(3, Code::kOutcomeUnknown).Commit(1, 4, 1, 1);
     }},

    {"transactions", "interrupted-read",
     [](Story& s) {
       Open(s).Exclusive(1, 6).IsCommit(4, 1, 2).Call(1, 4, kMillisecond).Land(4);
       s.Fail(4, Code::kOutcomeUnknown);
       const Record exclusive = s.InLog(6);
       ReadAs(s, MadeOf(s, {1, 2, 3, 4}));
       s.Last<ScanBatch>().records.insert(s.Last<ScanBatch>().records.begin(), exclusive);
     },
     [](Story& s) {
       s.IsBegin(1).Is(1, {.payload = {}, .type = kBeginType, .vchannel = 7});
       s.Writer(1, 1).Append(1, 1);
       s.Exclusive(1, 6, 8);
       s.Is(4, {.payload = {}, .type = kCommitType, .vchannel = 7, .txn = 20}).Append(1, 4);
       s.Scan(1, 5).Read(5);
     }},

    {"transactions", "joined-after-end",
     [](Story& s) { Committed(s).Body(1, 6, 1).Scan(1, 5).Read(5); },
     [](Story& s) {
       Committed(s).IsBody(6, 1).Call(1, 6).Fail(6, Code::kTransactionExpired).Scan(1, 5).Read(5);
     }},

    {"last-confirmed", "confirmed-beyond-begin",
     [](Story& s) {
       Open(s).Call(1, 6).Land(6).InLog(6).last_confirmed = 3;
       s.Done(6).IsCommit(4, 1, 2).Call(1, 4).Land(4).InLog(4).last_confirmed = 3;
       s.Done(4).Scan(1, 5).Read(5);
     },
     [](Story& s) { Open(s).Append(1, 6).Commit(1, 4, 1, 2).Append(1, 7).Scan(1, 5).Read(5); }},

    {"ticks", "uncommitted-mvcc",
     [](Story& s) {
       Open(s).Mvcc(1);
       s.Last<MvccReturn>().tick = s.InLog(3).tick;
     },
     [](Story& s) { Open(s).Mvcc(1).Commit(1, 4, 1, 2).Mvcc(1); }},

    {"liveness", "unended-transaction",
     [](Story& s) {
       s.history.contract.lease_ended_within = 10 * kMillisecond;
       Open(s, kMillisecond).StoreTick(1).Pass(20 * kMillisecond).Final().Quiesce();
     },
     [](Story& s) {
       s.history.contract.lease_ended_within = 10 * kMillisecond;
       Open(s, kMillisecond).StoreTick(1).log.back().tick = kExpiry;
       s.Pass(20 * kMillisecond).Final().Quiesce();
     }},

    {"errors", "unexplained-expiry",
     [](Story& s) {
       Open(s, 1000 * kMillisecond).IsBody(6, 1).Call(1, 6).Fail(6, Code::kTransactionExpired);
     },
     [](Story& s) {
       s.Writer(1, 1).Begin(1, 1, kMillisecond).Begin(1, 2, 1000 * kMillisecond);
       s.IsBody(3, 1).Call(1, 3).Fail(3, Code::kTransactionExpired);
       s.IsBody(6, 2).Pass(600 * kMillisecond).Call(1, 6).Fail(6, Code::kTransactionExpired);
       s.Writer(2, 2).Begin(2, 7).IsBody(8, 7).Call(1, 8).Fail(8, Code::kTransactionExpired);
     }},

    // Storage that loses may have lost what another open appended, not what this one did.
    {"errors", "unexplained-state",
     [](Story& s) {
       s.history.contract.corruption = true;
       Open(s).IsCommit(4, 1, 2).Call(1, 4).Fail(4, Code::kInvalidTransactionState);
     },
     [](Story& s) {
       s.history.contract.corruption = true;
       Open(s).IsCommit(4, 1, 3).Call(1, 4).Fail(4, Code::kInvalidTransactionState);
       s.Close(1).Writer(2, 2).IsCommit(5, 1, 2).Call(2, 5);
       s.Fail(5, Code::kInvalidTransactionState);
     }},
};

}  // namespace

std::span<const AnomalyCase> TransactionCases() { return kCases; }

}  // namespace tidelog::sim::check
