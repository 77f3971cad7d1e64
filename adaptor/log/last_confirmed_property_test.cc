// A log under random appends, failures, fences, re-opens and schedules, held against what it
// promises about order: C1, C2, C4, D1, D2, D3, D8, F2.
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
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

using Held = walimpls::FakeLog::Held;

// One thing that happens to the log.
struct Step {
  enum class Kind {
    kAppend,   // `amount` % 3: plainly, with a deadline, or with a barrier.
    kBatch,    // Of 2 to 5 messages.
    kHold,     // Appends stay at the backend.
    kRelease,  // `amount` of them are done.
    kReleaseAll,
    kFail,     // The next appends end not done.
    kAdvance,  // By `amount` * 20 ms.
    kSettle,
    kFailScan,
    kTakeOver,  // The next term opens while this one is open.
    kReopen,    // After a close.
    kOpenScanner,
    kTruncate,
  } kind{};
  uint64_t amount = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* kNames[] = {
      "Append", "Batch",    "Hold",     "Release", "ReleaseAll",  "Fail",    "Advance",
      "Settle", "FailScan", "TakeOver", "Reopen",  "OpenScanner", "Truncate"};
  return out << kNames[static_cast<int>(step.kind)] << "(" << step.amount << ")";
}

rc::Gen<Step> AnyStep() {
  const auto kind = rc::gen::weightedElement<Step::Kind>({{20, Step::Kind::kAppend},
                                                          {4, Step::Kind::kBatch},
                                                          {4, Step::Kind::kHold},
                                                          {5, Step::Kind::kRelease},
                                                          {4, Step::Kind::kReleaseAll},
                                                          {4, Step::Kind::kFail},
                                                          {8, Step::Kind::kAdvance},
                                                          {6, Step::Kind::kSettle},
                                                          {2, Step::Kind::kFailScan},
                                                          {2, Step::Kind::kTakeOver},
                                                          {1, Step::Kind::kReopen},
                                                          {3, Step::Kind::kOpenScanner},
                                                          {1, Step::Kind::kTruncate}});
  return rc::gen::construct<Step>(kind, rc::gen::inRange<uint64_t>(0, 30));
}

// One reader, and what it has been told.
class Reader {
 public:
  // `term` is its log's.
  Reader(LogWorld* world, std::unique_ptr<Scanner> scanner, Term term)
      : world_(*world), scanner_(std::move(scanner)), term_(term) {}

  // Takes what there is without waiting.
  void Drain() {
    while (!ended_) {
      if (!next_) next_.emplace(scanner_->Next(ScanBatch()));
      world_.runtime().RunUntilIdle();
      if (!next_->ready()) return;
      absl::StatusOr<ScanBatch> batch = std::move(*next_).Take();
      next_.reset();
      if (batch.ok()) {
        Take(*batch);
      } else {
        ended_ = true;
        error_ = batch.status();
      }
    }
  }

  void Close() {
    if (scanner_ == nullptr) return;
    world_.MustClose(*scanner_);
    world_.runtime().RunUntilIdle();
    next_.reset();
    scanner_.reset();
  }

  const std::vector<ImmutableMessage>& messages() const { return messages_; }
  const absl::Status& error() const { return error_; }

 private:
  void Take(const ScanBatch& batch) {
    for (const ImmutableMessage& message : batch.messages) {
      // F2: strictly increasing ticks.
      RC_ASSERT(message.time_tick() > last_tick_);
      last_tick_ = message.time_tick();
      // D2: a stored tick promises for every term, one that is not for its own.
      RC_ASSERT(message.time_tick() > stored_complete_);
      if (message.term() <= term_) RC_ASSERT(message.time_tick() > unstored_complete_);
      messages_.push_back(message);
    }
    if (batch.complete_is_stored) {
      stored_complete_ = std::max(stored_complete_, batch.complete_through);
    } else {
      unstored_complete_ = std::max(unstored_complete_, batch.complete_through);
    }
    if (batch.resume) resume_ = batch.resume;
  }

  LogWorld& world_;
  std::unique_ptr<Scanner> scanner_;
  const Term term_;
  std::optional<Future<absl::StatusOr<ScanBatch>>> next_;
  std::vector<ImmutableMessage> messages_;
  TimeTick last_tick_{};
  TimeTick stored_complete_{};
  TimeTick unstored_complete_{};
  std::optional<Position> resume_;
  absl::Status error_;
  bool ended_ = false;
};

// An append whose end its caller has not seen yet.
struct Pending {
  std::vector<std::string> payloads;
  TimeTick returned_before{};  // The highest tick that had been returned when it was called.
  std::optional<Future<absl::StatusOr<AppendResult>>> single;
  std::optional<Future<BatchResult>> batch;
};

