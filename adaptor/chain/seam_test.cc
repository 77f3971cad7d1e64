// Switches of the backend as readers meet them (G6): across the seam, each message once.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/chain/backend_chain.h"
#include "adaptor/chain/switch_world.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/observer.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Three links: a1 a2 | b1 b2 | c1 c2, of terms 1, 2 and 3.
class SeamTest : public ::testing::Test {
 protected:
  SeamTest() : wal_(world_.MustOpen(Term{1})) {
    Append("a1");
    Append("a2");
    Switch("b", Term{2});
    Append("b1");
    Append("b2");
    Switch("c", Term{3});
    Append("c1");
    Append("c2");
  }
  ~SeamTest() override { world_.Close(&wal_); }

  void Append(const std::string& payload) { Note(payload, world_.MustAppend(*wal_, payload)); }
  void Switch(const std::string& place, Term term) {
    const absl::StatusOr<AppendResult> ended = world_.Switch(*wal_, place);
    ASSERT_TRUE(ended.ok()) << ended.status();
    Note("|", *ended);
    world_.Close(&wal_);
    wal_ = world_.MustOpen(term);
  }
  void Note(const std::string& payload, const AppendResult& result) {
    payloads_.push_back(payload);
    positions_.push_back(result.position());
  }
  std::vector<std::string> From(size_t index) const {
    return {payloads_.begin() + static_cast<ptrdiff_t>(index), payloads_.end()};
  }
  absl::Status Register(const std::string& name, const Position& position) {
    return world_.Run([&] { return wal_->RegisterCheckpoint(name, position); });
  }
  absl::Status Unregister(const std::string& name) {
    return world_.Run([&] { return wal_->UnregisterCheckpoint(name); });
  }
  absl::StatusOr<Position> Truncate(const Position& through) {
    absl::StatusOr<Position> reached = world_.Run([&] { return wal_->Truncate(through); });
    world_.runtime().RunUntilIdle();
    return reached;
  }
  std::vector<std::string> ReadAfter(RoWal& wal, const Position& position) {
    return world_.ReadAll(wal, {.from = After{position}});
  }

  SwitchWorld world_;
  std::unique_ptr<Wal> wal_;
  std::vector<std::string> payloads_;  // Of all that was appended, in order ...
  std::vector<Position> positions_;    // ... and where to go on behind it.
};

TEST_F(SeamTest, IsReadAcrossFromEveryPosition) {
  const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
  ASSERT_TRUE(reader.ok()) << reader.status();
  for (RoWal* wal : {static_cast<RoWal*>(wal_.get()), reader->get()}) {
    EXPECT_EQ(world_.ReadAll(*wal), From(0));
    for (size_t i = 0; i < positions_.size(); ++i) {
      EXPECT_EQ(world_.ReadAll(*wal, {.from = tidelog::From{positions_[i]}}), From(i)) << i;
      EXPECT_EQ(ReadAfter(*wal, positions_[i]), From(i + 1)) << i;
      const absl::StatusOr<Position> parsed = Position::Parse(positions_[i].ToString());
      EXPECT_EQ(ReadAfter(*wal, *parsed), From(i + 1)) << i;
    }
  }
  EXPECT_TRUE(world_.Run([&] { return (*reader)->Close(); }).ok());
}

TEST_F(SeamTest, IsReadToAPositionInFrontOfItOrBehind) {
  for (size_t i = 0; i < positions_.size(); ++i) {
    for (const size_t begin : {size_t{0}, i / 2, i}) {
      const absl::StatusOr<std::unique_ptr<Scanner>> scanner = world_.Run([&] {
        return wal_->Read({.from = tidelog::From{positions_[begin]}, .until = positions_[i]});
      });
      ASSERT_TRUE(scanner.ok());
      std::vector<std::string> read;
      bool end = false;
      while (!end) {
        const absl::StatusOr<ScanBatch> batch =
            world_.Run([&] { return (*scanner)->Next(ScanBatch()); });
        ASSERT_TRUE(batch.ok()) << batch.status();
        SwitchWorld::Add(*batch, &read);
        end = batch->end;
      }
      const std::vector<std::string> wanted(payloads_.begin() + static_cast<ptrdiff_t>(begin),
                                            payloads_.begin() + static_cast<ptrdiff_t>(i) + 1);
      EXPECT_EQ(read, wanted) << begin << " to " << i;
      EXPECT_TRUE(world_.Run([&] { return (*scanner)->Close(); }).ok());
    }
  }
}

