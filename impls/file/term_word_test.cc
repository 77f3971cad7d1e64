#include "impls/file/term_word.h"

#include <cstdint>
#include <optional>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

TEST(TermWordTest, HasTheBitsThatAreDocumented) {
  EXPECT_EQ((TermWord{Term{7}, 2, true}).Pack(), uint64_t{7} << 17 | uint64_t{2} << 1 | 1);
  EXPECT_EQ((TermWord{kTermMax, TermWord::kIncarnationMax, true}).Pack(), ~uint64_t{0});
  EXPECT_EQ(TermWord{}.Pack(), 0u);
}

TEST(TermWordTest, AHigherTermClaimsWhateverTheMark) {
  const TermWord claimed{Term{8}, 1, false};
  EXPECT_EQ((TermWord{Term{7}, 3, false}).ClaimedBy(Term{8}), claimed);
  EXPECT_EQ((TermWord{Term{7}, 3, true}).ClaimedBy(Term{8}), claimed);
  EXPECT_EQ(TermWord{}.ClaimedBy(Term{8}), claimed);
}

TEST(TermWordTest, TheSameTermClaimsOnlyBehindACleanClose) {
  const TermWord owner{Term{7}, 3, false};
  EXPECT_EQ(owner.ClaimedBy(Term{7}), std::nullopt);
  EXPECT_EQ(owner.Closed().ClaimedBy(Term{7}), (TermWord{Term{7}, 4, false}));
}

TEST(TermWordTest, AReopenConsumesTheMark) {
  const std::optional<TermWord> reopened = TermWord{Term{7}, 3, true}.ClaimedBy(Term{7});
  ASSERT_TRUE(reopened.has_value());
  EXPECT_EQ(reopened->ClaimedBy(Term{7}), std::nullopt);
}

TEST(TermWordTest, ALowerTermNeverClaims) {
  EXPECT_EQ((TermWord{Term{7}, 3, false}).ClaimedBy(Term{6}), std::nullopt);
  EXPECT_EQ((TermWord{Term{7}, 3, true}).ClaimedBy(Term{6}), std::nullopt);
}

TEST(TermWordTest, UsedUpIncarnationsAreNotReused) {
  const TermWord last{Term{7}, TermWord::kIncarnationMax, true};
  EXPECT_EQ(last.ClaimedBy(Term{7}), std::nullopt);
  EXPECT_EQ(last.ClaimedBy(Term{8}), (TermWord{Term{8}, 1, false}));
}

TEST(TermWordTest, AnOwnerIsNoLongerOwnerOnceAnythingChanged) {
  const TermWord owner{Term{7}, 3, false};
  EXPECT_TRUE(owner.IsStill(owner.Pack()));
  EXPECT_FALSE(owner.IsStill(owner.Closed().Pack()));
  EXPECT_FALSE(owner.IsStill(TermWord{Term{7}, 4, false}.Pack()));
  EXPECT_FALSE(owner.IsStill(TermWord{Term{8}, 3, false}.Pack()));
}

TEST(TermWordTest, IsReadable) {
  EXPECT_EQ((TermWord{Term{7}, 2, false}).ToString(), "7/2");
  EXPECT_EQ((TermWord{Term{7}, 2, true}).ToString(), "7/2 clean");
  EXPECT_EQ(TermWord{}.ToString(), "none");
}

TEST(BirthWordTest, KeepsItsNumberAndThatTheLogIsBorn) {
  for (const BirthWord word : {BirthWord{4711, false}, BirthWord{4711, true}, BirthWord{0, true}}) {
    EXPECT_EQ(BirthWord::Unpack(word.Pack()), word);
  }
}

TEST(BirthWordTest, OfALogThatIsBornEveryFlippedBitIsNoticed) {
  for (const uint32_t number : {0u, 1u, 4711u, 0xFFFFFFFFu}) {
    const uint64_t word = BirthWord{number, true}.Pack();
    for (int bit = 0; bit < 64; ++bit) {
      EXPECT_EQ(BirthWord::Unpack(word ^ uint64_t{1} << bit), std::nullopt) << bit;
    }
  }
}

// Of a log that an earlier program has made.
TEST(BirthWordTest, ANumberWithoutAChecksumIsTaken) {
  EXPECT_EQ(BirthWord::Unpack(uint64_t{1} << 32 | 4711), (BirthWord{4711, true}));
}

RC_GTEST_PROP(TermWordProperty, EveryWordRoundTrips, (uint64_t word)) {
  RC_ASSERT(TermWord::Unpack(word).Pack() == word);
}

// A claim that did not raise the word could put an old owner over a new one.
RC_GTEST_PROP(TermWordProperty, AClaimAlwaysRaisesTheWord, (uint64_t word, int64_t any)) {
  const Term claimer{1 + static_cast<int64_t>(static_cast<uint64_t>(any) % 8) +
                     ToInt(TermWord::Unpack(word).term) / 2};
  RC_PRE(claimer <= kTermMax);
  const std::optional<TermWord> claimed = TermWord::Unpack(word).ClaimedBy(claimer);
  if (claimed.has_value()) {
    RC_ASSERT(claimed->Pack() > word);
    RC_ASSERT(claimed->term == claimer);
    RC_ASSERT(!claimed->clean);
  }
}

}  // namespace
}  // namespace tidelog::impls::file
