#include "sim/kernel/remote_calls.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using Answered = absl::StatusOr<std::string>;

// The client's side, in the process.
class Client {
 public:
  explicit Client(Process* process)
      : calls(process), executor(process->runtime()->MakeExecutor("client")) {}

  Future<Unit> Ask(std::optional<CallToken>* token, std::optional<Answered>* answer) {
    co_await EnterExecutor(executor.get());
    auto call = calls.Start("answer");
    *token = call.token;
    Answered got = co_await std::move(call.answer);
    const WorldScope world;
    *answer = DeepCopy(got);
    co_return Unit{};
  }

  RemoteCalls<Answered> calls;
  const std::unique_ptr<Executor> executor;
};

class RemoteCallsTest : public testing::Test {
 protected:
  RemoteCallsTest() : process_(kernel_.Spawn("client")) {
    process_->Enter([&] { client_ = std::make_unique<Client>(process_).release(); });
  }

  // Starts a call, whose token is then there.
  void Ask() {
    process_->Enter([&] { const Future<Unit> ignored = client_->Ask(&token_, &answer_); });
    kernel_.RunFor(absl::Microseconds(1));
    ASSERT_TRUE(token_.has_value());
    ASSERT_FALSE(answer_.has_value());
  }

  Leftovers End() {
    process_->Enter([&] { std::unique_ptr<Client>(client_).reset(); });
    return kernel_.End(process_);
  }

  Kernel kernel_{{}};
  Process* const process_;
  Client* client_ = nullptr;
  std::optional<CallToken> token_;
  std::optional<Answered> answer_;
};

TEST_F(RemoteCallsTest, AnAnswerFindsItsCall) {
  Ask();
  const CallToken first = *token_;
  Ask();
  EXPECT_NE(first, *token_);
  Answer<Answered>(&kernel_, first, std::string(100, 'x'));
  kernel_.RunFor(absl::Microseconds(1));
  EXPECT_EQ(answer_, Answered(std::string(100, 'x')));
  EXPECT_EQ(client_->calls.count(), 1u);
  Answer<Answered>(&kernel_, *token_, absl::UnavailableError("no"));
  kernel_.RunFor(absl::Microseconds(1));
  EXPECT_EQ(answer_, Answered(absl::UnavailableError("no")));
  EXPECT_EQ(End(), Leftovers{});
}

TEST_F(RemoteCallsTest, AnAnswerIsMadeInTheMemoryOfTheProcess) {
  Ask();
  const Arena* arena = nullptr;
  AnswerWith<Answered>(&kernel_, *token_, [&]() -> Answered {
    arena = Arena::Current();
    return "made there";
  });
  kernel_.RunFor(absl::Microseconds(1));
  EXPECT_NE(arena, nullptr);
  EXPECT_EQ(End(), Leftovers{});
}

TEST_F(RemoteCallsTest, ASecondAnswerIsDropped) {
  Ask();
  Answer<Answered>(&kernel_, *token_, "first");
  Answer<Answered>(&kernel_, *token_, "second");
  kernel_.RunFor(absl::Microseconds(1));
  EXPECT_EQ(answer_, Answered("first"));
  EXPECT_EQ(End(), Leftovers{});
}

TEST_F(RemoteCallsTest, AnAnswerToTheDeadIsDropped) {
  Ask();
  Answer<Answered>(&kernel_, *token_, "under way");
  kernel_.Kill(process_);
  Answer<Answered>(&kernel_, *token_, "too late");
  EXPECT_FALSE(kernel_.Step());
  EXPECT_EQ(answer_, std::nullopt);
  EXPECT_EQ(process_->memory().count, 0);
}

TEST_F(RemoteCallsTest, AnAnswerToAClientThatIsGoneIsDropped) {
  Ask();
  Answer<Answered>(&kernel_, *token_, "first");
  kernel_.RunFor(absl::Microseconds(1));
  Answer<Answered>(&kernel_, *token_, "second");
  process_->Enter([&] { std::unique_ptr<Client>(client_).reset(); });
  EXPECT_TRUE(kernel_.Step());
  EXPECT_EQ(kernel_.End(process_), Leftovers{});
}

TEST_F(RemoteCallsTest, AnAnswerToAStoppedProcessWaits) {
  Ask();
  kernel_.Pause(process_);
  Answer<Answered>(&kernel_, *token_, "waits");
  kernel_.RunFor(absl::Seconds(1));
  EXPECT_EQ(answer_, std::nullopt);
  kernel_.Resume(process_);
  kernel_.RunFor(absl::Microseconds(1));
  EXPECT_EQ(answer_, Answered("waits"));
}

TEST_F(RemoteCallsTest, ACallMayBeGivenUp) {
  Ask();
  process_->Enter([&] {
    EXPECT_TRUE(client_->calls.Abandon(*token_, absl::DeadlineExceededError("late")));
    EXPECT_FALSE(client_->calls.Abandon(*token_, absl::DeadlineExceededError("again")));
  });
  Answer<Answered>(&kernel_, *token_, "too late");
  kernel_.RunFor(absl::Microseconds(1));
  EXPECT_EQ(answer_, Answered(absl::DeadlineExceededError("late")));
  EXPECT_EQ(End(), Leftovers{});
}

TEST_F(RemoteCallsTest, ACallThatIsStartedAgainHasAnotherToken) {
  Ask();
  const CallToken old = *token_;
  kernel_.Kill(process_);
  Process* again = kernel_.Spawn("client");
  again->Enter([&] { client_ = std::make_unique<Client>(again).release(); });
  std::optional<Answered> answer;
  again->Enter([&] { const Future<Unit> ignored = client_->Ask(&token_, &answer); });
  kernel_.RunFor(absl::Microseconds(1));
  EXPECT_NE(old, *token_);
  Answer<Answered>(&kernel_, old, "for the dead");
  kernel_.RunFor(absl::Microseconds(1));
  EXPECT_EQ(answer, std::nullopt);
}

TEST_F(RemoteCallsTest, AnAnswerOfAnotherTypeAborts) {
  Ask();
  Answer<int>(&kernel_, *token_, 1);
  EXPECT_DEATH(kernel_.Step(), "answered with another type than it asked for");
}

// What a copy shares is not the business of whoever dies first.
TEST(DeepCopyTest, NothingIsShared) {
  Arena arena;
  absl::Status original = WalError(WalErrorCode::kOnShutdown, std::string(200, 'm'));
  original.SetPayload("long", absl::Cord(std::string(300, 'p')));
  {
    const ArenaScope process(&arena);
    const absl::Status shared = original;
    EXPECT_EQ(arena.usage().count, 0);
    absl::Status copy = DeepCopy(original);
    EXPECT_GT(arena.usage().bytes, 500);
    EXPECT_EQ(copy, original);
    EXPECT_EQ(GetWalErrorCode(copy), WalErrorCode::kOnShutdown);
    const std::vector<absl::StatusOr<std::string>> values = {original, std::string(100, 'x')};
    EXPECT_EQ(DeepCopy(values), values);
    const std::optional<std::string> nothing;
    EXPECT_EQ(DeepCopy(nothing), nothing);
    const std::pair<int, std::optional<std::string>> pair = {1, "x"};
    EXPECT_EQ(DeepCopy(pair), pair);
  }
  EXPECT_EQ(arena.usage().count, 0);
}

}  // namespace
}  // namespace tidelog::sim
