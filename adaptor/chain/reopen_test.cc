// Opens of a log that goes on in another backend (G6): which link they open, under which claim, and
// what they make of a link that is not there.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/chain/backend_chain.h"
#include "adaptor/chain/seam_fixture.h"
#include "adaptor/chain/switch_world.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Opened = absl::StatusOr<std::unique_ptr<Wal>>;

// A link that is not there.

using MissingLinkTest = SeamTest;

// An empty log in its place would be a second one beside all that was acknowledged.
TEST_F(MissingLinkTest, IsNotMadeAnew) {
  world_.Close(&wal_);
  world_.Unmount("c");
  const Opened opened = world_.Open(Term{4});
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kUnavailable);
  EXPECT_THAT(opened.status().message(), HasSubstr("places at=c, epoch 2, is not there"));
  EXPECT_THAT(world_.Stored("c"), IsEmpty());
  EXPECT_EQ(CodeOf(world_.OpenReadOnly()), WalErrorCode::kUnavailable);  // Not a part of it.
  world_.Mount("c");
  wal_ = world_.MustOpen(Term{5});
  EXPECT_EQ(world_.ReadAll(*wal_), From(0));
}

// What is found there has the name, and is somebody else's: also in an older link.
TEST_F(MissingLinkTest, IsNotTakenForAnotherLogOfItsName) {
  for (const std::string place : {"c", "b"}) {
    world_.Close(&wal_);
    world_.Unmount(place);
    world_.at(place).set_number(17);
    world_.MakeAnotherLogAt(place);
    const Opened opened = world_.Open(Term{place == "c" ? 4 : 6});
    const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
    if (place == "c") {
      EXPECT_EQ(CodeOf(opened), WalErrorCode::kUnavailable);
      EXPECT_THAT(opened.status().message(), HasSubstr("another log of channel orders is there"));
      EXPECT_EQ(CodeOf(reader), WalErrorCode::kUnavailable);
    } else {
      ASSERT_TRUE(opened.ok() && reader.ok());
      const absl::StatusOr<Position> reached =
          world_.Run([&] { return (*opened)->Truncate(positions_[6]); });
      EXPECT_TRUE(reached.ok()) << reached.status();
      world_.runtime().RunUntilIdle();
      EXPECT_FALSE(world_.at("b").truncated().has_value());
      (void)world_.Run([&] { return (*opened)->Close(); });
      (void)world_.Run([&] { return (*reader)->Close(); });
    }
    EXPECT_THAT(world_.Stored(place), ElementsAre("tick"));
    world_.Mount(place);
    wal_ = world_.MustOpen(Term{place == "c" ? 5 : 7});
  }
}

// Nothing is acknowledged before the chain knows which log it lies in.
TEST_F(MissingLinkTest, IsWrittenDownBeforeTheFirstAppend) {
  ASSERT_TRUE(world_.Switch(*wal_, "d").ok());
  world_.Close(&wal_);
  world_.at("d").HoldAppends();
  Future<Opened> opening = world_.StartOpen(Term{4});
  world_.runtime().RunUntilIdle();
  EXPECT_FALSE(world_.Chain().last().log.has_value());
  world_.store().FailChanges(1, WalError(WalErrorCode::kOutcomeUnknown, "lost"));
  world_.at("d").StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(opening.ready());
  EXPECT_EQ(CodeOf(std::move(opening).Take()), WalErrorCode::kUnavailable);
  wal_ = world_.MustOpen(Term{5});
  EXPECT_TRUE(world_.Chain().last().log.has_value());
  EXPECT_EQ(world_.Chain().last().first_term, Term{4});
}

// F4: a reader that knows an older chain comes to a link that was dropped since, and removed.
TEST_F(MissingLinkTest, ThatWasDroppedEndsAScanThatComesToIt) {
  const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
  ASSERT_TRUE(reader.ok());
  const absl::StatusOr<std::unique_ptr<Scanner>> scanner =
      world_.Run([&] { return (*reader)->Read({.read_ahead_count_max = 2}); });
  ASSERT_TRUE(scanner.ok());
  std::vector<std::string> read;
  absl::Status why;
  while (why.ok()) {
    const absl::StatusOr<ScanBatch> batch =
        world_.Run([&] { return (*scanner)->Next(ScanBatch()); });
    if (batch.ok()) SwitchWorld::Add(*batch, &read);
    why = batch.status();
    world_.runtime().RunUntilIdle();
    if (read.size() != 2) continue;
    ASSERT_TRUE(Truncate(positions_[6]).ok());  // It has the seam in hand.
    ASSERT_EQ(world_.Chain().links.size(), 1u);
    world_.at("b").Remove();
  }
  EXPECT_EQ(CodeOf(why), WalErrorCode::kPositionGone);
  EXPECT_EQ(read.size(), 3u);
  EXPECT_TRUE(world_.Run([&] { return (*scanner)->Close(); }).ok());
  EXPECT_TRUE(world_.Run([&] { return (*reader)->Close(); }).ok());
}

// What an open sees of the chain.

