// A log under random transactions, failures, fences, re-opens and schedules, held against a look
// through all that is stored: E1 to E6, C2, D3.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using Result = absl::StatusOr<AppendResult>;

struct Step {
  enum class Kind {
    kBegin,
    kBody,
    kBatch,
    kCommit,  // `amount` % 8 == 0: counts one body too many in.
    kRollback,
    kPlain,
    kExclusive,
    kHold,
    kRelease,
    kReleaseAll,
    kFail,
    kAdvance,  // By `amount` * 20 ms.
    kSettle,
    kTakeOver,
    kReopen,
  } kind{};
  uint64_t amount = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* kNames[] = {"Begin", "Body",      "Batch",  "Commit",   "Rollback",
                                           "Plain", "Exclusive", "Hold",   "Release",  "ReleaseAll",
                                           "Fail",  "Advance",   "Settle", "TakeOver", "Reopen"};
  return out << kNames[static_cast<int>(step.kind)] << "(" << step.amount << ")";
}

rc::Gen<Step> AnyStep() {
  using Kind = Step::Kind;
  const auto kind = rc::gen::weightedElement<Kind>({{10, Kind::kBegin},
                                                    {20, Kind::kBody},
                                                    {3, Kind::kBatch},
                                                    {14, Kind::kCommit},
                                                    {2, Kind::kRollback},
                                                    {6, Kind::kPlain},
                                                    {2, Kind::kExclusive},
                                                    {4, Kind::kHold},
                                                    {4, Kind::kRelease},
                                                    {5, Kind::kReleaseAll},
                                                    {3, Kind::kFail},
                                                    {6, Kind::kAdvance},
                                                    {8, Kind::kSettle},
                                                    {1, Kind::kTakeOver},
                                                    {1, Kind::kReopen}});
  return rc::gen::construct<Step>(kind, rc::gen::inRange<uint64_t>(0, 30));
}

// What became of the transaction that begins at records[begin], by its definition (E6).
struct Fate {
  size_t end = SIZE_MAX;
  bool committed = false;
  bool mismatched = false;
  std::vector<size_t> bodies;
};

Fate FateOf(const std::vector<ImmutableMessage>& records, size_t begin) {
  const ImmutableMessage& first = records[begin];
  const absl::Duration lease = first.record().txn()->keepalive;
  TimeTick newest = first.time_tick();
  Fate fate;
  for (size_t i = begin + 1; i < records.size() && fate.end == SIZE_MAX; ++i) {
    const ImmutableMessage& record = records[i];
    const uint64_t passed = ToInt(record.time_tick()) - ToInt(newest);
    const bool past =
        absl::Milliseconds(static_cast<double>(passed) / (1 << kTimeTickLogicalBits)) >= lease;
    if (record.type() == MessageType::kTimeTick) {
      if (past) fate.end = i;
    } else if (record.type() == MessageType::kManualFlush) {
      const bool in_scope = first.vchannel().empty() || record.vchannel().empty() ||
                            first.vchannel() == record.vchannel();
      if (in_scope) fate.end = i;
    } else if (record.type() != MessageType::kBeginTxn && record.record().txn() &&
               record.record().txn()->id == first.time_tick() && !past) {
      const bool commits = record.type() == MessageType::kCommitTxn;
      if (commits || record.type() == MessageType::kRollbackTxn) {
        fate.end = i;
        fate.committed = commits && record.record().txn_bodies() == fate.bodies.size();
        fate.mismatched = commits && !fate.committed;
      } else {
        fate.bodies.push_back(i);
        newest = record.time_tick();
      }
    }
  }
  return fate;
}

// One transaction as its client knows it.
struct Client {
  std::optional<TxnContext> txn;  // None: its begin is on its way, or failed.
  std::string vchannel;
  std::vector<std::string> bodies;  // All but those that it knows not done.
  bool over = false;                // It was told so, or has asked for it.
};

struct Pending {
  std::vector<std::string> payloads;
  size_t client = SIZE_MAX;  // Of a transaction's message.
  MessageType type{};
  std::optional<Future<Result>> single;
  std::optional<Future<BatchResult>> batch;
};

