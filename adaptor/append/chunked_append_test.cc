// Messages that are too large for one record, appended in chunks (B4, F9).
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/flow_control.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/metrics.h"
#include "wal/types.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kRecordMax = 272;  // 200 bytes of payload a chunk: the head is of 72.

walimpls::Traits SmallTraits(walimpls::Traits traits) {
  traits.message_bytes_max = kRecordMax;
  traits.group_bytes_max = 3 * kRecordMax;
  traits.group_count_max = 2;
  return traits;
}

class ChunkedAppendTest : public ::testing::Test {
 protected:
  explicit ChunkedAppendTest(Config config = {{"wal.chunking", "1"},
                                              {"wal.chunked_message_bytes_max", "5000"}})
      : world_({.config = std::move(config)}) {
    world_.backend().set_traits(SmallTraits(world_.backend().traits()));
    wal_ = world_.MustOpen(Term{1});
  }
  ~ChunkedAppendTest() override { (void)world_.Close(*wal_); }

  void Settle() { world_.runtime().RunUntilIdle(); }
  Future<absl::StatusOr<AppendResult>> Start(std::string_view payload, AppendOptions options = {}) {
    return LogWorld::StartAppend(*wal_, payload, options);
  }
  std::vector<ImmutableMessage> Chunks() {
    std::vector<ImmutableMessage> chunks;
    for (ImmutableMessage& record : world_.fake().records()) {
      if (record.record().chunk()) chunks.push_back(std::move(record));
    }
    return chunks;
  }
  // The first `groups` of what is at the backend land; the next one fails.
  void FailBehind(size_t groups, WalErrorCode code) {
    world_.fake().ReleaseAppends(groups);
    world_.fake().FailAppends(1, code);
    world_.fake().StopHoldingAppends();
    Settle();
  }

  const std::string large_ = std::string(900, 'x') + "end";  // Five chunks, three groups.
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(ChunkedAppendTest, LandsNextToEachOtherAndIsReadAsOne) {
  world_.MustAppend(*wal_, "a");
  const AppendResult result = world_.MustAppend(*wal_, large_, "v");
  const AppendResult next = world_.MustAppend(*wal_, "b");
  const std::vector<ImmutableMessage> records = world_.fake().records();
  ASSERT_EQ(records.size(), 2u + 5u + 1u);
  for (uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(records[2 + i].record().chunk(), (Chunk{i, 5}));
    EXPECT_EQ(records[2 + i].time_tick(), result.time_tick);
    EXPECT_EQ(records[2 + i].vchannel(), "v");
    EXPECT_LE(records[2 + i].record().size(), kRecordMax);
  }
  EXPECT_EQ(result.id, records[2].id());
  // Nobody is sent to the middle of it (D3).
  EXPECT_EQ(next.last_confirmed, result.id);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", large_, "b"));
  EXPECT_THAT(world_.ReadAll(*wal_, {.from = From{result.position()}}), ElementsAre(large_, "b"));
}

TEST_F(ChunkedAppendTest, TellsItsLimitsAndRefusesWhatIsAboveThem) {
  EXPECT_EQ(wal_->limits().message_bytes_max, 5000u);
  EXPECT_EQ(wal_->limits().chunk_bytes_max, kRecordMax);
  const std::string most(5000 - 64, 'x');
  EXPECT_TRUE(world_.Append(*wal_, LogWorld::Message(most)).ok());
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message(most + "x"))), WalErrorCode::kTooLarge);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(most));
}

// Each chunk repeats what is no payload.
TEST_F(ChunkedAppendTest, RefusesWhatIsMostlyNoPayload) {
  const auto message = [](size_t property, size_t payload) {
    MutableMessage::Builder builder(MessageType::kInsert);
    builder.Property("p", std::string(property, 'x'));
    return *std::move(builder).Build(std::string(payload, 'y'));
  };
  const size_t half = kRecordMax / 2 - 72 - 9;  // Count, sizes and key of the property.
  EXPECT_TRUE(world_.Append(*wal_, message(half, 1000)).ok());
  const absl::StatusOr<AppendResult> result = world_.Append(*wal_, message(half + 1, 1000));
  EXPECT_EQ(CodeOf(result), WalErrorCode::kTooLarge);
  EXPECT_THAT(result.status().message(), HasSubstr("no payload"));
  // Not of what fits one record.
  EXPECT_TRUE(world_.Append(*wal_, message(half + 1, 10)).ok());
}

