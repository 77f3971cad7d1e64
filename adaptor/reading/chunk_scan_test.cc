// Messages in chunks as scans and replays read them: F9.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/chunks.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using OnCorrupt = ReadOptions::OnCorrupt;

constexpr size_t kAll = SIZE_MAX;

// Records are put into storage one by one, as some writer has left them.
class ChunkScanTest : public ::testing::Test {
 protected:
  ChunkScanTest() {
    std::unique_ptr<Wal> wal = world_.MustOpen(Term{1});
    world_.MustClose(*wal);
    tick_ = world_.fake().records().back().time_tick();
    confirmed_ = world_.fake().records().back().id();
    reader_ = world_.MustOpenReadOnly();
  }
  ~ChunkScanTest() override { (void)world_.Close(*reader_); }

  // One millisecond behind the record before.
  ImmutableMessage Next(MutableMessage message, Term term = Term{1}) {
    tick_ = MakeTimeTick(PhysicalMs(tick_) + 1, 0);
    return tidelog::testing::Stamped(std::move(message), term, tick_, &confirmed_);
  }
  MessageId Put(MutableMessage message, Term term = Term{1}) {
    return world_.fake().Inject(Next(std::move(message), term));
  }
  MessageId Plain(std::string_view payload) {
    return Put(tidelog::testing::MakeInsert(payload, "v"));
  }
  // Chunks of five bytes of payload, of which only those from number `first` on, and only `count`,
  // are stored.  Yields the id of the first of them.
  MessageId Cut(MutableMessage message, size_t first = 0, size_t count = kAll) {
    const ImmutableMessage whole = Next(std::move(message));
    std::vector<ImmutableMessage> chunks =
        SplitIntoChunks(whole.record(), ChunkHeadSize(whole.record()) + 5);
    std::optional<MessageId> id;
    const size_t end = first + std::min(count, chunks.size() - first);
    for (size_t i = first; i < end; ++i) {
      const MessageId stored = world_.fake().Inject(chunks[i]);
      if (!id) id = stored;
    }
    return *id;
  }
  MessageId Chunked(std::string_view payload, size_t first = 0, size_t count = kAll) {
    return Cut(tidelog::testing::MakeInsert(payload, "v"), first, count);
  }
  void TimeTickPut() { Put(MessageFactory::StoredTimeTick()); }

  std::vector<std::string> ReadAll(ReadOptions options = {}) {
    if (!options.until) options.until = TailAtOpen{};
    std::unique_ptr<Scanner> scanner = world_.MustRead(*reader_, std::move(options));
    std::vector<std::string> texts;
    bool end = false;
    while (!end) {
      const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
      if (!batch.ok()) {
        texts.push_back(WalErrorCodeName(CodeOf(batch)));
        error_ = batch.status();
        break;
      }
      for (const ImmutableMessage& message : batch->messages) {
        read_.push_back(message);
        texts.emplace_back(message.payload());
      }
      if (batch->gap) texts.push_back("gap");
      if (batch->gap) gap_ = batch->gap;
      end = batch->end;
    }
    world_.MustClose(*scanner);
    return texts;
  }

  const std::string large_ = "012345678901234567890123456789";  // Six chunks.
  LogWorld world_;
  MessageId confirmed_;  // By all that is put.
  std::unique_ptr<RoWal> reader_;
  TimeTick tick_{};
  std::vector<ImmutableMessage> read_;
  absl::Status error_;
  std::optional<Gap> gap_;
};

TEST_F(ChunkScanTest, DeliversAMessageAsOneWithTheIdOfItsFirstChunk) {
  Plain("p");
  const MessageId id = Chunked(large_);
  const TimeTick tick = tick_;
  Plain("q");
  EXPECT_THAT(ReadAll(), ElementsAre("p", large_, "q"));
  EXPECT_EQ(read_[1].id(), id);
  EXPECT_EQ(read_[1].time_tick(), tick);
  EXPECT_FALSE(read_[1].record().chunk());
}