class System {
 public:
  explicit System(uint64_t seed) : world_({.seed = seed}) {
    walimpls::Traits traits = world_.backend().traits();
    traits.group_count_max = 2;
    world_.backend().set_traits(traits);
    wal_ = world_.MustOpen(term_);
  }
  ~System() {
    world_.fake().StopHoldingAppends();
    for (std::unique_ptr<Wal>& wal : fenced_) (void)world_.Close(*wal);
    (void)world_.Close(*wal_);
    Settle();
  }

  void Do(const Step& step) {
    using Kind = Step::Kind;
    switch (step.kind) {
      case Kind::kBegin:
        return Begin(step.amount);
      case Kind::kBody:
        return Body(step.amount, 1);
      case Kind::kBatch:
        return Body(step.amount, 2 + step.amount % 3);
      case Kind::kCommit:
        return End(step.amount, MessageType::kCommitTxn);
      case Kind::kRollback:
        return End(step.amount, MessageType::kRollbackTxn);
      case Kind::kPlain:
        return Outside(MessageType::kInsert, step.amount);
      case Kind::kExclusive:
        return Outside(MessageType::kManualFlush, step.amount);
      case Kind::kHold:
        return world_.fake().HoldAppends();
      case Kind::kRelease:
        return world_.fake().ReleaseAppends(step.amount % 4);
      case Kind::kReleaseAll:
        return world_.fake().StopHoldingAppends();
      case Kind::kFail:
        return world_.fake().FailAppends(1 + step.amount % 3, step.amount % 3 == 0
                                                                  ? WalErrorCode::kResourceExhausted
                                                                  : WalErrorCode::kUnavailable);
      case Kind::kAdvance:
        return world_.runtime().Advance(absl::Milliseconds(20) * step.amount);
      case Kind::kSettle:
        return Settle();
      case Kind::kTakeOver:
      case Kind::kReopen:
        return NextTerm(step.kind == Kind::kTakeOver);
    }
  }

  // Everything comes to its end.
  void Finish() {
    Heal();
    world_.runtime().Advance(absl::Seconds(20));
    Collect();
    RC_ASSERT(pending_.empty());
    Check();
    CheckScans();
  }

  void Collect() {
    std::erase_if(pending_, [this](Pending& pending) { return Take(pending); });
  }

  // INVARIANT: what clients were told and what is stored agree.
  void Check() {
    const std::vector<ImmutableMessage> records = world_.fake().records();
    absl::btree_map<std::string, size_t> places;
    for (size_t i = 0; i < records.size(); ++i) {
      if (records[i].type() == MessageType::kTimeTick) continue;
      const bool is_new = places.emplace(std::string(records[i].payload()), i).second;
      RC_ASSERT(is_new);
    }
    for (const std::string& payload : not_done_) RC_ASSERT(!places.contains(payload));  // C2.
    absl::btree_set<size_t> counted;
    for (size_t i = 0; i < records.size(); ++i) {
      if (records[i].type() != MessageType::kBeginTxn) continue;
      const Fate fate = FateOf(records, i);
      RC_ASSERT(!fate.mismatched);  // E3: the writer refuses it.
      counted.insert(fate.bodies.begin(), fate.bodies.end());
      if (fate.end != SIZE_MAX && FramesTransaction(records[fate.end].type())) {
        counted.insert(fate.end);
      }
      // D3: whatever is stored while it is open confirms nothing behind its begin.
      for (size_t j = i + 1; j < records.size() && j < fate.end; ++j) {
        RC_ASSERT(!BeforeWithinLog(records[i].id(), records[j].last_confirmed()));
      }
    }
    // No member is acknowledged that does not count.
    for (const std::string& payload : done_members_) RC_ASSERT(counted.contains(places[payload]));
  }

 private:
  void Settle() { world_.runtime().RunUntilIdle(); }
  void Heal() {
    world_.fake().FailAppends(0, WalErrorCode::kUnavailable);
    world_.fake().StopHoldingAppends();
  }
  std::string Payload() { return absl::StrCat("m", next_payload_++); }

  void Append(MutableMessage::Builder builder, size_t client, MessageType type) {
    Pending pending;
    pending.payloads.push_back(Payload());
    pending.client = client;
    pending.type = type;
    pending.single.emplace(wal_->Append(*std::move(builder).Build(pending.payloads[0]), {}));
    pending_.push_back(std::move(pending));
  }