// D4: what a scan says where to resume is good on both sides, and the seam covers what is in front.
TEST_F(SeamTest, EachBatchSaysWhereToResume) {
  const absl::StatusOr<std::unique_ptr<Scanner>> scanner =
      world_.Run([&] { return wal_->Read({.until = TailAtOpen{}, .read_ahead_count_max = 1}); });
  ASSERT_TRUE(scanner.ok());
  size_t read = 0;
  bool end = false;
  while (!end) {
    const absl::StatusOr<ScanBatch> batch =
        world_.Run([&] { return (*scanner)->Next(ScanBatch()); });
    ASSERT_TRUE(batch.ok()) << batch.status();
    read += batch->messages.size();
    end = batch->end;
    ASSERT_TRUE(batch->resume.has_value());
    EXPECT_EQ(ReadAfter(*wal_, *batch->resume), From(read));
    if (!batch->messages.empty() && batch->messages.back().type() == MessageType::kAlterWal) {
      EXPECT_GE(batch->complete_through, batch->messages.back().time_tick());
      EXPECT_TRUE(batch->complete_is_stored);
    }
  }
  EXPECT_EQ(read, payloads_.size());
  EXPECT_TRUE(world_.Run([&] { return (*scanner)->Close(); }).ok());
}

// One that is open while the log is switched, in the process of the writer and in another one.
TEST_F(SeamTest, IsCrossedByAScanThatWasOpenBefore) {
  const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
  ASSERT_TRUE(reader.ok());
  std::unique_ptr<Wal> before = std::move(wal_);
  std::vector<std::unique_ptr<Scanner>> scanners;
  for (RoWal* wal : {static_cast<RoWal*>(before.get()), reader->get()}) {
    for (const DeliverPolicy& from : {DeliverPolicy(Earliest{}), DeliverPolicy(Latest{})}) {
      absl::StatusOr<std::unique_ptr<Scanner>> scanner =
          world_.Run([&] { return wal->Read({.from = from}); });
      ASSERT_TRUE(scanner.ok());
      scanners.push_back(*std::move(scanner));
    }
  }
  Note("c3", world_.MustAppend(*before, "c3"));
  const absl::StatusOr<AppendResult> ended = world_.Switch(*before, "d");
  ASSERT_TRUE(ended.ok());
  Note("|", *ended);
  world_.runtime().Advance(absl::Seconds(7));  // Nobody completes it for a while.
  wal_ = world_.MustOpen(Term{4});
  world_.at("d").FailOpens(2, WalError(WalErrorCode::kUnavailable, "ordered"));
  Append("d1");
  world_.runtime().Advance(absl::Seconds(20));
  for (size_t i = 0; i < scanners.size(); ++i) {
    const std::vector<std::string> wanted = i % 2 == 0 ? From(0) : From(8);
    std::vector<std::string> read;
    while (read.size() < wanted.size()) {
      const absl::StatusOr<ScanBatch> batch =
          world_.Run([&] { return scanners[i]->Next(ScanBatch()); });
      ASSERT_TRUE(batch.ok()) << batch.status();
      SwitchWorld::Add(*batch, &read);
    }
    EXPECT_EQ(read, wanted) << i;
    EXPECT_TRUE(world_.Run([&] { return scanners[i]->Close(); }).ok());
  }
  world_.Close(&before);
  EXPECT_TRUE(world_.Run([&] { return (*reader)->Close(); }).ok());
}

// A scan goes on behind what it took, also where the backend fails just at the seam.
TEST_F(SeamTest, IsCrossedOnceWhenBackendsFail) {
  world_.at("b").FailReads(2, WalError(WalErrorCode::kUnavailable, "ordered"));
  world_.at("b").FailScan(WalError(WalErrorCode::kUnavailable, "ordered"));
  world_.at("c").FailReads(1, WalError(WalErrorCode::kUnavailable, "ordered"));
  const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(world_.ReadAll(**reader), From(0));
  EXPECT_TRUE(world_.Run([&] { return (*reader)->Close(); }).ok());
}

TEST_F(SeamTest, TellsOfTheWholeChain) {
  const absl::StatusOr<LogInfo> info = world_.Run([this] { return wal_->Info(); });
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->tail, positions_.back());
  EXPECT_FALSE(info->oldest.has_value());
  EXPECT_EQ(info->details.at("chain"),
            "places of epoch 0, then places at=b of epoch 1 from term 2 on, then places at=c of "
            "epoch 2 from term 3 on");
}

TEST_F(SeamTest, PositionsOfOthersAreRefused) {
  Position foreign = positions_.back();
  const MessageId& id = foreign.last_confirmed;
  foreign.last_confirmed = MessageId({id.origin().kind, id.origin().log, 7}, id.key());
  EXPECT_THAT(ReadAfter(*wal_, foreign), ElementsAre("WAL_NAME_MISMATCH"));
  foreign.last_confirmed = MessageId({id.origin().kind, id.origin().log + 1, 0}, id.key());
  EXPECT_THAT(ReadAfter(*wal_, foreign), ElementsAre("WAL_NAME_MISMATCH"));
  EXPECT_EQ(CodeOf(Register("reader", foreign)), WalErrorCode::kWalNameMismatch);
}

