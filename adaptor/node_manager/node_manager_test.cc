// A node and its channels (H1), over the adaptor's own logs on a fake backend.
#include "adaptor/node_manager/node_manager.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/opener_builder.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/metrics.h"
#include "wal/node_manager.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Code = WalErrorCode;
using Log = absl::StatusOr<std::unique_ptr<Wal>>;

class NodeManagerTest : public testing::Test {
 protected:
  NodeManagerTest() : builder_(&backend_) {
    Environment environment;
    environment.runtime = &runtime_;
    environment.observer = &events_;
    environment.metrics = &metrics_;
    node_ = MakeNodeManager(environment, [this](std::string_view name) { return Find(name); });
  }
  ~NodeManagerTest() override {
    if (node_ != nullptr) (void)Close();
    node_.reset();
    runtime_.RunUntilIdle();
  }

  absl::StatusOr<std::unique_ptr<OpenerBuilder>> Find(std::string_view name) {
    ++builds_;
    if (name != "fake") return absl::NotFoundError(absl::StrCat("no backend ", name));
    return MakeOpenerBuilder(&builder_, {});
  }

  static PChannel Orders(int64_t term) { return {"orders", Term{term}}; }
  static BackendChoice Fake() { return {"fake", {}}; }
  Future<absl::Status> StartAssign(int64_t term) { return node_->Assign(Orders(term), Fake()); }
  absl::Status Assign(int64_t term) {
    return runtime_.Run([&] { return StartAssign(term); });
  }
  absl::Status Remove(int64_t term) {
    return runtime_.Run([&] { return node_->Remove(Orders(term)); });
  }
  Log Get(int64_t term) {
    return runtime_.Run([&] { return node_->Get(Orders(term)); });
  }
  std::unique_ptr<Wal> MustGet(int64_t term) {
    Log wal = Get(term);
    CHECK_OK(wal);
    return *std::move(wal);
  }
  Code Append(Wal& wal) {
    return CodeOf(runtime_.Run([&] { return wal.Append(LogWorld::Message("a"), {}); }));
  }
  absl::Status Close() {
    return runtime_.Run([this] { return node_->Close(); });
  }
  // -1: there is no series of that name.
  double ValueOf(std::string_view name) const {
    for (const Metric& metric : metrics_.Collect()) {
      if (metric.name == absl::StrCat("tidelog_node_", name)) return metric.value;
    }
    return -1;
  }
  walimpls::FakeLog& fake() { return backend_.log("orders"); }
  void Settle() { runtime_.RunUntilIdle(); }

  TestRuntime runtime_;
  walimpls::FakeBackend backend_;
  FakeBuilder builder_;
  EventLog events_;
  MetricRegistry metrics_;
  int builds_ = 0;
  std::unique_ptr<NodeManager> node_;
};

TEST_F(NodeManagerTest, OpensWhatItIsAssignedAndGivesItToAll) {
  ASSERT_TRUE(Assign(7).ok());
  std::unique_ptr<Wal> one = MustGet(7);
  std::unique_ptr<Wal> two = MustGet(7);
  EXPECT_EQ(one->channel(), Orders(7));
  EXPECT_EQ(Append(*one), Code::kOk);
  // Who is done with it takes it from nobody.
  EXPECT_TRUE(runtime_.Run([&] { return one->Close(); }).ok());
  one.reset();
  EXPECT_EQ(Append(*two), Code::kOk);
}

TEST_F(NodeManagerTest, ClosesWhatItLosesThoughSomebodyStillHoldsIt) {
  ASSERT_TRUE(Assign(7).ok());
  std::unique_ptr<Wal> wal = MustGet(7);
  EXPECT_TRUE(Remove(7).ok());
  EXPECT_EQ(fake().open_log_count(), 0);
  EXPECT_EQ(fake().close_mode(), walimpls::CloseMode::kClean);
  EXPECT_EQ(Append(*wal), Code::kOnShutdown);
  EXPECT_EQ(CodeOf(Get(7)), Code::kChannelNotExist);
}

