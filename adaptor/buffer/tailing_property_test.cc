// Readers of a log with a small write-ahead buffer, under random appends, failures, evictions and
// schedules: what they are given is what a scan of the backend alone gives (F2, F3), and nothing of
// it before it is durable (C1).
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

using Held = walimpls::FakeLog::Held;

// One thing that happens.
struct Step {
  enum class Kind {
    kAppend,  // `amount` * 40 bytes.
    kBatch,   // Of 2 to 9.
    kHold,
    kRelease,
    kFail,
    kRead,     // One reader takes one batch, if there is one.
    kReadAll,  // One reader takes all there is.
    kAdvance,  // By `amount` * 20 ms: things grow old.
    kSettle,
    kFailScan,
    kHoldScans,
    kReleaseScans,
    kHangCloses,
    kReleaseCloses,
    kOpenReader,
    kCloseReader,
    kTakeOver,
  } kind{};
  uint64_t amount = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* kNames[] = {
      "Append",     "Batch",         "Hold",       "Release",     "Fail",      "Read",
      "ReadAll",    "Advance",       "Settle",     "FailScan",    "HoldScans", "ReleaseScans",
      "HangCloses", "ReleaseCloses", "OpenReader", "CloseReader", "TakeOver"};
  return out << kNames[static_cast<int>(step.kind)] << "(" << step.amount << ")";
}

rc::Gen<Step> AnyStep() {
  const auto kind = rc::gen::weightedElement<Step::Kind>({{20, Step::Kind::kAppend},
                                                          {6, Step::Kind::kBatch},
                                                          {2, Step::Kind::kHold},
                                                          {5, Step::Kind::kRelease},
                                                          {2, Step::Kind::kFail},
                                                          {12, Step::Kind::kRead},
                                                          {4, Step::Kind::kReadAll},
                                                          {3, Step::Kind::kAdvance},
                                                          {6, Step::Kind::kSettle},
                                                          {2, Step::Kind::kFailScan},
                                                          {1, Step::Kind::kHoldScans},
                                                          {3, Step::Kind::kReleaseScans},
                                                          {1, Step::Kind::kHangCloses},
                                                          {3, Step::Kind::kReleaseCloses},
                                                          {4, Step::Kind::kOpenReader},
                                                          {2, Step::Kind::kCloseReader},
                                                          {1, Step::Kind::kTakeOver}});
  return rc::gen::construct<Step>(kind, rc::gen::inRange<uint64_t>(0, 40));
}

struct Reader {
  std::unique_ptr<Scanner> scanner;
  std::optional<Future<absl::StatusOr<ScanBatch>>> next;
  std::vector<ImmutableMessage> messages;
  size_t checked = 0;
};

class System {
 public:
  // In chunks: most messages take several records, and many of them several groups (F9).
  System(uint64_t seed, std::string bytes_max, bool in_chunks)
      : world_({.seed = seed,
                .config = {{"wal.buffer_bytes_max", std::move(bytes_max)},
                           {"wal.buffer_age_max", "500ms"},
                           {"wal.chunking", in_chunks ? "1" : "0"}}}),
        in_chunks_(in_chunks) {
    walimpls::Traits traits = world_.backend().traits();
    if (in_chunks) traits.message_bytes_max = 300;
    if (in_chunks) traits.group_count_max = 3;
    world_.backend().set_traits(traits);
    wal_ = world_.MustOpen(term_);
  }

  ~System() {
    Heal();
    for (Reader& reader : readers_) Close(reader);
    for (std::unique_ptr<Wal>& wal : fenced_) (void)world_.Close(*wal);
    (void)world_.Close(*wal_);
    Settle();
  }