// Without the store of checkpoints nobody knows where it goes on, and nobody must take its first
// part for all of it.
TEST_F(SeamTest, AReaderWhoseStoreIsDownIsNotGivenAPart) {
  world_.store().FailReads(1, WalError(WalErrorCode::kUnavailable, "down"));
  EXPECT_EQ(CodeOf(world_.OpenReadOnly()), WalErrorCode::kUnavailable);
}

// Checkpoints and truncation.

TEST_F(SeamTest, ACheckpointInFrontOfItHoldsEverythingBehindIt) {
  ASSERT_TRUE(Register("indexer", positions_[0]).ok());
  const absl::StatusOr<Position> reached = Truncate(positions_.back());
  ASSERT_TRUE(reached.ok()) << reached.status();
  EXPECT_EQ(*reached, positions_[0]);
  EXPECT_EQ(ReadAfter(*wal_, positions_[0]), From(1));
  EXPECT_EQ(world_.Chain().links.size(), 3u);
  world_.Close(&wal_);
  wal_ = world_.MustOpen(Term{4});
  EXPECT_EQ(*Truncate(positions_.back()), positions_[0]);
  EXPECT_EQ(ReadAfter(*wal_, positions_[0]), From(1));
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kBackendTrouble), 0u);
}

TEST_F(SeamTest, WhatIsInFrontGoesWhenNoCheckpointNamesIt) {
  ASSERT_TRUE(Register("indexer", positions_[0]).ok());
  ASSERT_TRUE(Truncate(positions_.back()).ok());
  ASSERT_TRUE(Register("indexer", positions_[3]).ok());  // Behind b1: forwards, into epoch 1.
  EXPECT_EQ(*Truncate(positions_.back()), positions_[3]);
  EXPECT_EQ(world_.Chain().first().epoch, 1u);
  EXPECT_EQ(ReadAfter(*wal_, positions_[0]), std::vector<std::string>{"POSITION_GONE"});
  EXPECT_EQ(ReadAfter(*wal_, positions_[3]), From(4));
  EXPECT_GE(world_.at("a").truncated()->time_tick, positions_[2].time_tick);
  EXPECT_EQ(world_.ReadAll(*wal_), From(3));  // Earliest: what is left.
  ASSERT_TRUE(Unregister("indexer").ok());
  ASSERT_TRUE(Truncate(positions_[6]).ok());
  EXPECT_EQ(world_.Chain().links.size(), 1u);
  EXPECT_EQ(world_.Chain().first().epoch, 2u);
  EXPECT_EQ(world_.ReadAll(*wal_), From(7));
  EXPECT_EQ(ReadAfter(*wal_, positions_[3]), std::vector<std::string>{"POSITION_GONE"});
  world_.Close(&wal_);
  world_.RestartOpener();
  wal_ = world_.MustOpen(Term{4});
  EXPECT_EQ(world_.ReadAll(*wal_), From(7));
}

TEST_F(SeamTest, IsTruncatedToAPositionInFrontOfIt) {
  EXPECT_EQ(*Truncate(positions_[0]), positions_[0]);
  EXPECT_EQ(world_.Chain().links.size(), 3u);
  EXPECT_EQ(world_.ReadAll(*wal_), From(1));
  EXPECT_EQ(ReadAfter(*wal_, positions_[0]), From(1));
  EXPECT_EQ(world_.ReadAll(*wal_, {.from = tidelog::From{positions_[0]}}),
            std::vector<std::string>{"POSITION_GONE"});
  EXPECT_EQ(CodeOf(Register("late", positions_[0])), WalErrorCode::kOk);
  EXPECT_EQ(*Truncate(positions_[4]), positions_[0]);  // Held back, across links.
  ASSERT_TRUE(Register("late", positions_[3]).ok());
  EXPECT_EQ(*Truncate(positions_[4]), positions_[3]);  // And within one.
  EXPECT_EQ(world_.Chain().first().epoch, 1u);
  EXPECT_EQ(world_.ReadAll(*wal_), From(4));
  EXPECT_EQ(*Truncate(positions_[3]), positions_[3]);  // Marks do not go back.
  const absl::StatusOr<LogInfo> info = world_.Run([this] { return wal_->Info(); });
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->oldest, positions_[3]);
}