TEST_F(NodeManagerTest, ClosesAnOlderTermBeforeItOpensANewerOne) {
  ASSERT_TRUE(Assign(7).ok());
  std::unique_ptr<Wal> old = MustGet(7);
  // Else its last append would have been fenced, and not stored.
  EXPECT_EQ(Append(*old), Code::kOk);
  ASSERT_TRUE(Assign(8).ok());
  EXPECT_EQ(Append(*old), Code::kOnShutdown);
  EXPECT_EQ(events_.CountOf(Event::Kind::kFenced), 0u);
  EXPECT_EQ(fake().open_log_count(), 1);
  EXPECT_EQ(CodeOf(Get(7)), Code::kUnmatchedTerm);
  EXPECT_EQ(Append(*MustGet(8)), Code::kOk);
}

// Requests that come late or twice.

TEST_F(NodeManagerTest, IgnoresWhatWasDoneBefore) {
  ASSERT_TRUE(Assign(7).ok());
  EXPECT_EQ(CodeOf(Assign(7)), Code::kIgnoredOperation);
  ASSERT_TRUE(Remove(7).ok());
  EXPECT_EQ(CodeOf(Remove(7)), Code::kIgnoredOperation);
}

TEST_F(NodeManagerTest, RefusesWhatIsOlder) {
  ASSERT_TRUE(Assign(7).ok());
  const absl::Status older = Assign(6);
  EXPECT_EQ(CodeOf(older), Code::kUnmatchedTerm);
  EXPECT_THAT(older.message(), HasSubstr("assign orders@6: term 7 was asked for before"));
  EXPECT_EQ(CodeOf(Remove(6)), Code::kUnmatchedTerm);
  ASSERT_TRUE(Remove(7).ok());
  EXPECT_EQ(CodeOf(Assign(7)), Code::kUnmatchedTerm);
  EXPECT_EQ(fake().open_log_count(), 0);
}

TEST_F(NodeManagerTest, KeepsOutATermThatWasRemovedBeforeItCame) {
  EXPECT_TRUE(Remove(7).ok());
  EXPECT_EQ(CodeOf(Assign(7)), Code::kUnmatchedTerm);
  EXPECT_TRUE(Assign(8).ok());
}

TEST_F(NodeManagerTest, GivesAllWhoAskForTheSameOneAnswer) {
  fake().HoldOpens();
  Future<absl::Status> first = StartAssign(7);
  Future<absl::Status> second = StartAssign(7);
  Settle();
  EXPECT_FALSE(first.ready());
  EXPECT_FALSE(second.ready());
  EXPECT_EQ(CodeOf(Get(7)), Code::kChannelNotExist);
  fake().ReleaseOpens();
  Settle();
  EXPECT_TRUE(std::move(first).Take().ok());
  EXPECT_TRUE(std::move(second).Take().ok());
}

TEST_F(NodeManagerTest, TellsAtOnceWhoIsOvertaken) {
  fake().HoldOpens();
  Future<absl::Status> first = StartAssign(7);
  Settle();
  Future<absl::Status> second = StartAssign(9);
  Settle();
  ASSERT_TRUE(first.ready());
  const absl::Status overtaken = std::move(first).Take();
  EXPECT_EQ(CodeOf(overtaken), Code::kUnmatchedTerm);
  EXPECT_THAT(overtaken.message(), HasSubstr("term 9 has overtaken it"));
  EXPECT_FALSE(second.ready());
  fake().ReleaseOpens();
  Settle();
  EXPECT_TRUE(std::move(second).Take().ok());
  EXPECT_EQ(fake().open_log_count(), 1);
}

TEST_F(NodeManagerTest, CarriesOutARemovalThatIsOvertaken) {
  ASSERT_TRUE(Assign(7).ok());
  Future<absl::Status> removed = node_->Remove(Orders(7));
  Future<absl::Status> assigned = StartAssign(8);
  Settle();
  EXPECT_TRUE(std::move(removed).Take().ok());
  EXPECT_TRUE(std::move(assigned).Take().ok());
}

// A requester that goes away.
TEST_F(NodeManagerTest, CarriesOutWhatNobodyWaitsForAnyMore) {
  fake().HoldOpens();
  (void)StartAssign(7);
  Settle();
  fake().ReleaseOpens();
  Settle();
  EXPECT_EQ(Append(*MustGet(7)), Code::kOk);
  (void)node_->Remove(Orders(7));
  Settle();
  EXPECT_EQ(fake().open_log_count(), 0);
}

// What fails.