  void Do(const Step& step) {
    Reader* const reader = readers_.empty() ? nullptr : &readers_[step.amount % readers_.size()];
    switch (step.kind) {
      case Step::Kind::kAppend:
        return Append(step.amount);
      case Step::Kind::kBatch:
        return AppendBatch(2 + step.amount % 8);
      case Step::Kind::kHold:
        return world_.fake().HoldAppends(Held::kNotStored);
      case Step::Kind::kRelease:
        if (step.amount % 2 == 0) return world_.fake().StopHoldingAppends();
        return world_.fake().ReleaseAppends(step.amount % 4);
      case Step::Kind::kFail:
        return world_.fake().FailAppends(1 + step.amount % 2, WalErrorCode::kUnavailable);
      case Step::Kind::kRead:
        if (reader != nullptr) TakeOne(*reader);
        return;
      case Step::Kind::kReadAll:
        if (reader != nullptr) TakeAll(*reader);
        return;
      case Step::Kind::kAdvance:
        return world_.runtime().Advance(absl::Milliseconds(20) * step.amount);
      case Step::Kind::kSettle:
        return Settle();
      case Step::Kind::kFailScan:
        return world_.fake().FailScan(WalError(WalErrorCode::kUnavailable, "ordered to fail"));
      case Step::Kind::kHoldScans:
        return world_.fake().HoldScans();
      case Step::Kind::kReleaseScans:
        return world_.fake().ReleaseScans();
      case Step::Kind::kHangCloses:
        return world_.fake().HangCloses();
      case Step::Kind::kReleaseCloses:
        return world_.fake().ReleaseCloses();
      case Step::Kind::kOpenReader:
        return OpenReader(step.amount);
      case Step::Kind::kCloseReader:
        if (reader == nullptr) return;
        Close(*reader);
        readers_.erase(readers_.begin() + static_cast<ptrdiff_t>(step.amount % readers_.size()));
        return;
      case Step::Kind::kTakeOver:
        return TakeOver();
    }
  }

  void Check() {
    const std::vector<ImmutableMessage> stored = StoredMessages();
    for (Reader& reader : readers_) CheckReader(reader, stored);
  }

  // Every reader comes to the tail, and has everything from its first message on.
  void Finish() {
    Heal();
    world_.runtime().Advance(absl::Seconds(30));
    const std::vector<ImmutableMessage> stored = StoredMessages();
    for (Reader& reader : readers_) {
      TakeAll(reader);
      CheckReader(reader, stored);
      if (reader.messages.empty()) continue;
      RC_ASSERT(reader.messages.back().id() == stored.back().id());
    }
  }

 private:
  void Settle() { world_.runtime().RunUntilIdle(); }

  void Heal() {
    world_.fake().FailAppends(0, WalErrorCode::kUnavailable);
    world_.fake().StopHoldingAppends();
    world_.fake().FailScan(absl::OkStatus());
    world_.fake().ReleaseScans();
    world_.fake().ReleaseCloses();
  }

  void Append(uint64_t amount) {
    MutableMessage::Builder builder(MessageType::kInsert);
    std::string payload = absl::StrCat(next_++);
    if (in_chunks_) {
      payload.append(40 * amount, 'x');
    } else {
      builder.Property("size", std::string(40 * amount, 'x'));
    }
    absl::StatusOr<MutableMessage> message = std::move(builder).Build(payload);
    RC_ASSERT(message.ok());
    (void)wal_->Append(*std::move(message), AppendOptions());
  }

  void AppendBatch(size_t count) {
    std::vector<MutableMessage> messages;
    for (size_t i = 0; i < count; ++i) messages.push_back(LogWorld::Message(absl::StrCat(next_++)));
    (void)wal_->AppendBatch(std::move(messages), AppendOptions());
  }