TEST_F(SeamTest, ATruncationInFrontOfItByWhoLostTheLogDoesNothing) {
  std::unique_ptr<Wal> stale = std::move(wal_);
  wal_ = world_.MustOpen(Term{4});
  const absl::StatusOr<Position> reached =
      world_.Run([&] { return stale->Truncate(positions_[1]); });
  EXPECT_EQ(CodeOf(reached), WalErrorCode::kChannelFenced);
  EXPECT_EQ(world_.ReadAll(*wal_), From(0));
  world_.Close(&stale);
}

// F4: nothing is skipped in silence.
TEST_F(SeamTest, AScanThatTruncationOvertakesIsToldSo) {
  const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
  ASSERT_TRUE(reader.ok());
  const absl::StatusOr<std::unique_ptr<Scanner>> scanner =
      world_.Run([&] { return (*reader)->Read({.read_ahead_count_max = 1}); });
  ASSERT_TRUE(scanner.ok());
  ASSERT_TRUE(Truncate(positions_[6]).ok());
  std::vector<std::string> read;
  absl::Status why;
  while (why.ok()) {
    const absl::StatusOr<ScanBatch> batch =
        world_.Run([&] { return (*scanner)->Next(ScanBatch()); });
    if (batch.ok()) SwitchWorld::Add(*batch, &read);
    why = batch.status();
  }
  EXPECT_EQ(CodeOf(why), WalErrorCode::kPositionGone);
  ASSERT_LE(read.size(), 3u);  // Of the first link, at most.
  EXPECT_TRUE(std::equal(read.begin(), read.end(), payloads_.begin()));
  EXPECT_TRUE(world_.Run([&] { return (*scanner)->Close(); }).ok());
  EXPECT_EQ(world_.ReadAll(**reader), From(7));
  EXPECT_TRUE(world_.Run([&] { return (*reader)->Close(); }).ok());
}

TEST_F(SeamTest, WhatCannotBeDroppedStaysUntilTheNextTruncation) {
  world_.at("a").FailTruncates(1, WalError(WalErrorCode::kUnavailable, "ordered"));
  ASSERT_TRUE(Truncate(positions_[6]).ok());
  EXPECT_EQ(world_.Chain().links.size(), 3u);
  EXPECT_THAT(world_.events().TextOf(Event::Kind::kBackendTrouble), HasSubstr("epoch 0"));
  // G3: it is hidden all the same.
  const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
  ASSERT_TRUE(reader.ok());
  for (RoWal* wal : {static_cast<RoWal*>(wal_.get()), reader->get()}) {
    EXPECT_EQ(world_.ReadAll(*wal), From(7));
    for (const size_t i : {0u, 4u, 5u}) {
      EXPECT_EQ(ReadAfter(*wal, positions_[i]), std::vector<std::string>{"POSITION_GONE"}) << i;
    }
    const absl::StatusOr<LogInfo> info = world_.Run([&] { return wal->Info(); });
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(info->oldest, positions_[6]);
  }
  EXPECT_TRUE(world_.Run([&] { return (*reader)->Close(); }).ok());
  ASSERT_TRUE(Truncate(positions_[7]).ok());
  EXPECT_EQ(world_.Chain().links.size(), 1u);
}

// A tool truncates and closes at once.
TEST_F(SeamTest, IsDroppedWholeBeforeTheLogIsClosed) {
  Future<absl::StatusOr<Position>> truncated = wal_->Truncate(positions_[6]);
  Future<absl::Status> closed = wal_->Close();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(truncated.ready() && closed.ready());
  EXPECT_TRUE(std::move(closed).Take().ok());
  wal_ = world_.MustOpen(Term{4});
  if (!std::move(truncated).Take().ok()) {
    ASSERT_TRUE(Truncate(positions_[6]).ok());
  }
  EXPECT_EQ(world_.Chain().links.size(), 1u);
}

TEST_F(SeamTest, ClosesPromptlyWhereTheOtherBackendHangs) {
  const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
  ASSERT_TRUE(reader.ok());
  world_.at("a").HoldScans();
  absl::StatusOr<std::unique_ptr<Scanner>> scanner =
      world_.Run([&] { return (*reader)->Read({}); });
  ASSERT_TRUE(scanner.ok());
  Future<absl::StatusOr<ScanBatch>> next = (*scanner)->Next(ScanBatch());
  world_.runtime().RunUntilIdle();
  EXPECT_FALSE(next.ready());
  const absl::Duration begin = world_.runtime().Now();
  EXPECT_TRUE(world_.Run([&] { return (*reader)->Close(); }).ok());
  EXPECT_LT(world_.runtime().Now() - begin, absl::Seconds(1));
  EXPECT_EQ(CodeOf(std::move(next).Take()), WalErrorCode::kOnShutdown);
  world_.at("a").ReleaseScans();
}

}  // namespace
}  // namespace tidelog::adaptor