TEST_F(ChunkedAppendTest, IsDoneWithItsLastChunkAndNotSeenBefore) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> append = Start(large_);
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 3u);
  world_.fake().ReleaseAppends(2);
  Settle();
  EXPECT_EQ(Chunks().size(), 4u);
  EXPECT_FALSE(append.ready());
  EXPECT_FALSE(next.ready());
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_TRUE(std::move(append).Take().ok());
  ASSERT_TRUE(next.ready());
  EXPECT_EQ(std::move(next).Take()->messages[0].payload(), large_);
  world_.MustClose(*scanner);
}

TEST_F(ChunkedAppendTest, LetsNothingComeBetween) {
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> large = Start(large_);
  Future<absl::StatusOr<AppendResult>> small = Start("b");
  Settle();
  world_.fake().ReleaseAppends(1);
  Settle();
  Future<absl::StatusOr<AppendResult>> late = Start("c");
  world_.runtime().Advance(absl::Milliseconds(300));  // A tick as well.
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(world_.Stored()[6], "b");
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(large_, "b", "c"));
}

// D1, C8.
TEST_F(ChunkedAppendTest, BeginsAnewAtAFreshTickWhenItIsTriedAgain) {
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> append = Start(large_);
  Future<absl::StatusOr<AppendResult>> other = Start("b");
  Settle();
  FailBehind(1, WalErrorCode::kUnavailable);
  ASSERT_EQ(Chunks().size(), 2u);
  world_.runtime().Advance(absl::Milliseconds(10));
  const absl::StatusOr<AppendResult> result = std::move(append).Take();
  ASSERT_TRUE(result.ok()) << result.status();
  const std::vector<ImmutableMessage> chunks = Chunks();
  ASSERT_EQ(chunks.size(), 2u + 5u);
  EXPECT_EQ(result->id, chunks[2].id());
  EXPECT_EQ(result->time_tick, chunks[2].time_tick());
  EXPECT_GT(chunks[2].time_tick(), chunks[1].time_tick());
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(large_, "b"));
}

// Else it would keep what is behind it from ever being stored, and fill the log with its parts.
TEST_F(ChunkedAppendTest, EndsNotDoneWhenItWasCutFourTimes) {
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> append = Start(large_);
  Future<absl::StatusOr<AppendResult>> other = Start("b");
  Settle();
  for (int cut = 1; cut <= 4; ++cut) {
    EXPECT_FALSE(append.ready()) << cut;
    FailBehind(1, WalErrorCode::kUnavailable);
    EXPECT_EQ(Chunks().size(), 2u * cut);
    world_.fake().HoldAppends();
    world_.runtime().Advance(absl::Seconds(1));
  }
  EXPECT_EQ(CodeOf(std::move(append).Take()), WalErrorCode::kUnavailable);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_TRUE(std::move(other).Take().ok());
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("b"));
}

// What fails before any of it is stored leaves nothing behind, and is tried as long as any other.
TEST_F(ChunkedAppendTest, IsTriedAgainForAsLongAsNothingOfItIsStored) {
  world_.fake().FailAppends(20, WalErrorCode::kUnavailable);
  Future<absl::StatusOr<AppendResult>> append = Start(large_);
  world_.runtime().Advance(absl::Seconds(200));
  EXPECT_TRUE(std::move(append).Take().ok());
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(large_));
}

TEST_F(ChunkedAppendTest, IsNotThereWhenItEndsNotDone) {
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> append = Start(large_);
  Settle();
  FailBehind(2, WalErrorCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(std::move(append).Take()), WalErrorCode::kResourceExhausted);
  ASSERT_EQ(Chunks().size(), 4u);
  EXPECT_THAT(world_.ReadAll(*wal_), IsEmpty());
  // A tick makes an end of it, so that readers let go of what they hold.
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(world_.Stored().back(), "tick");
  world_.MustAppend(*wal_, "b");
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("b"));
}

TEST_F(ChunkedAppendTest, IsUnknownWhenAFenceCutsIt) {
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> append = Start(large_);
  Settle();
  world_.fake().ReleaseAppends(1);
  Settle();
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(CodeOf(std::move(append).Take()), WalErrorCode::kOutcomeUnknown);
  world_.fake().StopHoldingAppends();
  std::unique_ptr<Wal> next = world_.MustOpen(Term{3});
  EXPECT_THAT(world_.ReadAll(*next), IsEmpty());
  world_.MustAppend(*next, large_);
  EXPECT_THAT(world_.ReadAll(*next), ElementsAre(large_));
  world_.MustClose(*next);
}

TEST_F(ChunkedAppendTest, GoesOnWhenItsDeadlineComesInTheMiddle) {
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> append = Start(large_, {.timeout = absl::Milliseconds(50)});
  Settle();
  world_.fake().ReleaseAppends(1);
  world_.runtime().Advance(absl::Milliseconds(50));
  EXPECT_EQ(CodeOf(std::move(append).Take()), WalErrorCode::kOutcomeUnknown);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(large_));
}

