#include "walimpls/testing/fake_wal.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/test_runtime.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"
#include "walimpls/testing/conformance.h"
#include "walimpls/testing/conformance_tools.h"
#include "walimpls/testing/model_property.h"

namespace tidelog::walimpls {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Without orders it keeps the contract.
class ConformingFake final : public Backend {
 public:
  explicit ConformingFake(uint64_t seed) : runtime_(seed) {}
  Runtime* runtime() override { return &runtime_; }
  std::unique_ptr<OpenerImpls> MakeOpener() override { return backend_.MakeOpener(); }
  bool StartFailing() override {
    FailAppends(FakeLog::kAll);
    return true;
  }
  void StopFailing() override { FailAppends(0); }

 private:
  void FailAppends(size_t count) {
    backend_.log("orders").FailAppends(count, WalErrorCode::kUnavailable);
  }

  TestRuntime runtime_;
  FakeBackend backend_;
};

std::unique_ptr<Backend> MakeFake(uint64_t seed) { return std::make_unique<ConformingFake>(seed); }

INSTANTIATE_TEST_SUITE_P(Fake, WalImplsConformance,
                         ::testing::Values(BackendParam{"seeded", &MakeFake, 50}),
                         BackendParam::NameOf);

INSTANTIATE_TEST_SUITE_P(Fake, WalImplsModelProperty,
                         ::testing::Values(BackendParam{"seeded", &MakeFake}),
                         BackendParam::NameOf);

// The orders.
class FakeWalTest : public ::testing::Test {
 protected:
  FakeWalTest() : opener_(backend_.MakeOpener()), writer_(OpenOrDie(Term{1})) {}
  ~FakeWalTest() override {
    if (writer_) CHECK_OK(writer_->Close(CloseMode::kAbandon));
    writer_.reset();
    CHECK_OK(runtime_.Run([&] { return opener_->Close(); }));
  }

  WriterHandle OpenOrDie(Term term) {
    auto writer = OpenWriter(opener_.get(), {"orders", term}, runtime_.executor());
    CHECK_OK(writer);
    return *std::move(writer);
  }
  FakeLog& log() { return backend_.log("orders"); }
  // Hands `count` messages over, each a group, and runs until nothing moves.
  AppendFutures Start(int count) {
    AppendFutures appends;
    runtime_.Run([&] {
      for (int i = 0; i < count; ++i) {
        appends.push_back(writer_->get()->Append(maker_.InsertGroup(1)));
      }
      return MakeReadyFuture(Unit{});
    });
    runtime_.RunUntilIdle();
    return appends;
  }
  // What has ended, by code; the rest is not looked at.
  static std::vector<WalErrorCode> CodesOf(AppendFutures appends) {
    std::vector<WalErrorCode> codes;
    for (Future<absl::StatusOr<Ids>>& append : appends) {
      if (append.ready()) codes.push_back(GetWalErrorCode(std::move(append).Take().status()));
    }
    return codes;
  }