  void OpenReader(uint64_t amount) {
    const std::vector<ImmutableMessage> stored = StoredMessages();
    ReadOptions options;
    if (amount % 3 == 1) options.from = Latest{};
    if (amount % 3 == 2 && !stored.empty()) {
      options.from = After{stored[amount * 7919 % stored.size()].position()};
    }
    options.read_ahead_count_max = 2 + amount % 7;
    absl::StatusOr<std::unique_ptr<Scanner>> scanner = world_.Read(*wal_, options);
    // A message that its appender has not heard of yet has a position above the tail.
    if (!scanner.ok()) {
      RC_ASSERT(CodeOf(scanner) == WalErrorCode::kPositionGone);
      return;
    }
    readers_.push_back({*std::move(scanner), std::nullopt, {}, 0});
  }

  void TakeOver() {
    Heal();
    Settle();
    term_ = Term{ToInt(term_) + 1};
    fenced_.push_back(std::exchange(wal_, world_.MustOpen(term_)));
  }

  bool TakeOne(Reader& reader) {
    if (!reader.next) reader.next.emplace(reader.scanner->Next(ScanBatch()));
    Settle();
    if (!reader.next->ready()) return false;
    absl::StatusOr<ScanBatch> batch = std::move(*reader.next).Take();
    reader.next.reset();
    RC_ASSERT(batch.ok());
    for (ImmutableMessage& message : batch->messages) {
      reader.messages.push_back(std::move(message));
    }
    return true;
  }
  void TakeAll(Reader& reader) {
    while (TakeOne(reader)) {
    }
  }

  // The log itself hangs in no close: it was told to stop.
  void Close(Reader& reader) {
    world_.MustClose(*reader.scanner);
    Settle();
    reader.next.reset();
  }

  // What the backend alone gives a reader.
  std::vector<ImmutableMessage> StoredMessages() {
    std::vector<ImmutableMessage> messages;
    for (ImmutableMessage& record : world_.StoredWhole()) {
      if (record.type() != MessageType::kTimeTick) messages.push_back(std::move(record));
    }
    return messages;
  }

  // From its first message on it has all that is stored, in order, once, and the same.
  void CheckReader(Reader& reader, const std::vector<ImmutableMessage>& stored) {
    if (reader.messages.empty()) return;
    const TimeTick first = reader.messages.front().time_tick();
    const auto begin = std::find_if(
        stored.begin(), stored.end(),
        [first](const ImmutableMessage& message) { return message.time_tick() == first; });
    for (; reader.checked < reader.messages.size(); ++reader.checked) {
      const ImmutableMessage& given = reader.messages[reader.checked];
      RC_ASSERT(stored.end() - begin > static_cast<ptrdiff_t>(reader.checked));
      const ImmutableMessage& there = begin[static_cast<ptrdiff_t>(reader.checked)];
      RC_ASSERT(given.id() == there.id());
      RC_ASSERT(given.time_tick() == there.time_tick());
      RC_ASSERT(given.last_confirmed() == there.last_confirmed());
      RC_ASSERT(given.payload() == there.payload());
    }
  }

  LogWorld world_;
  const bool in_chunks_;
  Term term_{1};
  std::unique_ptr<Wal> wal_;
  std::vector<std::unique_ptr<Wal>> fenced_;
  std::vector<Reader> readers_;
  uint64_t next_ = 0;
};

void CheckUnderAnySchedule(bool in_chunks) {
  const auto seed = *rc::gen::inRange<uint64_t>(1, 1000000);
  const auto bytes_max = *rc::gen::element<std::string>("1", "2000", "10000");
  const auto steps = *rc::gen::container<std::vector<Step>>(AnyStep());
  System system(seed, bytes_max, in_chunks);
  for (const Step& step : steps) {
    system.Do(step);
    system.Check();
  }
  system.Finish();
}

RC_GTEST_PROP(TailingPropertyTest, GivesWhatTheBackendGivesUnderEverySchedule, ()) {
  CheckUnderAnySchedule(/*in_chunks=*/false);
}

RC_GTEST_PROP(TailingPropertyTest, GivesTheSameInChunks, ()) {
  CheckUnderAnySchedule(/*in_chunks=*/true);
}

}  // namespace
}  // namespace tidelog::adaptor