// Batches.

TEST_F(ChunkedAppendTest, IsOneOfABatch) {
  std::vector<MutableMessage> messages;
  for (const std::string& payload : {std::string("a"), large_, std::string("b"), large_}) {
    messages.push_back(LogWorld::Message(payload));
  }
  const BatchResult result =
      world_.Run([&] { return wal_->AppendBatch(std::move(messages), AppendOptions()); });
  EXPECT_TRUE(result.rest.ok()) << result.rest;
  ASSERT_EQ(result.done.size(), 4u);
  const std::vector<ImmutableMessage> chunks = Chunks();
  EXPECT_EQ(result.done[1].id, chunks[0].id());
  EXPECT_EQ(result.done[3].id, chunks[5].id());
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", large_, "b", large_));
}

TEST_F(ChunkedAppendTest, EndsThePrefixOfABatchBeforeTheMessageThatIsCut) {
  std::vector<MutableMessage> messages;
  for (const std::string& payload : {std::string("a"), large_, std::string("b")}) {
    messages.push_back(LogWorld::Message(payload));
  }
  world_.fake().HoldAppends();
  Future<BatchResult> batch = wal_->AppendBatch(std::move(messages), AppendOptions());
  Settle();
  FailBehind(2, WalErrorCode::kResourceExhausted);
  const BatchResult result = std::move(batch).Take();
  EXPECT_EQ(result.done.size(), 1u);
  EXPECT_EQ(result.unknown, 0u);
  EXPECT_EQ(CodeOf(result.rest), WalErrorCode::kResourceExhausted);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a"));
}

// Transactions and keys.

TEST_F(ChunkedAppendTest, CountsAsOneBodyAlsoBehindACrash) {
  const TxnContext txn =
      world_.Append(*wal_, tidelog::testing::MakeBegin("v", absl::Seconds(10)))->txn;
  EXPECT_TRUE(world_.Append(*wal_, tidelog::testing::MakeBody(large_, "v", txn)).ok());
  wal_ = (world_.MustClose(*wal_), world_.MustOpen(Term{2}));
  EXPECT_TRUE(world_.Append(*wal_, tidelog::testing::MakeBody("small", "v", txn)).ok());
  EXPECT_TRUE(world_.Append(*wal_, tidelog::testing::MakeCommit("v", txn, 2)).ok());
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  ASSERT_EQ(batch->messages[0].transaction().size(), 4u);
  EXPECT_EQ(batch->messages[0].transaction()[1].payload(), large_);
  world_.MustClose(*scanner);
}

TEST_F(ChunkedAppendTest, IsStoredOnceForItsKeyAlsoBehindACrash) {
  const auto keyed = [this] { return tidelog::testing::MakeKeyed("k", large_, "v"); };
  const absl::StatusOr<AppendResult> first = world_.Append(*wal_, keyed());
  ASSERT_TRUE(first.ok()) << first.status();
  for (const int64_t term : {2, 3}) {
    const absl::StatusOr<AppendResult> again = world_.Append(*wal_, keyed());
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(again->duplicate);
    EXPECT_EQ(again->id, first->id);
    world_.MustClose(*wal_);
    wal_ = world_.MustOpen(Term{term});
  }
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(large_));
}

// A key is free again when its message was cut (G4).
TEST_F(ChunkedAppendTest, IsStoredForItsKeyWhenTheFirstTryWasCut) {
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> cut =
      wal_->Append(tidelog::testing::MakeKeyed("k", large_), AppendOptions());
  Settle();
  FailBehind(1, WalErrorCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(std::move(cut).Take()), WalErrorCode::kResourceExhausted);
  const absl::StatusOr<AppendResult> again =
      world_.Append(*wal_, tidelog::testing::MakeKeyed("k", large_));
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->duplicate);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(large_));
}

// What readers are told while a message is half there.

