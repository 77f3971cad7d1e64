#include "wal/testing/checkpoint_store_conformance.h"

#include <functional>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "wal/async/signal.h"
#include "wal/message/message_id.h"
#include "wal/status.h"

namespace tidelog {

CheckpointStoreConformance::~CheckpointStoreConformance() {
  strand_.reset();
  storage_.reset();
}

void CheckpointStoreConformance::Restart(uint64_t seed) {
  strand_.reset();
  storage_ = GetParam().make(seed);
  strand_ = storage_->runtime()->MakeExecutor("test");
  store_ = storage_->MakeStore();
}

CheckpointStoreConformance::Claimed CheckpointStoreConformance::Claim(int64_t term,
                                                                      std::string_view channel) {
  return Run([&] { return store_->Claim(PChannel{std::string(channel), Term{term}}); });
}

std::unique_ptr<CheckpointClaim> CheckpointStoreConformance::MustClaim(int64_t term,
                                                                       std::string_view channel) {
  Claimed claim = Claim(term, channel);
  CHECK_OK(claim);
  return *std::move(claim);
}

Position CheckpointStoreConformance::At(uint64_t number) {
  return Position{MessageId::FromNumber({LogKind::kFile, 7, 0}, number), TimeTick{number}};
}

absl::Status CheckpointStoreConformance::Put(CheckpointClaim& claim, std::string_view name,
                                             uint64_t number) {
  return Run([&] { return claim.Put(std::string(name), At(number)); });
}

absl::Status CheckpointStoreConformance::Remove(CheckpointClaim& claim, std::string_view name) {
  return Run([&] { return claim.Remove(std::string(name)); });
}

std::string CheckpointStoreConformance::TextOf(const CheckpointSet& set) {
  std::string text = absl::StrCat(ToInt(set.term), ":");
  for (const Checkpoint& checkpoint : set.checkpoints) {
    absl::StrAppend(&text, " ", checkpoint.name, "=", ToInt(checkpoint.position.time_tick));
  }
  return text;
}

std::string CheckpointStoreConformance::Stored(std::string_view channel) {
  CheckpointStore* other = MakeStore();
  const absl::StatusOr<CheckpointSet> set = Run([&] { return other->Read(std::string(channel)); });
  return set.ok() ? TextOf(*set) : set.status().ToString();
}

namespace {

TEST_P(CheckpointStoreConformance, WhatNobodyClaimedIsEmpty) {
  EXPECT_EQ(Stored(), "0:");
  const std::unique_ptr<CheckpointClaim> claim = MustClaim(7);
  EXPECT_EQ(TextOf(claim->content()), "7:");
  EXPECT_EQ(Stored(), "7:");
}

TEST_P(CheckpointStoreConformance, WhatWasPutIsThereForReadersAndForTheNextClaim) {
  std::unique_ptr<CheckpointClaim> claim = MustClaim(1);
  EXPECT_TRUE(Put(*claim, "b", 5).ok());
  EXPECT_TRUE(Put(*claim, "a", 3).ok());
  EXPECT_TRUE(Put(*claim, "b", 6).ok());
  EXPECT_EQ(TextOf(claim->content()), "1: a=3 b=6");
  EXPECT_EQ(Stored(), "1: a=3 b=6");
  claim = MustClaim(2);
  EXPECT_EQ(TextOf(claim->content()), "2: a=3 b=6");
  EXPECT_EQ(claim->content().Find("a")->term, Term{1});
  EXPECT_EQ(claim->content().Find("a")->position, At(3));
  EXPECT_TRUE(Put(*claim, "a", 4).ok());
  EXPECT_EQ(claim->content().Find("a")->term, Term{2});
  EXPECT_EQ(Stored(), "2: a=4 b=6");
}

TEST_P(CheckpointStoreConformance, WhatWasRemovedIsGoneAndRemovingItAgainIsDone) {
  std::unique_ptr<CheckpointClaim> claim = MustClaim(1);
  EXPECT_TRUE(Put(*claim, "a", 3).ok());
  EXPECT_TRUE(Put(*claim, "b", 3).ok());
  EXPECT_TRUE(Remove(*claim, "a").ok());
  EXPECT_EQ(Stored(), "1: b=3");
  EXPECT_TRUE(Remove(*claim, "a").ok());
  EXPECT_TRUE(Remove(*claim, "never-there").ok());
  EXPECT_EQ(Stored(), "1: b=3");
}

TEST_P(CheckpointStoreConformance, AHigherTermEndsEveryChangeOfALowerOneForGood) {
  std::unique_ptr<CheckpointClaim> old = MustClaim(1);
  EXPECT_TRUE(Put(*old, "a", 3).ok());
  const std::unique_ptr<CheckpointClaim> young = MustClaim(2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(GetWalErrorCode(Put(*old, "a", 9)), WalErrorCode::kChannelFenced);
    EXPECT_EQ(GetWalErrorCode(Remove(*old, "a")), WalErrorCode::kChannelFenced);
    EXPECT_EQ(GetWalErrorCode(Remove(*old, "z")), WalErrorCode::kChannelFenced);
    const absl::Status chained = Run([&] { return old->PutChain("x"); });
    EXPECT_EQ(GetWalErrorCode(chained), WalErrorCode::kChannelFenced);
    EXPECT_TRUE(Put(*young, "b", 10 + i).ok());
  }
  EXPECT_EQ(Stored(), "2: a=3 b=11");
}

TEST_P(CheckpointStoreConformance, ALowerTermClaimsNothing) {
  const std::unique_ptr<CheckpointClaim> claim = MustClaim(5);
  const Claimed lower = Claim(4);
  EXPECT_EQ(GetWalErrorCode(lower.status()), WalErrorCode::kChannelFenced);
  EXPECT_TRUE(Put(*claim, "a", 1).ok());
  EXPECT_EQ(Stored(), "5: a=1");
}

TEST_P(CheckpointStoreConformance, TheSameTermMayClaimAgainAndStillNeverGoesBack) {
  std::unique_ptr<CheckpointClaim> claim = MustClaim(3);
  EXPECT_TRUE(Put(*claim, "a", 5).ok());
  claim.reset();
  claim = MustClaim(3);
  EXPECT_EQ(TextOf(claim->content()), "3: a=5");
  EXPECT_EQ(GetWalErrorCode(Put(*claim, "a", 4)), WalErrorCode::kInvalidArgument);
  EXPECT_TRUE(Put(*claim, "a", 6).ok());
  EXPECT_EQ(Stored(), "3: a=6");
}

TEST_P(CheckpointStoreConformance, WithinATermNoneGoesBackUnlessItIsRemoved) {
  std::unique_ptr<CheckpointClaim> claim = MustClaim(1);
  EXPECT_TRUE(Put(*claim, "a", 5).ok());
  EXPECT_TRUE(Put(*claim, "a", 5).ok());
  EXPECT_EQ(GetWalErrorCode(Put(*claim, "a", 4)), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(Stored(), "1: a=5");
  EXPECT_TRUE(Remove(*claim, "a").ok());
  EXPECT_TRUE(Put(*claim, "a", 4).ok());
  claim = MustClaim(2);
  EXPECT_TRUE(Put(*claim, "a", 2).ok());
  EXPECT_EQ(Stored(), "2: a=2");
}

TEST_P(CheckpointStoreConformance, ReadingClaimsNothing) {
  const std::unique_ptr<CheckpointClaim> claim = MustClaim(1);
  EXPECT_EQ(Stored(), "1:");
  EXPECT_TRUE(Put(*claim, "a", 5).ok());
}

TEST_P(CheckpointStoreConformance, ChannelsAreApart) {
  const std::unique_ptr<CheckpointClaim> one = MustClaim(1, "one");
  const std::unique_ptr<CheckpointClaim> two = MustClaim(2, "two");
  EXPECT_TRUE(Put(*one, "a", 1).ok());
  EXPECT_TRUE(Put(*two, "a", 2).ok());
  EXPECT_EQ(Stored("one"), "1: a=1");
  EXPECT_EQ(Stored("two"), "2: a=2");
  EXPECT_EQ(Stored("three"), "0:");
}

TEST_P(CheckpointStoreConformance, TheChainIsKeptByteForByte) {
  std::unique_ptr<CheckpointClaim> claim = MustClaim(1);
  const std::string chain("A\0\n\xFF", 4);
  EXPECT_TRUE(Run([&] { return claim->PutChain(chain); }).ok());
  EXPECT_TRUE(Put(*claim, "a", 1).ok());
  claim = MustClaim(2);
  EXPECT_EQ(claim->content().chain, chain);
  const std::string too_long(kCheckpointChainMax + 1, 'x');
  const absl::Status refused = Run([&] { return claim->PutChain(too_long); });
  EXPECT_EQ(GetWalErrorCode(refused), WalErrorCode::kInvalidArgument);
}

TEST_P(CheckpointStoreConformance, BadNamesChannelsAndPositionsAreRefused) {
  const std::unique_ptr<CheckpointClaim> claim = MustClaim(1);
  for (const std::string& name : {std::string(), std::string(".a"), std::string("a b"),
                                  std::string("a/b"), std::string(kCheckpointNameMax + 1, 'a')}) {
    EXPECT_EQ(GetWalErrorCode(Put(*claim, name, 1)), WalErrorCode::kInvalidArgument) << name;
  }
  EXPECT_TRUE(Put(*claim, std::string(kCheckpointNameMax, 'a'), 1).ok());
  const absl::Status no_id = Run([&] { return claim->Put("b", Position()); });
  EXPECT_EQ(GetWalErrorCode(no_id), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(GetWalErrorCode(Claim(1, "../x").status()), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(GetWalErrorCode(Claim(0).status()), WalErrorCode::kInvalidArgument);
  const auto read = Run([&] { return store().Read("../x"); });
  EXPECT_EQ(GetWalErrorCode(read.status()), WalErrorCode::kInvalidArgument);
}

using Claimed = absl::StatusOr<std::unique_ptr<CheckpointClaim>>;

Future<std::vector<Claimed>> ClaimTogether(std::vector<CheckpointStore*> stores,
                                           std::vector<int64_t> terms) {
  std::vector<Future<Claimed>> racing;
  for (size_t i = 0; i < terms.size(); ++i) {
    racing.push_back(stores[i]->Claim(PChannel{"orders", Term{terms[i]}}));
  }
  std::vector<Claimed> outcomes;
  for (Future<Claimed>& claim : racing) {
    Claimed outcome = co_await std::move(claim);
    outcomes.push_back(std::move(outcome));
  }
  co_return outcomes;
}

TEST_P(CheckpointStoreConformance, OfRacingClaimsTheHighestWins) {
  for (uint64_t seed = 1; seed <= GetParam().seed_count; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Restart(seed);
    const std::vector<int64_t> terms = {2, 4, 1, 3};
    const std::vector<CheckpointStore*> stores = {MakeStore(), MakeStore(), MakeStore(),
                                                  MakeStore()};
    std::vector<Claimed> outcomes = Run([&] { return ClaimTogether(stores, terms); });
    for (size_t i = 0; i < terms.size(); ++i) {
      if (!outcomes[i].ok()) {
        EXPECT_EQ(GetWalErrorCode(outcomes[i].status()), WalErrorCode::kChannelFenced);
        EXPECT_NE(terms[i], 4) << "nobody was higher: " << outcomes[i].status();
        continue;
      }
      const absl::Status put = Put(**outcomes[i], "a", 10 + i);
      EXPECT_EQ(put.ok(), terms[i] == 4) << put;
    }
    EXPECT_EQ(Stored(), "4: a=11");
  }
}

// Moves a checkpoint on until that fails; `done` is where it was told to be last.
Future<absl::Status> MoveOn(CheckpointClaim* claim, uint64_t* done, Signal* moved,
                            std::function<Position(uint64_t)> at) {
  for (uint64_t number = 1;; ++number) {
    co_await Yield();
    absl::Status put = co_await claim->Put("a", at(number));
    if (!put.ok()) co_return put;
    *done = number;
    moved->NotifyAll();
  }
}

struct TakenOver {
  uint64_t done = 0;
  absl::Status end;
  Claimed claim = absl::UnknownError("");
};

Future<TakenOver> TakeOver(CheckpointClaim* owner, CheckpointStore* store,
                           std::function<Position(uint64_t)> at, uint64_t turns) {
  TakenOver outcome;
  Signal moved;
  Future<absl::Status> moving = MoveOn(owner, &outcome.done, &moved, std::move(at));
  while (outcome.done < turns) co_await moved.Wait();
  PChannel claimer{"orders", Term{2}};
  outcome.claim = co_await store->Claim(std::move(claimer));
  outcome.end = co_await std::move(moving);
  co_return outcome;
}

TEST_P(CheckpointStoreConformance, AClaimHasWhatWasToldDoneAndNothingComesAfterIt) {
  for (uint64_t seed = 1; seed <= GetParam().seed_count; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Restart(seed);
    std::unique_ptr<CheckpointClaim> owner = MustClaim(1);
    CheckpointStore* other = MakeStore();
    TakenOver taken = Run([&] { return TakeOver(owner.get(), other, At, seed % 4); });
    EXPECT_EQ(GetWalErrorCode(taken.end), WalErrorCode::kChannelFenced) << taken.end;
    ASSERT_TRUE(taken.claim.ok()) << taken.claim.status();
    const Checkpoint* last = (*taken.claim)->content().Find("a");
    const uint64_t seen = last == nullptr ? 0 : ToInt(last->position.time_tick);
    EXPECT_EQ(seen, taken.done);
    EXPECT_EQ(Stored(), TextOf((*taken.claim)->content()));
  }
}

}  // namespace
}  // namespace tidelog