TEST_F(ChunkScanTest, PutsItTogetherAcrossBatchesAndFailuresOfTheBackend) {
  Chunked(large_);
  Plain("q");
  world_.fake().FailScan(WalError(WalErrorCode::kUnavailable, "ordered to fail"));
  EXPECT_THAT(ReadAll({.read_ahead_bytes_max = 1, .read_ahead_count_max = 1}),
              ElementsAre(large_, "q"));
}

// Before the VChannel's filter and the assembly of transactions (F1).
TEST_F(ChunkScanTest, AssemblesBeforeItFiltersAndJoinsTransactions) {
  Cut(tidelog::testing::MakeInsert(large_, "w"));
  Put(tidelog::testing::MakeBegin("v"));
  const TxnContext txn{tick_, absl::Seconds(10)};
  Cut(tidelog::testing::MakeBody(large_, "v", txn));
  Put(tidelog::testing::MakeBody("small", "v", txn));
  Put(tidelog::testing::MakeCommit("v", txn, 2));
  ReadAll({.vchannel = "v"});
  ASSERT_EQ(read_.size(), 1u);
  ASSERT_EQ(read_[0].transaction().size(), 4u);
  EXPECT_EQ(read_[0].transaction()[1].payload(), large_);
  EXPECT_EQ(read_[0].transaction()[2].payload(), "small");
}

TEST_F(ChunkScanTest, DropsWhatIsNotWholeAtTheNextTick) {
  Chunked(large_, 0, 5);
  TimeTickPut();
  Chunked(large_, 0, 2);
  Plain("q");
  Chunked(large_, 0, 1);
  Chunked(large_);  // A retry begins anew, at another tick.
  EXPECT_THAT(ReadAll(), ElementsAre("q", large_));
  Chunked("cut at the tail", 0, 2);
  EXPECT_THAT(ReadAll(), ElementsAre("q", large_));
}

TEST_F(ChunkScanTest, IsReadWholeFromEachPositionBelowIt) {
  Plain("p");
  Chunked(large_);
  Chunked(large_ + "#");
  Chunked("cut off in the middle", 0, 2);
  Plain("q");
  ASSERT_THAT(ReadAll(), ElementsAre("p", large_, large_ + "#", "q"));
  const std::vector<ImmutableMessage> all = std::exchange(read_, {});
  for (size_t i = 0; i < all.size(); ++i) {
    read_.clear();
    ReadAll({.from = After{all[i].position()}});
    ASSERT_EQ(read_.size(), all.size() - i - 1);
    read_.clear();
    ReadAll({.from = From{all[i].position()}});
    ASSERT_EQ(read_.size(), all.size() - i);
    EXPECT_EQ(read_[0].id(), all[i].id());
    EXPECT_EQ(read_[0].payload(), all[i].payload());
  }
}

// Behind a position at which a scan ends there may never be another whole message.
TEST_F(ChunkScanTest, EndsAtAPositionBehindWhichOnlyACutMessageLies) {
  Plain("p");
  const Position between{confirmed_, tidelog::Next(tick_)};
  Chunked(large_, 0, 2);
  EXPECT_THAT(ReadAll({.until = between}), ElementsAre("p"));
}

TEST_F(ChunkScanTest, BeginsBehindTheRestOfAMessageWhoseBeginningIsGone) {
  Plain("p");
  const MessageId id = Chunked(large_);
  Plain("q");
  world_.fake().DropBelow(MessageId::FromNumber(id.origin(), *id.ToNumber() + 2));
  EXPECT_THAT(ReadAll(), ElementsAre("q"));
}

