// The owner word, when others change it at the worst moment.
#include "impls/file/term_file.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "impls/file/term_word.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

// A word that somebody else changes right before the next exchange.
class RacedWord final : public MappedWord {
 public:
  explicit RacedWord(uint64_t word) : word_(word) {}
  uint64_t Load() const override { return word_; }
  bool CompareExchange(uint64_t& expected, uint64_t desired) override {
    if (rival) word_ = *std::exchange(rival, std::nullopt);
    const bool same = word_ == expected;
    expected = word_;
    if (same) word_ = desired;
    return same;
  }
  Future<absl::Status> Sync() override { return MakeReadyFuture(sync_status); }

  std::optional<uint64_t> rival;
  absl::Status sync_status;

 private:
  uint64_t word_;
};

class TermFileTest : public ::testing::Test {
 protected:
  void Make(TermWord now) {
    auto word = std::make_unique<RacedWord>(now.Pack());
    word_ = word.get();
    term_ = std::make_unique<TermFile>(nullptr, std::move(word), std::make_unique<RacedWord>(42));
  }
  absl::StatusOr<TermWord> Claim(Term term) {
    return runtime_.Run([&] { return term_->Claim(term); });
  }

  TestRuntime runtime_;
  RacedWord* word_ = nullptr;
  std::unique_ptr<TermFile> term_;
};

TEST_F(TermFileTest, AClaimYieldsWhoOwnedTheChannelBefore) {
  Make({Term{3}, 1, false});
  const absl::StatusOr<TermWord> before = Claim(Term{5});
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(*before, (TermWord{Term{3}, 1, false}));
  EXPECT_TRUE(term_->StillOwner());
}

TEST_F(TermFileTest, AClaimNeverPutsALowerTermOverAHigherOne) {
  Make({Term{3}, 1, false});
  word_->rival = TermWord{Term{9}, 1, false}.Pack();
  EXPECT_EQ(GetWalErrorCode(Claim(Term{5}).status()), WalErrorCode::kUnmatchedTerm);
  EXPECT_EQ(term_->Load(), (TermWord{Term{9}, 1, false}));
}

TEST_F(TermFileTest, AClaimThatALowerTermOvertookClaimsFromThatOne) {
  Make({Term{3}, 1, false});
  word_->rival = TermWord{Term{4}, 1, false}.Pack();
  const absl::StatusOr<TermWord> before = Claim(Term{5});
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(before->term, Term{4});
}

TEST_F(TermFileTest, OfTwoWhoConsumeACleanMarkTheSecondIsRefused) {
  Make({Term{5}, 1, true});
  word_->rival = TermWord{Term{5}, 2, false}.Pack();
  EXPECT_EQ(GetWalErrorCode(Claim(Term{5}).status()), WalErrorCode::kUnmatchedTerm);
}

TEST_F(TermFileTest, AClaimThatIsNotDurableFails) {
  Make({Term{3}, 1, false});
  word_->sync_status = absl::UnknownError("no");
  EXPECT_EQ(GetWalErrorCode(Claim(Term{5}).status()), WalErrorCode::kUnavailable);
}

TEST_F(TermFileTest, TheCleanMarkIsNotPutOverAHigherTerm) {
  Make({Term{3}, 1, false});
  ASSERT_TRUE(Claim(Term{5}).ok());
  word_->rival = TermWord{Term{6}, 1, false}.Pack();
  const absl::Status marked = runtime_.Run([&] { return term_->MarkClean(); });
  EXPECT_EQ(GetWalErrorCode(marked), WalErrorCode::kChannelFenced);
  EXPECT_EQ(term_->Load(), (TermWord{Term{6}, 1, false}));
  EXPECT_FALSE(term_->StillOwner());
}

TEST_F(TermFileTest, ALogIsBornOnceAndKeepsItsNumber) {
  Make({});
  EXPECT_FALSE(term_->born());
  ASSERT_TRUE(runtime_.Run([&] { return term_->MarkBorn(); }).ok());
  EXPECT_TRUE(term_->born());
  EXPECT_EQ(term_->log(), 42u);
}

}  // namespace
}  // namespace tidelog::impls::file
