// The table held against a model that decides about each transaction by itself, by looking through
// the whole list of records (E6), and against feeds that begin later (D3).
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"
#include "wal/utility/transaction_table.h"

namespace tidelog {
namespace {

using Role = TransactionTable::Role;

// One record, before it has its place.
struct Draft {
  enum class Kind {
    kPlain,
    kTick,
    kUnstoredTick,
    kExclusive,
    kBegin,
    kBody,
    kExclusiveBody,
    kCommit,
    kRollback
  } kind{};
  uint64_t vchannel = 0;  // Of three; of a member, mostly that of its transaction.
  uint64_t begin = 0;     // Of a member: which begin before it, counted back.
  uint64_t lease = 0;     // Of a begin: which.
  uint64_t passed = 0;    // Time since the record before, in eighths of a millisecond.
  uint64_t count = 0;     // Of a commit: how wrong its number is; mostly not at all.
};

std::ostream& operator<<(std::ostream& out, const Draft& draft) {
  static constexpr const char* kNames[] = {"Plain", "Tick",     "UnstoredTick", "Excl",    "Begin",
                                           "Body",  "ExclBody", "Commit",       "Rollback"};
  return out << kNames[static_cast<int>(draft.kind)] << "(v" << draft.vchannel << " b"
             << draft.begin << " l" << draft.lease << " +" << draft.passed << " c" << draft.count
             << ")";
}

rc::Gen<Draft> AnyDraft() {
  using Kind = Draft::Kind;
  const auto kind = rc::gen::weightedElement<Kind>({{3, Kind::kPlain},
                                                    {3, Kind::kTick},
                                                    {1, Kind::kUnstoredTick},
                                                    {1, Kind::kExclusive},
                                                    {6, Kind::kBegin},
                                                    {12, Kind::kBody},
                                                    {1, Kind::kExclusiveBody},
                                                    {8, Kind::kCommit},
                                                    {2, Kind::kRollback}});
  const auto up_to = [](uint64_t max) { return rc::gen::inRange<uint64_t>(0, max); };
  return rc::gen::construct<Draft>(kind, up_to(12), up_to(5), up_to(6), up_to(20), up_to(10));
}

constexpr std::string_view kVChannels[] = {"", "v", "w"};

// -5 ms ends at once; 0 is the default.
constexpr int64_t kLeasesMs[] = {1, 4, 16, 0, -5};
absl::Duration LeaseOf(uint64_t draw) {
  return draw < std::size(kLeasesMs) ? absl::Milliseconds(kLeasesMs[draw])
                                     : absl::InfiniteDuration();
}

// A record as the model sees it.
struct Fact {
  Draft::Kind kind{};
  std::string vchannel;
  uint64_t tick = 0;
  uint64_t txn = 0;                     // The tick of the begin.
  uint32_t count = 0;                   // Of a commit.
  std::optional<uint64_t> lease_ticks;  // Of a begin; none: infinite.
};

// What becomes of the transaction that begins at facts[begin], and where: by its definition (E6).
struct Fate {
  size_t end = SIZE_MAX;  // SIZE_MAX: it is still open.
  TransactionEnd reason{};
  std::vector<size_t> bodies;
};

Fate FateOf(const std::vector<Fact>& facts, size_t begin) {
  using Kind = Draft::Kind;
  const Fact& first = facts[begin];
  Fate fate;
  uint64_t newest = first.tick;
  for (size_t i = begin + 1; i < facts.size(); ++i) {
    const Fact& fact = facts[i];
    const bool past = first.lease_ticks && fact.tick - newest >= *first.lease_ticks;
    const auto ends = [&](TransactionEnd reason) {
      fate.end = i;
      fate.reason = reason;
      return fate;
    };
    if (fact.kind == Kind::kTick && past) return ends(TransactionEnd::kExpired);
    if (fact.kind == Kind::kExclusive || fact.kind == Kind::kExclusiveBody) {
      if (first.vchannel == "" || fact.vchannel == "" || first.vchannel == fact.vchannel) {
        return ends(TransactionEnd::kExclusive);
      }
      continue;
    }
    if (fact.txn != first.tick || fact.vchannel != first.vchannel || past) continue;
    if (fact.kind == Kind::kRollback) return ends(TransactionEnd::kRolledBack);
    if (fact.kind == Kind::kCommit) {
      return ends(fact.count == fate.bodies.size() ? TransactionEnd::kCommitted
                                                   : TransactionEnd::kMismatched);
    }
    if (fact.kind == Kind::kBody) {
      fate.bodies.push_back(i);
      newest = fact.tick;
    }
  }
  return fate;
}

// A log, as its records and as facts.
struct Log {
  std::vector<ImmutableMessage> records;
  std::vector<Fact> facts;
};

MutableMessage Build(const Fact& fact, absl::Duration lease) {
  using Kind = Draft::Kind;
  const TxnContext txn{TimeTick{fact.txn}, absl::Seconds(1)};
  switch (fact.kind) {
    case Kind::kTick:
      return MessageFactory::StoredTimeTick();
    case Kind::kUnstoredTick:
      return MessageFactory::UnstoredTimeTick();
    case Kind::kExclusive:
      return testing::MakeMessage(MessageType::kDropPartition, "", fact.vchannel);
    case Kind::kBegin: {
      MutableMessage::Builder builder = MessageFactory::AnyBuilder(MessageType::kBeginTxn);
      builder.VChannel(fact.vchannel).Txn({TimeTick{0}, lease});
      return *std::move(builder).Build("");
    }
    case Kind::kBody:
      return testing::MakeBody("b", fact.vchannel, txn);
    case Kind::kExclusiveBody: {
      MutableMessage::Builder builder(MessageType::kFlushAll);
      builder.VChannel(fact.vchannel).Txn(txn);
      return *std::move(builder).Build("");
    }
    case Kind::kCommit:
      return testing::MakeCommit(fact.vchannel, txn, fact.count);
    case Kind::kRollback:
      return testing::MakeRollback(fact.vchannel, txn);
    case Kind::kPlain:
      break;
  }
  return testing::MakeInsert("p", fact.vchannel);
}

// Gives each draft its place; members mean a begin before them, or none.
Log Place(const std::vector<Draft>& drafts) {
  using Kind = Draft::Kind;
  Log log;
  std::vector<size_t> begins;
  uint64_t tick = uint64_t{1000} << kTimeTickLogicalBits;
  for (const Draft& draft : drafts) {
    tick += 1 + (draft.passed << (kTimeTickLogicalBits - 3));
    Fact fact{draft.kind, std::string(kVChannels[draft.vchannel % 3]), tick, 0, 0, std::nullopt};
    absl::Duration lease = LeaseOf(draft.lease);
    if (draft.kind == Kind::kBegin) {
      begins.push_back(log.facts.size());
      const int64_t ms = lease == absl::ZeroDuration() ? 10000 : absl::ToInt64Milliseconds(lease);
      const uint64_t ticks = ms < 0 ? 0 : static_cast<uint64_t>(ms) << kTimeTickLogicalBits;
      if (lease != absl::InfiniteDuration()) fact.lease_ticks = ticks;
    } else if (draft.begin < begins.size()) {
      const size_t begin = begins[begins.size() - 1 - draft.begin];
      fact.txn = log.facts[begin].tick;
      if (draft.vchannel >= 3) fact.vchannel = log.facts[begin].vchannel;
      const size_t bodies = FateOf(log.facts, begin).bodies.size();
      fact.count = static_cast<uint32_t>(bodies + (draft.count < 8 ? 0 : draft.count - 7));
    }
    const MessageId id = MessageId::FromNumber({LogKind::kMemory, 1, 0}, log.facts.size() + 1);
    log.records.push_back(testing::Stored(Build(fact, lease), Term{1}, TimeTick{tick}, id));
    log.facts.push_back(std::move(fact));
  }
  return log;
}

Log AnyLog() { return Place(*rc::gen::container<std::vector<Draft>>(AnyDraft())); }

// What a record is to transactions, by the fates of all of them.
Role RoleOf(const Log& log, const std::vector<std::pair<size_t, Fate>>& fates, size_t index) {
  using Kind = Draft::Kind;
  const Kind kind = log.facts[index].kind;
  if (kind == Kind::kBegin) return Role::kBegun;
  if (kind != Kind::kBody && kind != Kind::kCommit && kind != Kind::kRollback) return Role::kNone;
  for (const auto& [begin, fate] : fates) {
    if (std::find(fate.bodies.begin(), fate.bodies.end(), index) != fate.bodies.end()) {
      return Role::kJoined;
    }
    if (fate.end != index) continue;
    if (fate.reason == TransactionEnd::kCommitted) return Role::kCommitted;
    if (fate.reason == TransactionEnd::kMismatched) return Role::kMismatched;
    return Role::kRolledBack;
  }
  return Role::kOrphan;
}

std::vector<std::pair<size_t, Fate>> FatesOf(const Log& log) {
  std::vector<std::pair<size_t, Fate>> fates;
  for (size_t i = 0; i < log.facts.size(); ++i) {
    if (log.facts[i].kind == Draft::Kind::kBegin) fates.emplace_back(i, FateOf(log.facts, i));
  }
  return fates;
}

// INVARIANT: the table says of each record what its transactions' fates say, and those that ended,
// and those that are open.
void CheckStep(const Log& log, const std::vector<std::pair<size_t, Fate>>& fates,
               const TransactionTable& table, const TransactionTable::Outcome& outcome,
               size_t index) {
  RC_ASSERT(outcome.role == RoleOf(log, fates, index));
  size_t ended = 0;
  size_t open = 0;
  const MessageId* oldest = nullptr;
  for (const auto& [begin, fate] : fates) {
    if (begin > index) break;
    const TimeTick id{log.facts[begin].tick};
    if (fate.end == index) {
      RC_ASSERT(outcome.ended.size() > ended);
      RC_ASSERT(outcome.ended[ended].transaction.id == id);
      RC_ASSERT(outcome.ended[ended].reason == fate.reason);
      RC_ASSERT(outcome.ended[ended].transaction.body_count == fate.bodies.size());
      ++ended;
    }
    if (fate.end > index) {
      ++open;
      if (oldest == nullptr) oldest = &log.records[begin].id();
      RC_ASSERT(table.Find(id) != nullptr);
      RC_ASSERT(table.Find(id)->begin == log.records[begin].id());
    }
  }
  RC_ASSERT(outcome.ended.size() == ended);
  RC_ASSERT(table.open().size() == open);
  RC_ASSERT((oldest == nullptr) == (table.oldest_begin() == nullptr));
  if (oldest != nullptr) RC_ASSERT(*table.oldest_begin() == *oldest);
}

RC_GTEST_PROP(TransactionTableProperty, SaysWhatALookThroughAllRecordsSays, ()) {
  const Log log = AnyLog();
  const std::vector<std::pair<size_t, Fate>> fates = FatesOf(log);
  TransactionTable table;
  size_t commits = 0;
  for (size_t i = 0; i < log.records.size(); ++i) {
    const TransactionTable::Outcome outcome =
        table.Feed(log.records[i].record(), log.records[i].id());
    CheckStep(log, fates, table, outcome, i);
    commits += outcome.role == Role::kCommitted ? 1 : 0;
  }
  RC_CLASSIFY(commits > 0, "commits");
}

// Indexes of the commits behind `behind` that a feed from `from` on meets.
std::vector<size_t> CommitsBehind(const Log& log, size_t from, size_t behind) {
  TransactionTable table;
  std::vector<size_t> commits;
  for (size_t i = from; i < log.records.size(); ++i) {
    const TransactionTable::Outcome outcome =
        table.Feed(log.records[i].record(), log.records[i].id());
    if (i > behind && outcome.role == Role::kCommitted) commits.push_back(i);
  }
  return commits;
}

// D3: the last-confirmed of a message is the lower of its own id and where the oldest transaction
// begins that is open there.
RC_GTEST_PROP(TransactionTableProperty, MeetsTheSameCommitsFromLastConfirmedOrBelow, ()) {
  const Log log = AnyLog();
  RC_PRE(!log.records.empty());
  const size_t message = *rc::gen::inRange<size_t>(0, log.records.size());
  TransactionTable table;
  size_t confirmed = message;
  for (size_t i = 0; i < message; ++i) table.Feed(log.records[i].record(), log.records[i].id());
  if (table.oldest_begin() != nullptr) confirmed = *table.oldest_begin()->ToNumber() - 1;
  const size_t from = *rc::gen::inRange<size_t>(0, confirmed + 1);
  const std::vector<size_t> all = CommitsBehind(log, 0, message);
  RC_CLASSIFY(!all.empty() && confirmed < message, "a commit of what was open");
  RC_ASSERT(CommitsBehind(log, from, message) == all);
}

}  // namespace
}  // namespace tidelog