// F4: what says that all behind a tick is there says so of this message.
TEST_F(ChunkScanTest, PassesOverNothingAboveItsStart) {
  const MessageId id = Chunked(large_, 2);
  const TimeTick tick_of_rest = tick_;
  const Position below{id, TimeTick{ToInt(tick_) - 1}};
  Plain("q");
  EXPECT_THAT(ReadAll({.from = After{below}}), ElementsAre("CORRUPT"));
  EXPECT_THAT(error_.message(), HasSubstr("the ones before are not there"));
  EXPECT_THAT(ReadAll({.from = After{below}, .on_corrupt = OnCorrupt::kGap}),
              ElementsAre("gap", "q"));
  EXPECT_EQ(gap_->first, id);
  EXPECT_THAT(ReadAll({.from = After{{id, tick_of_rest}}}), ElementsAre("q"));
}

TEST_F(ChunkScanTest, EndsAtChunksThatMakeNoMessage) {
  Plain("p");
  const MessageId id = Chunked(large_, 2);
  Plain("q");
  EXPECT_THAT(ReadAll(), ElementsAre("p", "CORRUPT"));
  EXPECT_THAT(error_.message(), HasSubstr("the chunks from record " + id.ToString()));
}

TEST_F(ChunkScanTest, LeavesAGapWhereChunksMakeNoMessageIfItsReaderWantsThat) {
  Plain("p");
  const MessageId id = Chunked(large_, 2);
  Chunked(large_);
  EXPECT_THAT(ReadAll({.on_corrupt = OnCorrupt::kGap}), ElementsAre("p", "gap", large_));
  EXPECT_EQ(gap_->first, id);
  EXPECT_EQ(gap_->last, id);
  EXPECT_EQ(GetWalErrorCode(gap_->reason), WalErrorCode::kCorrupt);
}

// A gap that takes the end of a message has taken the message.
TEST_F(ChunkScanTest, CountsInAGapTheMessageThatItHasCut) {
  const MessageId id = Chunked(large_, 0, 3);
  const MessageId lost = MessageId::FromNumber(id.origin(), *id.ToNumber() + 3);
  std::unique_ptr<Scanner> scanner = world_.MustRead(*reader_);
  world_.fake().DeliverGap({lost, lost, WalError(WalErrorCode::kCorrupt, "rot")});
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_THAT(batch->messages, IsEmpty());
  ASSERT_TRUE(batch->gap);
  EXPECT_EQ(batch->gap->first, id);
  EXPECT_EQ(batch->gap->last, lost);
  world_.MustClose(*scanner);
}

// The replay of an open.

TEST_F(ChunkScanTest, IsReplayedWhole) {
  Put(tidelog::testing::MakeBegin("v"));
  const TxnContext txn{tick_, absl::Seconds(10)};
  Cut(tidelog::testing::MakeBody(large_, "v", txn));
  Cut(tidelog::testing::MakeBody("cut off in the middle", "v", txn), 0, 2);
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{2});
  // The one body that counts is one, and not six.
  EXPECT_EQ(CodeOf(world_.Append(*wal, tidelog::testing::MakeCommit("v", txn, 2))),
            WalErrorCode::kInvalidTransactionState);
  EXPECT_TRUE(world_.Append(*wal, tidelog::testing::MakeCommit("v", txn, 1)).ok());
  world_.MustClose(*wal);
  ReadAll();
  ASSERT_EQ(read_.size(), 1u);
  EXPECT_EQ(read_[0].transaction()[1].payload(), large_);
}

TEST_F(ChunkScanTest, BeginsATermAboveTheTickOfWhatWasCut) {
  Chunked(large_, 0, 2);
  const TimeTick cut = tick_;
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{2});
  EXPECT_GT(world_.fake().records().back().time_tick(), cut);
  world_.MustClose(*wal);
}

TEST_F(ChunkScanTest, StopsTheReplayOfChunksThatMakeNoMessage) {
  Chunked(large_, 1);
  const absl::StatusOr<std::unique_ptr<Wal>> wal = world_.Open(Term{2});
  EXPECT_EQ(CodeOf(wal), WalErrorCode::kCorrupt);
  EXPECT_THAT(wal.status().message(), HasSubstr("make no message"));
}

}  // namespace
}  // namespace tidelog::adaptor