TEST_F(ChunkedAppendTest, IsNoTailUntilItIsWhole) {
  const AppendResult before = world_.MustAppend(*wal_, "a");
  std::unique_ptr<RoWal> reader = world_.MustOpenReadOnly();
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> append = Start(large_);
  Settle();
  world_.fake().ReleaseAppends(1);
  Settle();
  for (RoWal* const log : {static_cast<RoWal*>(wal_.get()), reader.get()}) {
    const absl::StatusOr<LogInfo> info = world_.Run([&] { return log->Info(); });
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(info->tail, before.position());
    EXPECT_THAT(world_.ReadAll(*log), ElementsAre("a"));
  }
  world_.fake().StopHoldingAppends();
  Settle();
  const absl::StatusOr<AppendResult> result = std::move(append).Take();
  ASSERT_TRUE(result.ok());
  for (RoWal* const log : {static_cast<RoWal*>(wal_.get()), reader.get()}) {
    const absl::StatusOr<LogInfo> info = world_.Run([&] { return log->Info(); });
    EXPECT_EQ(info->tail, result->position());
    EXPECT_THAT(world_.ReadAll(*log, {.from = After{before.position()}}), ElementsAre(large_));
  }
  world_.MustClose(*reader);
}

TEST_F(ChunkedAppendTest, IsTruncatedAsAWhole) {
  const AppendResult first = world_.MustAppend(*wal_, large_);
  const AppendResult second = world_.MustAppend(*wal_, "#" + large_);
  world_.MustAppend(*wal_, "b");
  ASSERT_TRUE(world_.Run([&] { return wal_->Truncate(first.position()); }).ok());
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("#" + large_, "b"));
  ASSERT_TRUE(world_.Run([&] { return wal_->Truncate(second.position()); }).ok());
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("b"));
  wal_ = (world_.MustClose(*wal_), world_.MustOpen(Term{2}));
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("b"));
}

// What a log counts (G5, H4).

Config WithChunks(Config more) {
  more.emplace("wal.chunking", "1");
  return more;
}

class CountedChunksTest : public ::testing::Test {
 protected:
  explicit CountedChunksTest(Config more = {})
      : world_({.config = WithChunks(std::move(more)), .metrics = &metrics_}) {
    world_.backend().set_traits(SmallTraits(world_.backend().traits()));
    wal_ = world_.MustOpen(Term{1});
  }
  ~CountedChunksTest() override { (void)world_.Close(*wal_); }

  double MetricOf(std::string_view name) {
    for (const Metric& metric : metrics_.Collect()) {
      if (metric.name == name) return metric.value;
    }
    ADD_FAILURE() << "there is no metric " << name;
    return -1;
  }

  const std::string large_ = std::string(900, 'x') + "end";
  MetricRegistry metrics_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(CountedChunksTest, AreCountedAsTheyAreStored) {
  world_.MustAppend(*wal_, large_);
  world_.MustAppend(*wal_, "b");
  size_t bytes = 0;
  for (const ImmutableMessage& record : world_.fake().records()) bytes += record.record().size();
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(MetricOf("tidelog_wal_append_message_bytes"), bytes);
}

// The message, of 967 bytes, is held beside its chunks, of 1263.
class HeldChunksTest : public CountedChunksTest {
 protected:
  HeldChunksTest()
      : CountedChunksTest({{"wal.flow_memory_bytes_max", "2400"}, {"wal.buffer_bytes_max", "1"}}) {}
};

TEST_F(HeldChunksTest, AreMemoryAsLongAsTheBackendHasThem) {
  const auto state = [this] { return world_.Run([&] { return wal_->Info(); })->flow.state; };
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> append = LogWorld::StartAppend(*wal_, large_);
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_NE(state(), FlowState::kNormal);
  world_.fake().StopHoldingAppends();
  world_.runtime().Advance(absl::Seconds(600));
  EXPECT_TRUE(std::move(append).Take().ok());
  EXPECT_EQ(state(), FlowState::kNormal);
}

// Settings.

class SmallChunksTest : public ChunkedAppendTest {
 protected:
  SmallChunksTest() : ChunkedAppendTest({{"wal.chunking", "1"}, {"wal.chunk_bytes_max", "256"}}) {}
};

TEST_F(SmallChunksTest, AreOfTheirOwnLimitIfTheBackendTakesMore) {
  EXPECT_EQ(wal_->limits().chunk_bytes_max, 256u);
  EXPECT_EQ(wal_->limits().message_bytes_max, size_t{64} << 20);
  world_.MustAppend(*wal_, large_);
  for (const ImmutableMessage& chunk : Chunks()) EXPECT_LE(chunk.record().size(), 256u);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(large_));
}

class NoChunksTest : public ChunkedAppendTest {
 protected:
  NoChunksTest() : ChunkedAppendTest(Config()) {}
};

TEST_F(NoChunksTest, AreMadeUnlessTheyAreAskedFor) {
  EXPECT_EQ(wal_->limits().message_bytes_max, kRecordMax);
  EXPECT_EQ(wal_->limits().chunk_bytes_max, 0u);
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message(large_))), WalErrorCode::kTooLarge);
}

}  // namespace
}  // namespace tidelog::adaptor