  void Begin(uint64_t amount) {
    static constexpr std::string_view kVChannels[] = {"v", "v", "w", ""};
    static constexpr int64_t kLeasesMs[] = {300, 2000, 10000};
    Client client;
    client.vchannel = std::string(kVChannels[amount % 4]);
    MutableMessage::Builder builder(MessageType::kBeginTxn);
    builder.VChannel(client.vchannel).Txn({{}, absl::Milliseconds(kLeasesMs[amount % 3])});
    clients_.push_back(std::move(client));
    Append(std::move(builder), clients_.size() - 1, MessageType::kBeginTxn);
  }

  // One of the last few; mostly one that is not over.  None: there is none to which it could
  // belong.
  std::optional<size_t> Pick(uint64_t amount) {
    std::vector<size_t> open;
    for (size_t i = 0; i < clients_.size(); ++i) {
      if (clients_[i].txn && (!clients_[i].over || amount == 29)) open.push_back(i);
    }
    if (open.empty()) return std::nullopt;
    return open[open.size() - 1 - amount % std::min<size_t>(open.size(), 3)];
  }

  void Body(uint64_t amount, size_t count) {
    const std::optional<size_t> picked = Pick(amount);
    if (!picked) return;
    Client& client = clients_[*picked];
    if (count == 1) {
      MutableMessage::Builder builder(MessageType::kInsert);
      builder.VChannel(client.vchannel).Txn(*client.txn);
      Append(std::move(builder), *picked, MessageType::kInsert);
      client.bodies.push_back(pending_.back().payloads[0]);
      return;
    }
    Pending pending;
    pending.client = *picked;
    pending.type = MessageType::kInsert;
    std::vector<MutableMessage> messages;
    for (size_t i = 0; i < count; ++i) {
      pending.payloads.push_back(Payload());
      MutableMessage::Builder builder(MessageType::kInsert);
      builder.VChannel(client.vchannel).Txn(*client.txn);
      messages.push_back(*std::move(builder).Build(pending.payloads.back()));
      client.bodies.push_back(pending.payloads.back());
    }
    pending.batch.emplace(wal_->AppendBatch(std::move(messages), AppendOptions()));
    pending_.push_back(std::move(pending));
  }

  void End(uint64_t amount, MessageType type) {
    const std::optional<size_t> picked = Pick(amount);
    if (!picked) return;
    Client& client = clients_[*picked];
    MutableMessage::Builder builder(type);
    builder.VChannel(client.vchannel).Txn(*client.txn);
    if (type == MessageType::kCommitTxn) {
      const size_t wrong = amount % 8 == 0 ? 1 : 0;
      builder.TxnBodies(static_cast<uint32_t>(client.bodies.size() + wrong));
    }
    Append(std::move(builder), *picked, type);
  }

  void Outside(MessageType type, uint64_t amount) {
    MutableMessage::Builder builder(type);
    if (amount % 3 != 0) builder.VChannel(amount % 3 == 1 ? "v" : "w");
    Append(std::move(builder), SIZE_MAX, type);
  }

  void NextTerm(bool take_over) {
    Heal();
    term_ = Term{ToInt(term_) + 1};
    if (take_over) {
      fenced_.push_back(std::move(wal_));
    } else {
      (void)world_.Close(*wal_);
    }
    Collect();
    absl::StatusOr<std::unique_ptr<Wal>> next = world_.Open(term_);
    if (!next.ok()) {
      // What the writer before had at the fake backend was in the way of the first tick.
      RC_ASSERT(CodeOf(next) == WalErrorCode::kUnavailable);
      Heal();
      term_ = Term{ToInt(term_) + 1};
      next = world_.Open(term_);
    }
    RC_ASSERT(next.ok());
    wal_ = *std::move(next);
  }

  bool Take(Pending& pending) {
    BatchResult result;
    if (pending.single) {
      if (!pending.single->ready()) return false;
      Result single = std::move(*pending.single).Take();
      result.rest = single.status();
      if (single.ok()) result.done.push_back(*single);
      if (EffectOf(result.rest) == Effect::kUnknown) result.unknown = 1;
    } else {
      if (!pending.batch->ready()) return false;
      result = std::move(*pending.batch).Take();
    }
    for (size_t i = 0; i < pending.payloads.size(); ++i) {
      const bool done = i < result.done.size();
      const bool not_done = i >= result.done.size() + result.unknown;
      if (not_done) not_done_.insert(pending.payloads[i]);
      if (pending.client == SIZE_MAX) continue;
      NoteMember(pending, pending.payloads[i], done, not_done, result);
    }
    return true;
  }