class ReopenTest : public ::testing::Test {
 protected:
  ReopenTest() : wal_(world_.MustOpen(Term{1})) {
    begin_ = world_.MustAppend(*wal_, "a").position();
    CHECK_OK(world_.Switch(*wal_, "b"));
    world_.Close(&wal_);
  }
  ~ReopenTest() override { world_.Close(&wal_); }
  std::unique_ptr<Wal> Take(Future<Opened> opened) {
    world_.runtime().RunUntilIdle();
    CHECK(opened.ready());
    Opened wal = std::move(opened).Take();
    CHECK_OK(wal);
    return *std::move(wal);
  }
  // Has put the chain, left the old link cleanly, and is about to open the new one.
  Future<Opened> StartOpenUpToTheNewLink(Term term) {
    world_.at("b").HoldOpens();
    Future<Opened> opening = world_.StartOpen(term);
    world_.runtime().RunUntilIdle();  // It looks whether the new one is free.
    world_.at("a").HangCloses();
    world_.at("b").ReleaseOpens();
    world_.runtime().RunUntilIdle();
    CHECK_EQ(world_.Chain().links.size(), 2u);
    world_.at("b").HoldOpens();
    world_.at("a").ReleaseCloses();
    world_.runtime().RunUntilIdle();
    return opening;
  }
  absl::Status Register(Wal& wal, const std::string& name) {
    return world_.Run([&] { return wal.RegisterCheckpoint(name, begin_); });
  }

  SwitchWorld world_;
  std::unique_ptr<Wal> wal_;
  Position begin_;
};

// A look at the store may show what a crash then takes back.  A log that was made on its word would
// be one that nobody knows of, and the switch could not be completed over it.
TEST_F(ReopenTest, MakesNothingOnTheWordOfALook) {
  CheckpointSet shown = world_.store().Of("orders");
  BackendChain chain = world_.Chain();
  chain.links[0].log = world_.at("a").records().front().id().origin().log;
  chain.links.push_back({1, {"places", {{"at", "b"}}}, Term{2}, TimeTick{~uint64_t{0} >> 1}});
  shown.term = Term{2};
  shown.chain = EncodeChain(chain);
  world_.store().ShowOnce(std::move(shown));
  wal_ = world_.MustOpen(Term{3});
  EXPECT_EQ(world_.Chain().last().first_term, Term{3});
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", "|"));
}

// A2: two opens of one term.  The clean mark of the link that it left lets a second one in there,
// which must not claim what the owner of the last link has claimed.
TEST_F(ReopenTest, OfTheSameTermTakesNothingFromTheOwnerOfTheLastLink) {
  world_.at("a").HoldOpens();
  Future<Opened> second = world_.StartOpen(Term{2});  // Sees the chain of before.
  world_.runtime().RunUntilIdle();
  world_.at("a").LetNewOpensPass();
  wal_ = world_.MustOpen(Term{2});
  world_.at("a").ReleaseOpens();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(second.ready());
  EXPECT_EQ(CodeOf(std::move(second).Take()), WalErrorCode::kUnmatchedTerm);
  world_.MustAppend(*wal_, "b");
  EXPECT_EQ(CodeOf(Register(*wal_, "indexer")), WalErrorCode::kOk);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", "|", "b"));
}

// Of two that are on their way to the new link one has it, whichever.
TEST_F(ReopenTest, OfTheSameTermOneHasTheNewLink) {
  Future<Opened> first = StartOpenUpToTheNewLink(Term{2});
  Future<Opened> second = world_.StartOpen(Term{2});
  world_.runtime().RunUntilIdle();
  world_.at("b").ReleaseOpens();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(first.ready() && second.ready());
  std::vector<Opened> opened;
  opened.push_back(std::move(first).Take());
  opened.push_back(std::move(second).Take());
  ASSERT_NE(opened[0].ok(), opened[1].ok()) << opened[0].status() << opened[1].status();
  Opened& winner = opened[0].ok() ? opened[0] : opened[1];
  wal_ = *std::move(winner);
  EXPECT_EQ(CodeOf(Register(*wal_, "indexer")), WalErrorCode::kOk);
}

// It is overtaken by another open of its term, which serves and closes.  What it claimed in the
// link in front is old by then.
TEST_F(ReopenTest, OfTheSameTermKnowsTheCheckpointsOfTheOwnerBetween) {
  Future<Opened> slow = StartOpenUpToTheNewLink(Term{2});
  world_.at("b").LetNewOpensPass();
  wal_ = world_.MustOpen(Term{2});
  ASSERT_TRUE(Register(*wal_, "indexer").ok());
  const Position newest = world_.MustAppend(*wal_, "b").position();
  world_.Close(&wal_);
  world_.at("b").ReleaseOpens();
  wal_ = Take(std::move(slow));
  const absl::StatusOr<Position> reached = world_.Run([&] { return wal_->Truncate(newest); });
  ASSERT_TRUE(reached.ok()) << reached.status();
  EXPECT_EQ(*reached, begin_);
  EXPECT_THAT(world_.ReadAll(*wal_, {.from = After{begin_}}), ElementsAre("|", "b"));
}

}  // namespace
}  // namespace tidelog::adaptor