TEST_F(NodeManagerTest, NeverOpensATermAgainThatHasFailed) {
  fake().FailOpens(1, WalError(Code::kUnavailable, "the tape is stuck"));
  EXPECT_EQ(CodeOf(Assign(7)), Code::kUnavailable);
  const absl::Status again = Assign(7);
  EXPECT_EQ(CodeOf(again), Code::kUnmatchedTerm);
  EXPECT_THAT(again.message(), HasSubstr("the tape is stuck"));
  const Log none = Get(7);
  EXPECT_EQ(CodeOf(none), Code::kChannelNotExist);
  EXPECT_THAT(none.status().message(), HasSubstr("the tape is stuck"));
  EXPECT_EQ(CodeOf(Remove(7)), Code::kIgnoredOperation);
  EXPECT_TRUE(Assign(8).ok());
}

TEST_F(NodeManagerTest, ClosesALogThatAnotherNodeHasFenced) {
  ASSERT_TRUE(Assign(7).ok());
  fake().Fence(Term{8});
  runtime_.Advance(absl::Milliseconds(200));
  EXPECT_EQ(fake().open_log_count(), 0);
  EXPECT_EQ(CodeOf(Get(7)), Code::kChannelFenced);
  EXPECT_EQ(CodeOf(Assign(7)), Code::kUnmatchedTerm);
  EXPECT_TRUE(Assign(9).ok());
}

TEST_F(NodeManagerTest, TakesNoTermForWhatCannotBeAsked) {
  EXPECT_EQ(CodeOf(Assign(0)), Code::kInvalidArgument);
  const absl::Status unknown = runtime_.Run([&] { return node_->Assign(Orders(7), {"tape", {}}); });
  EXPECT_EQ(CodeOf(unknown), Code::kInvalidArgument);
  EXPECT_THAT(unknown.message(), HasSubstr("no backend tape"));
  const BackendChoice wrong{"fake", {{"wal.tick_interval", "soon"}}};
  EXPECT_EQ(CodeOf(runtime_.Run([&] { return node_->Assign(Orders(7), wrong); })),
            Code::kInvalidArgument);
  EXPECT_TRUE(Assign(7).ok());
}

// H2: storage fences what hangs.
TEST_F(NodeManagerTest, OpensTheNextTermThoughTheLastOneHangs) {
  ASSERT_TRUE(Assign(7).ok());
  fake().HangCloses();
  Future<absl::Status> next = StartAssign(8);
  runtime_.Advance(absl::Seconds(25));
  EXPECT_EQ(runtime_.quarantine().size(), 1u);
  // Both are there: the one that hangs, and the next, whose replay hangs at the end of a scan.
  EXPECT_EQ(fake().open_log_count(), 2);
  fake().ReleaseCloses();
  Settle();
  EXPECT_TRUE(std::move(next).Take().ok());
  EXPECT_EQ(Append(*MustGet(8)), Code::kOk);
  fake().HangCloses();
  const absl::Status removed = Remove(8);
  EXPECT_EQ(CodeOf(removed), Code::kUnavailable);
  EXPECT_THAT(removed.message(), HasSubstr("the backend's close"));
  EXPECT_EQ(CodeOf(Remove(8)), Code::kIgnoredOperation);
  fake().ReleaseCloses();
}

// Openers.

TEST_F(NodeManagerTest, MakesOneOpenerForEachBackendAndItsSettings) {
  ASSERT_TRUE(Assign(7).ok());
  ASSERT_TRUE(Assign(8).ok());
  EXPECT_EQ(builds_, 1);
  const BackendChoice other{"fake", {{"wal.tick_interval", "100ms"}}};
  ASSERT_TRUE(runtime_.Run([&] { return node_->Assign({"bills", Term{1}}, other); }).ok());
  ASSERT_TRUE(runtime_.Run([&] { return node_->Assign({"notes", Term{1}}, other); }).ok());
  EXPECT_EQ(builds_, 2);
}

// The whole node.