  void NoteMember(const Pending& pending, const std::string& payload, bool done, bool not_done,
                  const BatchResult& result) {
    Client& client = clients_[pending.client];
    if (pending.type == MessageType::kBeginTxn) {
      if (done) client.txn = result.done[0].txn;
      return;
    }
    if (done) done_members_.push_back(payload);
    if (not_done) std::erase(client.bodies, payload);
    const bool ended = FramesTransaction(pending.type) && !not_done;
    if (ended || GetWalErrorCode(result.rest) == WalErrorCode::kTransactionExpired) {
      client.over = true;
    }
  }

  // What readers are to be given, each with its tick: "a", of a transaction "[a b]".
  std::vector<std::pair<TimeTick, std::string>> Visible() {
    const std::vector<ImmutableMessage> records = world_.fake().records();
    absl::btree_map<TimeTick, std::string> visible;
    for (size_t i = 0; i < records.size(); ++i) {
      if (records[i].type() == MessageType::kBeginTxn) {
        const Fate fate = FateOf(records, i);
        if (!fate.committed) continue;
        std::string text = "[";
        for (const size_t body : fate.bodies) absl::StrAppend(&text, records[body].payload(), " ");
        visible[records[fate.end].time_tick()] = text;
      } else if (records[i].type() != MessageType::kTimeTick && !records[i].record().txn()) {
        visible[records[i].time_tick()] = std::string(records[i].payload());
      }
    }
    return {visible.begin(), visible.end()};
  }

  std::vector<std::pair<TimeTick, std::string>> Read(DeliverPolicy from) {
    std::vector<std::pair<TimeTick, std::string>> read;
    std::unique_ptr<Scanner> scanner =
        world_.MustRead(*wal_, {.from = from, .until = TailAtOpen{}});
    for (bool end = false; !end;) {
      const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
      RC_ASSERT(batch.ok());
      for (const ImmutableMessage& message : batch->messages) {
        std::string text(message.type() == MessageType::kTxn ? "[" : message.payload());
        for (const ImmutableMessage& member : message.transaction()) {
          if (!FramesTransaction(member.type())) absl::StrAppend(&text, member.payload(), " ");
        }
        read.emplace_back(message.time_tick(), std::move(text));
      }
      end = batch->end;
    }
    world_.MustClose(*scanner);
    return read;
  }

  // F2, and D3 for every record.
  void CheckScans() {
    const std::vector<std::pair<TimeTick, std::string>> visible = Visible();
    RC_ASSERT(Read(Earliest{}) == visible);
    RC_CLASSIFY(std::any_of(visible.begin(), visible.end(),
                            [](const auto& one) { return one.second.starts_with("[m"); }),
                "commits");
    for (const ImmutableMessage& record : world_.fake().records()) {
      std::vector<std::pair<TimeTick, std::string>> above = visible;
      std::erase_if(above, [&](const auto& one) { return one.first <= record.time_tick(); });
      RC_ASSERT(Read(After{record.position()}) == above);
    }
  }

  LogWorld world_;
  Term term_{1};
  std::unique_ptr<Wal> wal_;
  std::vector<std::unique_ptr<Wal>> fenced_;
  std::vector<Client> clients_;
  std::vector<Pending> pending_;
  absl::btree_set<std::string> not_done_;
  std::vector<std::string> done_members_;
  uint64_t next_payload_ = 0;
};

RC_GTEST_PROP(TransactionPropertyTest, WhatIsToldStoredAndReadAgreesUnderEverySchedule, ()) {
  const auto seed = *rc::gen::inRange<uint64_t>(1, 1000000);
  const auto steps = *rc::gen::container<std::vector<Step>>(AnyStep());
  System system(seed);
  for (const Step& step : steps) {
    system.Do(step);
    system.Collect();
    system.Check();
  }
  system.Finish();
}

}  // namespace
}  // namespace tidelog::adaptor
