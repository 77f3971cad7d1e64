#include "adaptor/reading/txn_assembly.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

using Result = TxnAssembly::Result;

class TxnAssemblyTest : public ::testing::Test {
 protected:
  ImmutableMessage Next(MutableMessage message) {
    ++last_;
    const MessageId id = MessageId::FromNumber({LogKind::kMemory, 1, 0}, last_);
    return tidelog::testing::Stored(std::move(message), Term{1}, TimeTick{last_}, id);
  }
  Result Take(MutableMessage message, bool wanted = true) {
    taken_ = Next(std::move(message));
    return assembly_.Take(taken_, wanted);
  }
  TxnContext Begin(bool wanted = true) {
    EXPECT_EQ(Take(tidelog::testing::MakeBegin("v", absl::Milliseconds(1)), wanted),
              Result::kNothing);
    return {TimeTick{last_}, absl::Milliseconds(1)};
  }
  Result Body(const TxnContext& txn, bool wanted = true, std::string_view payload = "b") {
    return Take(tidelog::testing::MakeBody(payload, "v", txn), wanted);
  }
  Result Commit(const TxnContext& txn, uint32_t bodies, bool wanted = true) {
    return Take(tidelog::testing::MakeCommit("v", txn, bodies), wanted);
  }

  TxnAssembly assembly_;
  ImmutableMessage taken_;
  uint64_t last_ = 0;
};

TEST_F(TxnAssemblyTest, MakesATransactionOfItsCommit) {
  const TxnContext txn = Begin();
  EXPECT_EQ(Body(txn), Result::kNothing);
  EXPECT_EQ(assembly_.count(), 2u);
  EXPECT_EQ(Commit(txn, 1), Result::kMessage);
  EXPECT_EQ(taken_.type(), MessageType::kTxn);
  EXPECT_EQ(taken_.transaction().size(), 3u);
  EXPECT_EQ(assembly_.count(), 0u);
}

TEST_F(TxnAssemblyTest, KeepsNothingOfWhatEndsOtherwise) {
  const TxnContext rolled_back = Begin();
  EXPECT_EQ(Body(rolled_back), Result::kNothing);
  EXPECT_EQ(Take(tidelog::testing::MakeRollback("v", rolled_back)), Result::kNothing);
  EXPECT_EQ(assembly_.count(), 0u);
  (void)Begin();
  (void)Begin();
  EXPECT_EQ(Take(tidelog::testing::MakeMessage(MessageType::kFlushAll, "")), Result::kMessage);
  EXPECT_EQ(assembly_.count(), 0u);
  (void)Begin();
  last_ += 1 << kTimeTickLogicalBits;
  EXPECT_EQ(Take(MessageFactory::StoredTimeTick()), Result::kMessage);
  EXPECT_EQ(assembly_.count(), 0u);
}

TEST_F(TxnAssemblyTest, NeitherKeepsNorReportsWhatIsNotWanted) {
  const TxnContext txn = Begin(/*wanted=*/false);
  EXPECT_EQ(Body(txn, /*wanted=*/false), Result::kNothing);
  EXPECT_EQ(assembly_.count(), 0u);
  EXPECT_EQ(Commit(txn, 7, /*wanted=*/false), Result::kNothing);
}

TEST_F(TxnAssemblyTest, ReportsAMismatchFromItsBegin) {
  const TxnContext txn = Begin();
  const MessageId begin = taken_.id();
  EXPECT_EQ(Body(txn), Result::kNothing);
  EXPECT_EQ(Commit(txn, 2), Result::kMismatch);
  EXPECT_EQ(assembly_.mismatch_begin(), begin);
  EXPECT_EQ(assembly_.count(), 0u);
}

// A member that waits long must not keep megabytes alive that were read ahead around it.
TEST_F(TxnAssemblyTest, CopiesSmallMembersAndKeepsLargeOnesAsTheyAre) {
  const TxnContext txn = Begin();
  EXPECT_EQ(Body(txn, true, "small"), Result::kNothing);
  const ImmutableMessage small = taken_;
  EXPECT_EQ(Body(txn, true, std::string(100000, 'x')), Result::kNothing);
  const ImmutableMessage large = taken_;
  EXPECT_EQ(Commit(txn, 2), Result::kMessage);
  const ImmutableMessage& copied = taken_.transaction()[1];
  EXPECT_NE(copied.record().data(), small.record().data());
  EXPECT_EQ(copied.record().bytes(), small.record().bytes());
  EXPECT_EQ(copied.id(), small.id());
  EXPECT_EQ(taken_.transaction()[2].record().data(), large.record().data());
  EXPECT_GT(SizeOf(taken_), 100000u);
}

}  // namespace
}  // namespace tidelog::adaptor
