// The table held against a model that looks through the whole list of records for each key (G4),
// and against tables that are rebuilt from where a stored TimeTick says (D6).
#include <algorithm>
#include <cstddef>
#include <cstdint>
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
#include "wal/utility/idempotency_table.h"
#include "wal/utility/transaction_table.h"

namespace tidelog {
namespace {

constexpr std::string_view kVChannels[] = {"", "v"};
constexpr std::string_view kKeys[] = {"a", "b", "ab", "a longer key that takes memory of its own"};

// One record, before it has its place.
struct Draft {
  enum class Kind { kPlain, kKeyed, kTick, kUnstoredTick, kBegin, kBody, kCommit } kind{};
  uint64_t vchannel = 0;  // Of two; of a member, mostly that of its transaction.
  uint64_t key = 0;       // Of those with one.
  uint64_t begin = 0;     // Of a member: which begin before it, counted back.
  uint64_t passed = 0;    // Time since the record before, in eighths of a millisecond.
  uint64_t count = 0;     // Of a commit: how wrong its number is; mostly not at all.
};

std::ostream& operator<<(std::ostream& out, const Draft& draft) {
  static constexpr const char* kNames[] = {"Plain", "Keyed", "Tick",  "UnstoredTick",
                                           "Begin", "Body",  "Commit"};
  return out << kNames[static_cast<int>(draft.kind)] << "(v" << draft.vchannel << " k" << draft.key
             << " b" << draft.begin << " +" << draft.passed << " c" << draft.count << ")";
}

rc::Gen<Draft> AnyDraft(size_t keyed_weight) {
  using Kind = Draft::Kind;
  const auto kind = rc::gen::weightedElement<Kind>({{3, Kind::kPlain},
                                                    {keyed_weight, Kind::kKeyed},
                                                    {3, Kind::kTick},
                                                    {1, Kind::kUnstoredTick},
                                                    {6, Kind::kBegin},
                                                    {1, Kind::kBody},
                                                    {8, Kind::kCommit}});
  const auto up_to = [](uint64_t max) { return rc::gen::inRange<uint64_t>(0, max); };
  return rc::gen::construct<Draft>(kind, up_to(8), up_to(4), up_to(4), up_to(20), up_to(8));
}

MutableMessage Build(const Draft& draft, std::string_view vchannel, const TxnContext& txn,
                     uint32_t bodies) {
  using Kind = Draft::Kind;
  switch (draft.kind) {
    case Kind::kKeyed:
      return testing::MakeKeyed(kKeys[draft.key], "", vchannel);
    case Kind::kTick:
      return MessageFactory::StoredTimeTick();
    case Kind::kUnstoredTick:
      return MessageFactory::UnstoredTimeTick();
    case Kind::kBegin:
      return testing::MakeBegin(vchannel, absl::Milliseconds(20));
    case Kind::kBody:
      return testing::MakeBody("", vchannel, txn);
    case Kind::kCommit:
      return testing::MakeKeyedCommit(kKeys[draft.key], vchannel, txn, bodies);
    case Kind::kPlain:
      break;
  }
  return testing::MakeInsert("", vchannel);
}

using Log = std::vector<ImmutableMessage>;

// Gives each draft its place.
Log Place(const std::vector<Draft>& drafts) {
  using Kind = Draft::Kind;
  struct Begun {
    TimeTick id;
    std::string_view vchannel;
    uint32_t bodies;
  };
  std::vector<Begun> begun;
  Log log;
  uint64_t tick = uint64_t{1000} << kTimeTickLogicalBits;
  for (const Draft& draft : drafts) {
    tick += 1 + (draft.passed << (kTimeTickLogicalBits - 3));
    std::string_view vchannel = kVChannels[draft.vchannel % 2];
    TxnContext txn{TimeTick{0}, absl::Milliseconds(20)};
    uint32_t bodies = 0;
    if (draft.kind == Kind::kBegin) begun.push_back({TimeTick{tick}, vchannel, 0});
    const bool is_member = draft.kind == Kind::kBody || draft.kind == Kind::kCommit;
    if (is_member && draft.begin < begun.size()) {
      Begun& of = begun[begun.size() - 1 - draft.begin];
      txn.id = of.id;
      if (draft.vchannel >= 2) vchannel = of.vchannel;
      if (draft.kind == Kind::kBody) ++of.bodies;
      bodies = of.bodies + (draft.count == 0 ? 1 : 0);
    }
    const MessageId id = MessageId::FromNumber({LogKind::kMemory, 1, 0}, log.size() + 1);
    log.push_back(
        testing::Stored(Build(draft, vchannel, txn, bodies), Term{1}, TimeTick{tick}, id));
  }
  return log;
}

struct Tables {
  explicit Tables(const IdempotencyTable::Limits& limits) : keys(limits) {}
  TransactionTable::Role Feed(const ImmutableMessage& message) {
    const TransactionTable::Outcome outcome = transactions.Feed(message.record(), message.id());
    keys.Feed(message.record(), message.id(), outcome);
    return outcome.role;
  }
  TransactionTable transactions;
  IdempotencyTable keys;
};

IdempotencyTable::Limits AnyLimits() {
  const auto ms = *rc::gen::weightedElement<int64_t>({{1, 1}, {3, 10}, {2, 1000}});
  const auto keys = *rc::gen::inRange<size_t>(1, 12);
  const auto bytes = *rc::gen::weightedElement<size_t>({{1, 600}, {1, 1500}, {3, 1u << 20}});
  const auto log_bytes =
      *rc::gen::weightedElement<uint64_t>({{1, 1}, {1, 400}, {1, 1500}, {4, 1u << 20}});
  return {absl::Milliseconds(ms), keys, bytes, log_bytes};
}

// The record of `key` that is remembered behind the record log[end - 1]; none: it is not.
// `counting` are the places of all records whose keys count.
std::optional<size_t> Remembered(const Log& log, const std::vector<size_t>& counting, size_t end,
                                 const IdempotencyTable::Limits& limits,
                                 const IdempotencyKey& key) {
  uint64_t now = 0;
  uint64_t behind_first = 0;
  for (size_t i = 0; i < end; ++i) {
    if (log[i].record().flags() & kNotPersisted) continue;
    now = ToInt(log[i].time_tick());
    behind_first += log[i].record().size();
  }
  // Of the records behind log[place].
  const auto bytes_behind = [&log, behind_first](size_t place) {
    uint64_t behind = behind_first;
    for (size_t i = 0; i <= place; ++i) {
      if (!(log[i].record().flags() & kNotPersisted)) behind -= log[i].record().size();
    }
    return behind;
  };
  const uint64_t window = static_cast<uint64_t>(absl::ToInt64Milliseconds(limits.window))
                          << kTimeTickLogicalBits;
  size_t count = 0;
  size_t bytes = 0;
  for (auto place = counting.rbegin(); place != counting.rend(); ++place) {
    if (*place >= end) continue;
    const ImmutableMessage& record = log[*place];
    const std::string_view own = *record.record().idempotency_key();
    bytes += own.size() + record.vchannel().size() + 256;
    const bool too_old = now - ToInt(record.time_tick()) >= window;
    const bool too_many = ++count > limits.keys_max;
    const bool too_far_back = bytes_behind(*place) > limits.log_bytes_max;
    if (too_old || too_many || too_far_back || (count > 1 && bytes > limits.bytes_max)) {
      return std::nullopt;
    }
    if (own == key.key && record.vchannel() == key.vchannel) return *place;
  }
  return std::nullopt;
}

RC_GTEST_PROP(IdempotencyTableProperty, SaysWhatALookThroughAllRecordsSays, ()) {
  using Role = TransactionTable::Role;
  const Log log = Place(*rc::gen::container<std::vector<Draft>>(AnyDraft(12)));
  const IdempotencyTable::Limits limits = AnyLimits();
  Tables tables(limits);
  std::vector<size_t> counting;
  size_t found = 0;
  size_t forgotten = 0;
  for (size_t i = 0; i < log.size(); ++i) {
    const Role role = tables.Feed(log[i]);
    const bool counts = role == Role::kNone || role == Role::kCommitted;
    if (counts && log[i].record().idempotency_key()) counting.push_back(i);
    size_t remembered = 0;
    for (const std::string_view vchannel : kVChannels) {
      for (const std::string_view key : kKeys) {
        const IdempotencyKey one{vchannel, key};
        const std::optional<size_t> place = Remembered(log, counting, i + 1, limits, one);
        const IdempotencyTable::Result* result = tables.keys.Find(one);
        RC_ASSERT((result != nullptr) == place.has_value());
        if (!place) continue;
        ++remembered;
        RC_ASSERT(result->id == log[*place].id());
        RC_ASSERT(result->time_tick == log[*place].time_tick());
        RC_ASSERT(result->last_confirmed == log[*place].last_confirmed());
      }
    }
    RC_ASSERT(tables.keys.size() == remembered);
    found += remembered;
    forgotten += remembered < counting.size() ? 1 : 0;
  }
  RC_CLASSIFY(found > 0, "remembers");
  RC_CLASSIFY(forgotten > 0, "forgets");
}

// D6: a TimeTick is stamped when the records before `known` are acknowledged, and lies at `place`;
// an open that finds it begins where it says, or at its last-confirmed.
RC_GTEST_PROP(IdempotencyTableProperty, IsTheSameWhenItIsRebuiltFromAStoredTick, ()) {
  std::vector<Draft> drafts =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<Draft>>(AnyDraft(4)));
  const auto place = *rc::gen::inRange<size_t>(drafts.size() / 2, drafts.size());
  const auto in_flight = *rc::gen::inRange<size_t>(0, 5);
  const size_t known = place - std::min(place, in_flight);
  drafts[place].kind = Draft::Kind::kTick;
  const Log log = Place(drafts);
  const IdempotencyTable::Limits limits = AnyLimits();

