// E5.
#include "adaptor/interceptors/lock/lock.h"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/interceptor.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

// One append, and whether it holds its lock.
class Op {
 public:
  Op(Lock* lock, std::vector<MutableMessage> messages)
      : lock_(*lock), op_(messages, AppendOptions()), verdict_(lock->Before(op_)) {}
  ~Op() {
    if (left_ || withdrawn_) return;
    if (holds()) {
      Leave();
    } else {
      (void)Withdraw();
    }
  }

  bool holds() {
    if (verdict_.until() == nullptr) return verdict_.status().ok();
    return !withdrawn_ && verdict_.until()->ready();
  }
  void Leave() {
    left_ = true;
    lock_.After(op_);
  }
  // Yields what it ends with.
  absl::Status Withdraw() {
    withdrawn_ = true;
    lock_.Withdraw(op_);
    EXPECT_TRUE(verdict_.until()->ready());
    return std::move(*verdict_.until()).Take();
  }

 private:
  Lock& lock_;
  AppendOp op_;
  Verdict verdict_;
  bool left_ = false;
  bool withdrawn_ = false;
};

class LockTest : public ::testing::Test {
 protected:
  std::unique_ptr<Op> Shared(std::string_view vchannel) {
    return Make(MessageType::kInsert, vchannel);
  }
  std::unique_ptr<Op> Exclusive(std::string_view vchannel) {
    return Make(MessageType::kManualFlush, vchannel);
  }
  std::unique_ptr<Op> Batch(std::string_view one, std::string_view other) {
    std::vector<MutableMessage> messages;
    messages.push_back(tidelog::testing::MakeInsert("", one));
    messages.push_back(tidelog::testing::MakeInsert("", other));
    return std::make_unique<Op>(&lock_, std::move(messages));
  }
  Lock lock_;

 private:
  std::unique_ptr<Op> Make(MessageType type, std::string_view vchannel) {
    std::vector<MutableMessage> messages;
    messages.push_back(tidelog::testing::MakeMessage(type, "", vchannel));
    return std::make_unique<Op>(&lock_, std::move(messages));
  }
};

TEST_F(LockTest, IsSharedByWhatIsNotExclusive) {
  const auto a = Shared("v"), b = Shared("v"), c = Shared(""), d = Batch("v", "w");
  EXPECT_TRUE(a->holds() && b->holds() && c->holds() && d->holds());
  EXPECT_EQ(lock_.reader_count(), 4u);
}

TEST_F(LockTest, LetsAnExclusiveMessageWaitForAllOfItsVChannel) {
  const auto a = Shared("v"), b = Shared("v"), other = Shared("w");
  const auto exclusive = Exclusive("v");
  EXPECT_FALSE(exclusive->holds());
  a->Leave();
  EXPECT_FALSE(exclusive->holds());
  b->Leave();
  EXPECT_TRUE(exclusive->holds());
  EXPECT_TRUE(other->holds());
}

TEST_F(LockTest, LetsAllOfItsVChannelWaitForAnExclusiveMessage) {
  const auto exclusive = Exclusive("v");
  EXPECT_TRUE(exclusive->holds());
  const auto a = Shared("v"), other = Shared("w"), second = Exclusive("v");
  EXPECT_FALSE(a->holds());
  EXPECT_TRUE(other->holds());
  EXPECT_FALSE(second->holds());
  EXPECT_EQ(lock_.waiting_count(), 2u);
  exclusive->Leave();
  EXPECT_TRUE(a->holds());
  EXPECT_FALSE(second->holds());
  a->Leave();
  EXPECT_TRUE(second->holds());
}

TEST_F(LockTest, LetsAnExclusiveMessageOfTheLogExcludeEverything) {
  const auto a = Shared("v");
  const auto exclusive = Exclusive("");
  EXPECT_FALSE(exclusive->holds());
  const auto b = Shared("w"), c = Exclusive("u");
  EXPECT_FALSE(b->holds() || c->holds());
  a->Leave();
  EXPECT_TRUE(exclusive->holds());
  EXPECT_FALSE(b->holds() || c->holds());
  exclusive->Leave();
  EXPECT_TRUE(b->holds() && c->holds());
}

// What belongs to every VChannel is ordered with whatever is exclusive in any.
TEST_F(LockTest, ExcludesMessagesOfAllVChannelsByAnExclusiveMessageOfOne) {
  const auto all = Shared("");
  const auto exclusive = Exclusive("v");
  EXPECT_FALSE(exclusive->holds());
  all->Leave();
  EXPECT_TRUE(exclusive->holds());
  EXPECT_FALSE(Shared("")->holds());
}

TEST_F(LockTest, TakesForABatchTheLocksOfAllItsVChannels) {
  const auto exclusive = Exclusive("w");
  EXPECT_FALSE(Batch("v", "w")->holds());
  EXPECT_TRUE(Batch("v", "u")->holds());
}

TEST_F(LockTest, LetsNobodyOvertakeAnExclusiveMessageThatWaits) {
  const auto a = Shared("v");
  const auto exclusive = Exclusive("v");
  const auto late = Shared("v");
  EXPECT_FALSE(late->holds());
  a->Leave();
  EXPECT_TRUE(exclusive->holds());
  EXPECT_FALSE(late->holds());
  exclusive->Leave();
  EXPECT_TRUE(late->holds());
}

TEST_F(LockTest, LetsExclusiveMessagesOfDifferentVChannelsGoSideBySide) {
  const auto v = Exclusive("v"), w = Exclusive("w");
  EXPECT_TRUE(v->holds() && w->holds());
}

TEST_F(LockTest, LetsThoseGoOnThatWaitedForOneThatIsWithdrawn) {
  const auto a = Shared("v");
  const auto exclusive = Exclusive("v");
  const auto b = Shared("v");
  EXPECT_FALSE(b->holds());
  EXPECT_FALSE(exclusive->Withdraw().ok());
  EXPECT_TRUE(b->holds());
  EXPECT_EQ(lock_.waiting_count(), 0u);
}

// Who came behind an exclusive message is nothing that this one waits for.
TEST_F(LockTest, CountsOnlyThoseThatCameBeforeWhenOneIsWithdrawn) {
  const auto a = Shared("v"), b = Shared("v");
  const auto exclusive = Exclusive("v");
  const auto late = Shared("v");
  const auto later = Exclusive("v");
  EXPECT_EQ(GetWalErrorCode(late->Withdraw()), WalErrorCode::kDeadlineExceeded);
  a->Leave();
  EXPECT_FALSE(exclusive->holds());
  b->Leave();
  EXPECT_TRUE(exclusive->holds());
  EXPECT_FALSE(later->holds());
  exclusive->Leave();
  EXPECT_TRUE(later->holds());
}

TEST_F(LockTest, KeepsWhatItHasGranted) {
  const auto a = Shared("v");
  std::vector<MutableMessage> messages;
  messages.push_back(tidelog::testing::MakeMessage(MessageType::kFlushAll, "", "v"));
  AppendOp op(messages, AppendOptions());
  Verdict verdict = lock_.Before(op);
  a->Leave();
  lock_.Withdraw(op);  // Too late: it is granted, and After() will be called.
  EXPECT_TRUE(std::move(*verdict.until()).Take().ok());
  EXPECT_FALSE(Shared("v")->holds());
  lock_.After(op);
  EXPECT_TRUE(Shared("v")->holds());
}

}  // namespace
}  // namespace tidelog::adaptor
