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
#include "adaptor/chain/seam_fixture.h"
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