  Tables all(limits);
  for (size_t i = 0; i < known; ++i) all.Feed(log[i]);
  // The log's ids are its places and one.
  size_t from = known == 0 ? 0 : known - 1;
  const auto lower = [&from](const MessageId* id) {
    if (id != nullptr) from = std::min<size_t>(from, *id->ToNumber() - 1);
  };
  lower(all.transactions.oldest_begin());
  const size_t confirmed = from;
  const std::optional<MessageId> start = all.keys.StartAt(log[place].time_tick());
  lower(start ? &*start : nullptr);
  for (size_t i = known; i <= place; ++i) all.Feed(log[i]);

  Tables rebuilt(limits);
  for (size_t i = from; i <= place; ++i) rebuilt.Feed(log[i]);
  for (size_t i = place; i < log.size(); ++i) {
    if (i > place) {
      all.Feed(log[i]);
      rebuilt.Feed(log[i]);
    }
    for (const std::string_view vchannel : kVChannels) {
      for (const std::string_view key : kKeys) {
        const IdempotencyTable::Result* expected = all.keys.Find({vchannel, key});
        const IdempotencyTable::Result* result = rebuilt.keys.Find({vchannel, key});
        RC_ASSERT((result != nullptr) == (expected != nullptr));
        if (result != nullptr) RC_ASSERT(result->id == expected->id);
      }
    }
    RC_ASSERT(rebuilt.keys.size() == all.keys.size());
    RC_ASSERT(rebuilt.keys.bytes() == all.keys.bytes());
    RC_ASSERT(rebuilt.keys.StartAt(log[i].time_tick()) == all.keys.StartAt(log[i].time_tick()));
  }
  RC_CLASSIFY(from > 0 && all.keys.size() > 0, "begins later");
  RC_CLASSIFY(from < confirmed, "because of its keys");
  RC_CLASSIFY(start && from < confirmed && *start == log[from].id() &&
                  log[from].type() == MessageType::kBeginTxn,
              "because of a begin");
}

}  // namespace
}  // namespace tidelog