  TestRuntime runtime_;
  FakeBackend backend_;
  MessageMaker maker_{Term{1}};
  std::unique_ptr<OpenerImpls> opener_;
  std::optional<WriterHandle> writer_;
};

TEST_F(FakeWalTest, HeldAppendsStayOutstandingUntilTheyAreReleased) {
  log().HoldAppends();
  AppendFutures appends = Start(3);
  EXPECT_EQ(log().outstanding(), 3u);
  EXPECT_THAT(log().records(), IsEmpty());
  log().ReleaseAppends(2);
  EXPECT_EQ(log().outstanding(), 1u);
  EXPECT_THAT(NumbersOf(log().records()), ElementsAre(1, 2));
  EXPECT_FALSE(appends.back().ready());
  log().StopHoldingAppends();
  EXPECT_THAT(CodesOf(std::move(appends)),
              ElementsAre(WalErrorCode::kOk, WalErrorCode::kOk, WalErrorCode::kOk));
  EXPECT_THAT(CodesOf(Start(1)), ElementsAre(WalErrorCode::kOk));
}

TEST_F(FakeWalTest, HeldAppendsMayBeStoredAlready) {
  log().HoldAppends(FakeLog::Held::kStored);
  AppendFutures appends = Start(2);
  EXPECT_THAT(NumbersOf(log().records()), ElementsAre(1, 2));
  EXPECT_THAT(CodesOf(std::move(appends)), IsEmpty());
  log().StopHoldingAppends();
}

TEST_F(FakeWalTest, CloseEndsHeldAppendsUnknownAndLeavesNoMark) {
  log().HoldAppends();
  AppendFutures appends = Start(2);
  ASSERT_TRUE(writer_->Close(CloseMode::kClean).ok());
  writer_.reset();
  EXPECT_THAT(CodesOf(std::move(appends)),
              ElementsAre(WalErrorCode::kOutcomeUnknown, WalErrorCode::kOutcomeUnknown));
  EXPECT_EQ(log().close_mode(), CloseMode::kClean);
  EXPECT_WAL_CODE(OpenWriter(opener_.get(), {"orders", Term{1}}, runtime_.executor()).status(),
                  WalErrorCode::kUnmatchedTerm);
}

TEST_F(FakeWalTest, AFenceEndsHeldAppendsUnknownWhenItIsNoticed) {
  log().HoldAppends();
  AppendFutures appends = Start(1);
  log().Fence(Term{5});
  EXPECT_FALSE(appends.front().ready());
  writer_->Tick();
  EXPECT_THAT(CodesOf(std::move(appends)), ElementsAre(WalErrorCode::kOutcomeUnknown));
  EXPECT_THAT(CodesOf(Start(1)), ElementsAre(WalErrorCode::kChannelFenced));
  EXPECT_EQ(log().tick_count(), 1);
  EXPECT_WAL_CODE(writer_->Run([&] { return writer_->get()->WhenUnavailable(); }),
                  WalErrorCode::kChannelFenced);
}

TEST_F(FakeWalTest, AFailedAppendFailsWhatIsBehindIt) {
  log().FailAppends(1, WalErrorCode::kResourceExhausted);
  EXPECT_THAT(CodesOf(Start(3)),
              ElementsAre(WalErrorCode::kResourceExhausted, WalErrorCode::kUnavailable,
                          WalErrorCode::kUnavailable));
  EXPECT_THAT(log().records(), IsEmpty());
  runtime_.Run([&] {
    writer_->get()->AcceptAgain();
    return MakeReadyFuture(Unit{});
  });
  EXPECT_EQ(log().accept_again_count(), 1);
  EXPECT_THAT(CodesOf(Start(1)), ElementsAre(WalErrorCode::kOk));
}

TEST_F(FakeWalTest, ABrokenWriterStaysBroken) {
  log().Break("the tape has torn");
  EXPECT_THAT(CodesOf(Start(1)), ElementsAre(WalErrorCode::kInner));
  EXPECT_WAL_CODE(writer_->Run([&] { return writer_->get()->WhenUnavailable(); }),
                  WalErrorCode::kInner);
}

TEST_F(FakeWalTest, ClosesHangUntilReleased) {
  log().HangCloses();
  log().HoldAppends();
  AppendFutures appends = Start(1);
  absl::StatusOr<ScanHandle> scanner = writer_->Read();
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  std::vector<Future<absl::Status>> closes;
  runtime_.Run([&] {
    closes.push_back(scanner->get()->Close());
    closes.push_back(writer_->get()->Close(CloseMode::kClean));
    return MakeReadyFuture(Unit{});
  });
  runtime_.RunUntilIdle();
  EXPECT_FALSE(closes[0].ready() || closes[1].ready());
  EXPECT_FALSE(appends.front().ready()) << "a hung Close() must not end anything";
  log().ReleaseCloses();
  runtime_.RunUntilIdle();
  EXPECT_TRUE(closes[0].ready() && closes[1].ready());
  EXPECT_THAT(CodesOf(std::move(appends)), ElementsAre(WalErrorCode::kOutcomeUnknown));
}

TEST_F(FakeWalTest, OpensAreHeldAndFail) {
  FakeLog& other = backend_.log("pears");
  other.HoldOpens();
  other.FailOpens(1, WalError(WalErrorCode::kUnavailable, "ordered"));
  OpenOptions options;
  options.strand = runtime_.executor();
  std::optional<Future<absl::StatusOr<std::unique_ptr<WalImpls>>>> opening;
  runtime_.Run([&] {
    opening.emplace(opener_->Open({"pears", Term{1}}, options));
    return MakeReadyFuture(Unit{});
  });
  runtime_.RunUntilIdle();
  EXPECT_FALSE(opening->ready());
  EXPECT_EQ(other.open_log_count(), 0);
  other.ReleaseOpens();
  runtime_.RunUntilIdle();
  ASSERT_TRUE(opening->ready());
  EXPECT_WAL_CODE(std::move(*opening).Take().status(), WalErrorCode::kUnavailable);
  EXPECT_TRUE(OpenWriter(opener_.get(), {"pears", Term{1}}, runtime_.executor()).ok());
}

TEST_F(FakeWalTest, ScansAreHeldAndFail) {
  writer_->AppendInserts(&maker_, 1);
  log().HoldScans();
  absl::StatusOr<ScanHandle> scanner = writer_->Read();
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  EXPECT_EQ(log().open_scanner_count(), 1);
  std::optional<Future<absl::StatusOr<RawBatch>>> next;
  runtime_.Run([&] {
    next.emplace(scanner->get()->Next({}));
    return MakeReadyFuture(Unit{});
  });
  runtime_.RunUntilIdle();
  EXPECT_FALSE(next->ready());
  log().ReleaseScans();
  runtime_.RunUntilIdle();
  ASSERT_TRUE(next->ready());
  EXPECT_THAT(std::move(*next).Take()->messages, SizeIs(1));

  log().FailScan(WalError(WalErrorCode::kCorrupt, "ordered"));
  EXPECT_WAL_CODE(scanner->Next().status(), WalErrorCode::kCorrupt);
  log().FailReads(1, WalError(WalErrorCode::kInner, "ordered"));
  EXPECT_WAL_CODE(writer_->Read().status(), WalErrorCode::kInner);
  EXPECT_TRUE(writer_->Read().ok());
}

TEST_F(FakeWalTest, GapsAreDeliveredToScannersThatAreOpen) {
  const std::vector<MessageId> ids = writer_->AppendInserts(&maker_, 2);
  absl::StatusOr<ScanHandle> scanner = writer_->Read();
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  log().DeliverGap(Gap{ids[0], ids[1], WalError(WalErrorCode::kCorrupt, "ordered")});
  const absl::StatusOr<RawBatch> batch = scanner->Next();
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_TRUE(batch->gap.has_value());
  EXPECT_EQ(batch->gap->last, ids[1]);
  absl::StatusOr<ScanHandle> later = writer_->Read();
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_FALSE(later->Next()->gap.has_value());
}

TEST_F(FakeWalTest, InjectedRecordsPassAllChecks) {
  writer_->AppendInserts(&maker_, 1);
  MessageMaker old_maker(Term{0});
  const MessageId violation = log().Inject(old_maker.Insert());
  MutableMessage barrier = MessageFactory::FenceBarrier(Term{1}, std::nullopt, "writer");
  const MessageId fence = log().Inject(MessageStamper::Seal(std::move(barrier)));
  absl::StatusOr<ScanHandle> scanner = writer_->Read();
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  const absl::StatusOr<RawBatch> batch = scanner->Next();
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_THAT(batch->messages, SizeIs(3));
  EXPECT_EQ(batch->messages[1].id(), violation);
  EXPECT_EQ(batch->messages[1].term(), Term{0});
  EXPECT_EQ(batch->messages[2].id(), fence);
  EXPECT_EQ(writer_->Info()->tail_id, violation) << "a barrier is no record to speak of";
}

TEST_F(FakeWalTest, RetentionAndTruncationAreOrderedToo) {
  const std::vector<MessageId> ids = writer_->AppendInserts(&maker_, 5);
  const Position mark = log().records()[3].position();
  log().FailTruncates(1, WalError(WalErrorCode::kUnavailable, "ordered"));
  EXPECT_WAL_CODE(writer_->Truncate(mark), WalErrorCode::kUnavailable);
  log().DropBelow(ids[2]);
  EXPECT_THAT(NumbersOf(log().records()), ElementsAre(3, 4, 5));
  EXPECT_EQ(log().truncated()->last_confirmed, ids[2]);
  EXPECT_TRUE(writer_->Truncate(mark).ok());
  EXPECT_EQ(log().truncated(), mark);
}

}  // namespace
}  // namespace tidelog::walimpls