TEST_F(NodeManagerTest, TellsWhatItHas) {
  ASSERT_TRUE(Assign(7).ok());
  backend_.log("bills").FailOpens(1, WalError(Code::kUnavailable, "the tape is stuck"));
  (void)runtime_.Run([&] { return node_->Assign({"bills", Term{3}}, Fake()); });
  const std::vector<NodeChannel> channels = runtime_.Run([&] { return node_->Channels(); });
  ASSERT_EQ(channels.size(), 2u);
  EXPECT_EQ(channels[0].name, "bills");
  EXPECT_EQ(channels[0].reached, (ChannelState{Term{3}, false}));
  EXPECT_EQ(CodeOf(channels[0].why_not), Code::kUnavailable);
  EXPECT_EQ(channels[1].name, "orders");
  EXPECT_EQ(channels[1].reached, (ChannelState{Term{7}, true}));
  EXPECT_TRUE(channels[1].why_not.ok());
}

// H4.
TEST_F(NodeManagerTest, CountsItsChannels) {
  ASSERT_TRUE(Assign(7).ok());
  backend_.log("bills").FailOpens(1, WalError(Code::kUnavailable, "the tape is stuck"));
  (void)runtime_.Run([&] { return node_->Assign({"bills", Term{3}}, Fake()); });
  EXPECT_EQ(ValueOf("channels"), 2);
  EXPECT_EQ(ValueOf("open_logs"), 1);
  EXPECT_EQ(ValueOf("open_total"), 2);
  EXPECT_EQ(ValueOf("open_failed_total"), 1);
  fake().Fence(Term{8});
  fake().HangCloses();
  runtime_.Advance(absl::Minutes(1));
  EXPECT_EQ(ValueOf("open_logs"), 0);
  EXPECT_EQ(ValueOf("log_lost_total"), 1);
  EXPECT_EQ(ValueOf("close_hung_total"), 1);
  EXPECT_EQ(ValueOf("quarantine_size"), 1);
  fake().ReleaseCloses();
  Settle();
  EXPECT_EQ(ValueOf("quarantine_size"), 0);
  (void)Close();
  EXPECT_EQ(ValueOf("channels"), -1);
}

TEST_F(NodeManagerTest, DoesNotLetOneChannelWaitForAnother) {
  fake().HoldOpens();
  Future<absl::Status> stuck = StartAssign(7);
  EXPECT_TRUE(runtime_.Run([&] { return node_->Assign({"bills", Term{1}}, Fake()); }).ok());
  EXPECT_FALSE(stuck.ready());
  fake().ReleaseOpens();
}

TEST_F(NodeManagerTest, ClosesAllChannelsAtOnceAndIsBounded) {
  for (int i = 0; i < 20; ++i) {
    const PChannel channel{absl::StrCat("channel-", i), Term{1}};
    ASSERT_TRUE(runtime_.Run([&] { return node_->Assign(channel, Fake()); }).ok());
    backend_.log(channel.name).HangCloses();
  }
  const absl::Duration begin = runtime_.Now();
  const absl::Status closed = Close();
  EXPECT_EQ(CodeOf(closed), Code::kUnavailable);
  EXPECT_THAT(closed.message(), HasSubstr("close channel-7@1: this took too long"));
  EXPECT_LE(runtime_.Now() - begin, absl::Seconds(30));
  for (int i = 0; i < 20; ++i) backend_.log(absl::StrCat("channel-", i)).ReleaseCloses();
}

TEST_F(NodeManagerTest, EndsAnOpenInFlightWhenItIsClosedAndTakesNothingAfterwards) {
  fake().HoldOpens();
  Future<absl::Status> opening = StartAssign(7);
  Settle();
  (void)Close();
  ASSERT_TRUE(opening.ready());
  EXPECT_EQ(CodeOf(std::move(opening).Take()), Code::kOnShutdown);
  EXPECT_EQ(CodeOf(Assign(8)), Code::kOnShutdown);
  EXPECT_EQ(CodeOf(Remove(8)), Code::kOnShutdown);
  EXPECT_EQ(CodeOf(Get(7)), Code::kOnShutdown);
  fake().ReleaseOpens();
}

TEST_F(NodeManagerTest, LetsALogBeHeldBeyondItsOwnEnd) {
  ASSERT_TRUE(Assign(7).ok());
  std::unique_ptr<Wal> wal = MustGet(7);
  EXPECT_TRUE(Close().ok());
  node_.reset();
  EXPECT_EQ(Append(*wal), Code::kOnShutdown);
}

TEST_F(NodeManagerTest, DiesIfItIsDestroyedOpen) {
  EXPECT_DEATH(node_.reset(), "destroyed before it was closed");
}

}  // namespace
}  // namespace tidelog::adaptor