class System {
 public:
  // In chunks: most messages take several records, and many of them several groups (F9).
  System(uint64_t seed, bool in_chunks)
      : world_({.seed = seed, .config = {{"wal.chunking", in_chunks ? "1" : "0"}}}),
        in_chunks_(in_chunks) {
    walimpls::Traits traits = world_.backend().traits();
    traits.group_count_max = 2;
    if (in_chunks) traits.message_bytes_max = 160;
    world_.backend().set_traits(traits);
    wal_ = world_.MustOpen(term_);
  }

  ~System() {
    for (Reader& reader : readers_) reader.Close();
    world_.fake().StopHoldingAppends();
    for (std::unique_ptr<Wal>& wal : fenced_) (void)world_.Close(*wal);
    if (wal_ != nullptr) (void)world_.Close(*wal_);
    Settle();
  }

  void Do(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kAppend:
        return Append(step.amount);
      case Step::Kind::kBatch:
        return AppendBatch(2 + step.amount % 4);
      case Step::Kind::kHold:
        return world_.fake().HoldAppends(Held::kNotStored);
      case Step::Kind::kRelease:
        return world_.fake().ReleaseAppends(step.amount % 4);
      case Step::Kind::kReleaseAll:
        return world_.fake().StopHoldingAppends();
      case Step::Kind::kFail:
        return world_.fake().FailAppends(1 + step.amount % 3, step.amount % 5 == 0
                                                                  ? WalErrorCode::kResourceExhausted
                                                                  : WalErrorCode::kUnavailable);
      case Step::Kind::kAdvance:
        return world_.runtime().Advance(absl::Milliseconds(20) * step.amount);
      case Step::Kind::kSettle:
        return Settle();
      case Step::Kind::kFailScan:
        return world_.fake().FailScan(WalError(WalErrorCode::kUnavailable, "ordered to fail"));
      case Step::Kind::kTakeOver:
        return TakeOver(step.amount);
      case Step::Kind::kReopen:
        return Reopen();
      case Step::Kind::kOpenScanner:
        return OpenScanner(step.amount);
      case Step::Kind::kTruncate:
        return Truncate(step.amount);
    }
  }

  // INVARIANT: what a caller was told, what is stored and what readers were given agree.
  void Check() {
    Collect();
    CheckRecords();
    CheckOutcomes();
    for (Reader& reader : readers_) {
      reader.Drain();
      CheckReader(reader);
    }
  }

  // Everything comes to its end, and then all of the above still holds.
  void Finish() {
    Heal();
    world_.runtime().Advance(absl::Seconds(20));
    Collect();
    RC_ASSERT(pending_.empty());
    Check();
    CheckEverythingIsReadFromTheStart();
  }

 private:
  void Settle() { world_.runtime().RunUntilIdle(); }

  std::string NextPayload(uint64_t amount) {
    std::string payload = absl::StrCat("m", next_payload_++, ".");
    if (in_chunks_) payload.append(50 * (amount % 11), 'x');
    return payload;
  }

  void Append(uint64_t amount) {
    Pending pending;
    pending.payloads.push_back(NextPayload(amount));
    pending.returned_before = highest_returned_;
    MutableMessage::Builder builder(MessageType::kInsert);
    AppendOptions options;
    if (amount % 3 == 1) options.timeout = absl::Milliseconds(30 * amount);
    if (amount % 7 == 2) {
      builder.BarrierTimeTick(MakeTimeTick(PhysicalMs(highest_returned_) + amount, 0));
    }
    pending.single.emplace(wal_->Append(*std::move(builder).Build(pending.payloads[0]), options));
    pending_.push_back(std::move(pending));
  }

  void AppendBatch(size_t count) {
    Pending pending;
    pending.returned_before = highest_returned_;
    std::vector<MutableMessage> messages;
    for (size_t i = 0; i < count; ++i) {
      pending.payloads.push_back(NextPayload(7 * i));
      messages.push_back(LogWorld::Message(pending.payloads.back()));
    }
    pending.batch.emplace(wal_->AppendBatch(std::move(messages), AppendOptions()));
    batches_.push_back(pending.payloads);
    pending_.push_back(std::move(pending));
  }

  void TakeOver(uint64_t amount) {
    Heal();
    // What is stored and was not acknowledged: its caller is told that nobody knows.
    if (amount % 2 == 0) {
      Settle();
      world_.fake().HoldAppends(Held::kStored);
      Append(amount);
      Settle();
    }
    term_ = Term{ToInt(term_) + 1};
    absl::StatusOr<std::unique_ptr<Wal>> next = world_.Open(term_);
    Heal();
    if (!next.ok()) {
      // Its first tick was held.
      RC_ASSERT(CodeOf(next) == WalErrorCode::kUnavailable);
      term_ = Term{ToInt(term_) + 1};
      next = world_.Open(term_);
    }
    RC_ASSERT(next.ok());
    fenced_.push_back(std::move(wal_));
    wal_ = *std::move(next);
  }

  // From here on the backend does what it is asked.
  void Heal() {
    world_.fake().FailAppends(0, WalErrorCode::kUnavailable);
    world_.fake().StopHoldingAppends();
    world_.fake().FailScan(absl::OkStatus());
  }

  void Reopen() {
    (void)world_.Close(*wal_);
    Collect();
    Heal();
    term_ = Term{ToInt(term_) + 1};
    absl::StatusOr<std::unique_ptr<Wal>> next = world_.Open(term_);
    RC_ASSERT(next.ok());
    for (Reader& reader : readers_) reader.Close();
    readers_.clear();
    wal_ = *std::move(next);
  }

  void OpenScanner(uint64_t amount) {
    ReadOptions options;
    if (amount % 3 == 1) options.from = Latest{};
    if (amount % 3 == 2 && !positions_.empty()) {
      options.from = After{positions_[amount % positions_.size()]};
    }
    options.wake_on_tick = amount % 2 == 0;
    options.read_ahead_count_max = 1 + amount;
    absl::StatusOr<std::unique_ptr<Scanner>> scanner = world_.Read(*wal_, std::move(options));
    if (!scanner.ok()) {
      RC_ASSERT(CodeOf(scanner) == WalErrorCode::kPositionGone);
      return;
    }
    readers_.emplace_back(&world_, *std::move(scanner), term_);
  }

  void Truncate(uint64_t amount) {
    if (positions_.empty()) return;
    Heal();
    Collect();
    const Position through = positions_[amount % positions_.size()];
    const absl::StatusOr<Position> mark = world_.Run([&] { return wal_->Truncate(through); });
    RC_ASSERT(mark.ok());
    RC_ASSERT(mark->time_tick >= through.time_tick);
    mark_ = mark->time_tick;
  }

  // Takes the ends of appends that have come.
  void Collect() {
    for (size_t i = 0; i < pending_.size();) {
      if (Take(pending_[i])) {
        pending_.erase(pending_.begin() + static_cast<ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }

  bool Take(Pending& pending) {
    BatchResult result;
    if (pending.single) {
      if (!pending.single->ready()) return false;
      absl::StatusOr<AppendResult> single = std::move(*pending.single).Take();
      result.rest = single.status();
      if (single.ok()) result.done.push_back(*single);
      if (EffectOf(result.rest) == Effect::kUnknown) result.unknown = 1;
    } else {
      if (!pending.batch->ready()) return false;
      result = std::move(*pending.batch).Take();
    }
    for (size_t i = 0; i < pending.payloads.size(); ++i) {
      if (i < result.done.size()) {
        NoteDone(pending, i, result.done[i]);
      } else if (i >= result.done.size() + result.unknown) {
        not_done_.insert(pending.payloads[i]);
      }
    }
    return true;
  }

  void NoteDone(const Pending& pending, size_t index, const AppendResult& result) {
    // C4.
    RC_ASSERT(result.time_tick > pending.returned_before);
    done_[pending.payloads[index]] = result;
    positions_.push_back(result.position());
    highest_returned_ = std::max(highest_returned_, result.time_tick);
  }

  // Of what is stored: D1, D3, D8.
  void CheckRecords() {
    const std::vector<ImmutableMessage> records = world_.fake().records();
    Term term{};
    MessageId last_confirmed;
    for (size_t i = 0; i < records.size(); ++i) {
      const ImmutableMessage& record = records[i];
      if (i > 0) RC_ASSERT(record.time_tick() >= records[i - 1].time_tick());
      if (i > 0 && record.time_tick() == records[i - 1].time_tick()) {
        RC_ASSERT(in_chunks_ && record.record().chunk().value().index > 0);
      }
      RC_ASSERT(record.term() >= term);
      RC_ASSERT(!BeforeWithinLog(record.id(), record.last_confirmed()));
      const bool same_term = record.term() == term;
      if (same_term && last_confirmed.has_value()) {
        RC_ASSERT(!BeforeWithinLog(record.last_confirmed(), last_confirmed));
      }
      term = record.term();
      last_confirmed = record.last_confirmed();
    }
  }

  // C1, C2, C8.
  void CheckOutcomes() {
    absl::btree_map<std::string, ImmutableMessage> stored;
    for (const ImmutableMessage& record : world_.StoredWhole()) {
      if (record.type() == MessageType::kTimeTick) continue;
      const bool is_new = stored.emplace(std::string(record.payload()), record).second;
      RC_ASSERT(is_new);
      RC_ASSERT(!not_done_.contains(std::string(record.payload())));
    }
    for (const auto& [payload, result] : done_) {
      const auto found = stored.find(payload);
      if (found == stored.end()) {
        RC_ASSERT(result.time_tick <= mark_);
        continue;
      }
      RC_ASSERT(found->second.id() == result.id);
      RC_ASSERT(found->second.time_tick() == result.time_tick);
      RC_ASSERT(found->second.last_confirmed() == result.last_confirmed);
    }
    CheckBatchesAreAdjacent();
  }

  void CheckBatchesAreAdjacent() {
    // A message that was cut keeps nothing apart: nobody is given it.
    std::vector<std::string> stored;
    for (const ImmutableMessage& message : world_.StoredWhole()) {
      const bool is_tick = message.type() == MessageType::kTimeTick;
      stored.push_back(is_tick ? "tick" : std::string(message.payload()));
    }
    for (const std::vector<std::string>& batch : batches_) {
      auto at = std::find(stored.begin(), stored.end(), batch[0]);
      for (size_t i = 0; i < batch.size() && at != stored.end() && *at == batch[i]; ++i) ++at;
      // What is not of the prefix is nowhere, or goes before the mark.
      for (const std::string& payload : batch) {
        const auto found = std::find(stored.begin(), stored.end(), payload);
        RC_ASSERT(found == stored.end() || found < at || ToInt(mark_) > 0);
      }
    }
  }

  // Every reader has, from its first message on, all that is stored.
  void CheckReader(const Reader& reader) {
    if (reader.messages().empty()) return;
    std::vector<ImmutableMessage> expected;
    const TimeTick first = reader.messages().front().time_tick();
    const TimeTick last = reader.messages().back().time_tick();
    for (const ImmutableMessage& record : world_.StoredWhole()) {
      if (record.type() == MessageType::kTimeTick) continue;
      if (record.time_tick() >= first && record.time_tick() <= last) expected.push_back(record);
    }
    // The oldest may have been truncated away since.
    RC_ASSERT(expected.size() <= reader.messages().size());
    const size_t gone = reader.messages().size() - expected.size();
    for (size_t i = 0; i < gone; ++i) RC_ASSERT(reader.messages()[i].time_tick() <= mark_);
    for (size_t i = 0; i < expected.size(); ++i) {
      RC_ASSERT(reader.messages()[gone + i].id() == expected[i].id());
    }
    if (!reader.error().ok()) {
      RC_ASSERT(CodeOf(reader.error()) == WalErrorCode::kPositionGone ||
                CodeOf(reader.error()) == WalErrorCode::kOnShutdown);
    }
  }

  void CheckEverythingIsReadFromTheStart() {
    std::vector<std::string> expected;
    for (const ImmutableMessage& record : world_.StoredWhole()) {
      if (record.type() != MessageType::kTimeTick && record.time_tick() > mark_) {
        expected.emplace_back(record.payload());
      }
    }
    RC_ASSERT(world_.ReadAll(*wal_) == expected);
    // D3: a scan from a message's position meets all that lies above it.
    for (const ImmutableMessage& record : world_.StoredWhole()) {
      if (record.time_tick() < mark_) continue;
      std::vector<std::string> above;
      for (const ImmutableMessage& other : world_.StoredWhole()) {
        if (other.type() != MessageType::kTimeTick && other.time_tick() > record.time_tick()) {
          above.emplace_back(other.payload());
        }
      }
      RC_ASSERT(world_.ReadAll(*wal_, {.from = After{record.position()}}) == above);
    }
  }

  LogWorld world_;
  const bool in_chunks_;
  Term term_{1};
  std::unique_ptr<Wal> wal_;
  std::vector<std::unique_ptr<Wal>> fenced_;
  std::vector<Reader> readers_;
  std::vector<Pending> pending_;
  std::vector<std::vector<std::string>> batches_;
  absl::btree_map<std::string, AppendResult> done_;
  absl::btree_set<std::string> not_done_;
  std::vector<Position> positions_;
  TimeTick highest_returned_{};
  TimeTick mark_{};
  uint64_t next_payload_ = 0;
};

void CheckUnderAnySchedule(bool in_chunks) {
  const auto seed = *rc::gen::inRange<uint64_t>(1, 1000000);
  const auto steps = *rc::gen::container<std::vector<Step>>(AnyStep());
  System system(seed, in_chunks);
  for (const Step& step : steps) {
    system.Do(step);
    system.Check();
  }
  system.Finish();
}

RC_GTEST_PROP(LastConfirmedPropertyTest, WhatIsToldStoredAndReadAgreesUnderEverySchedule, ()) {
  CheckUnderAnySchedule(/*in_chunks=*/false);
}

RC_GTEST_PROP(LastConfirmedPropertyTest, InChunksItAgreesAsWell, ()) {
  CheckUnderAnySchedule(/*in_chunks=*/true);
}

}  // namespace
}  // namespace tidelog::adaptor
