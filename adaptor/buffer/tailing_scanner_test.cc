// What tailing_test.cc cannot order: a backend that is ahead of the buffer, and ends and gaps in
// each of the two.
#include "adaptor/buffer/tailing_scanner.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/test_runtime.h"
#include "wal/message/testing/messages.h"
#include "walimpls/opener.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using walimpls::RawBatch;
using walimpls::ScannerImpls;
using walimpls::ScanOptions;

class TailingScannerTest : public ::testing::Test {
 protected:
  TailingScannerTest() : opener_(backend_.MakeOpener()) {
    auto opened = runtime_.Run([this] {
      return opener_->Open({"orders", Term{1}}, {.strand = runtime_.executor()});
    });
    CHECK_OK(opened);
    wal_ = *std::move(opened);
  }
  ~TailingScannerTest() override {
    if (scanner_ != nullptr) CHECK_OK(runtime_.Run([this] { return scanner_->Close(); }));
    scanner_.reset();
    CHECK_OK(runtime_.Run([this] { return wal_->Close(walimpls::CloseMode::kAbandon); }));
    wal_.reset();
    CHECK_OK(runtime_.Run([this] { return opener_->Close(); }));
  }

  walimpls::FakeLog& fake() { return backend_.log("orders"); }
  // The next record is durable, with ticks 1, 2, ...
  MessageId Store() {
    messages_.push_back(
        testing::Stamped(testing::MakeInsert("x"), Term{1}, TimeTick{messages_.size() + 1}));
    ids_.push_back(fake().Inject(messages_.back()));
    return ids_.back();
  }
  // The writer hears of all that is durable.
  void Push() {
    for (; pushed_ < ids_.size(); ++pushed_) {
      buffer_.Push(messages_[pushed_], ids_[pushed_], absl::ZeroDuration());
    }
  }

  void Open(ScanOptions options) {
    auto opened =
        runtime_.Run([&] { return OpenScanner(wal_.get(), &buffer_, std::move(options)); });
    CHECK_OK(opened);
    scanner_ = *std::move(opened);
  }
  void OpenBehind(const MessageId& id, std::optional<MessageId> until = std::nullopt) {
    ScanOptions options;
    options.from = walimpls::ScanAfter{id};
    options.until = until;
    Open(std::move(options));
  }
  Future<absl::StatusOr<RawBatch>> Start() {
    std::optional<Future<absl::StatusOr<RawBatch>>> next;
    runtime_.Run([this, &next] {
      next.emplace(scanner_->Next(RawBatch()));
      return MakeReadyFuture(Unit{});
    });
    runtime_.RunUntilIdle();
    return *std::move(next);
  }
  RawBatch Next() {
    Future<absl::StatusOr<RawBatch>> next = Start();
    CHECK(next.ready());
    absl::StatusOr<RawBatch> batch = std::move(next).Take();
    CHECK_OK(batch);
    return *std::move(batch);
  }
  static std::vector<uint64_t> TicksOf(const RawBatch& batch) {
    std::vector<uint64_t> ticks;
    for (const ImmutableMessage& message : batch.messages) {
      ticks.push_back(ToInt(message.time_tick()));
    }
    return ticks;
  }

  TestRuntime runtime_;
  walimpls::FakeBackend backend_;
  std::unique_ptr<walimpls::OpenerImpls> opener_;
  std::unique_ptr<walimpls::WalImpls> wal_;
  WriteAheadBuffer buffer_{{1000000, absl::Seconds(30)}, std::nullopt};
  std::unique_ptr<ScannerImpls> scanner_;
  std::vector<ImmutableMessage> messages_;
  std::vector<MessageId> ids_;
  size_t pushed_ = 0;
};

// The backend told its scanner before the writer: what is pushed then was read already.
TEST_F(TailingScannerTest, YieldsNothingTwiceThatTheBackendYieldedBeforeItWasPushed) {
  Store();
  Push();
  Store();
  Store();
  Open({});
  EXPECT_THAT(TicksOf(Next()), ElementsAre(1, 2, 3));
  EXPECT_EQ(buffer_.counts().entered, 1u);
  Store();
  Push();
  EXPECT_THAT(TicksOf(Next()), ElementsAre(4));
}

TEST_F(TailingScannerTest, WaitsWhereAllThatIsPushedWasRead) {
  Store();
  Push();
  Store();
  Open({});
  EXPECT_THAT(TicksOf(Next()), ElementsAre(1, 2));
  Future<absl::StatusOr<RawBatch>> next = Start();
  Push();
  runtime_.RunUntilIdle();
  EXPECT_FALSE(next.ready());
  Store();
  Push();
  runtime_.RunUntilIdle();
  ASSERT_TRUE(next.ready());
  EXPECT_THAT(TicksOf(*std::move(next).Take()), ElementsAre(3));
}

TEST_F(TailingScannerTest, EndsInTheBuffer) {
  const MessageId first = Store();
  const MessageId until = Store();
  Store();
  Push();
  fake().HoldScans();
  OpenBehind(first, until);
  const RawBatch batch = Next();
  EXPECT_THAT(TicksOf(batch), ElementsAre(2));
  EXPECT_TRUE(batch.end);
}

TEST_F(TailingScannerTest, EndsAtOnceInTheBufferWhenItHasReadAsFar) {
  const MessageId first = Store();
  Store();
  Push();
  fake().HoldScans();
  OpenBehind(first, first);
  const RawBatch batch = Next();
  EXPECT_THAT(batch.messages, IsEmpty());
  EXPECT_TRUE(batch.end);
}

TEST_F(TailingScannerTest, GoesOnInTheBufferBehindAGap) {
  Open({});
  const MessageId first = Store();
  Push();
  fake().DeliverGap({first, first, absl::DataLossError("bad")});
  const RawBatch batch = Next();
  EXPECT_TRUE(batch.gap.has_value());
  Store();
  Push();
  EXPECT_THAT(TicksOf(Next()), ElementsAre(2));
}

TEST_F(TailingScannerTest, ClosesInTheMiddleOfItsOpenAtTheBackend) {
  const MessageId first = Store();
  Push();
  OpenBehind(first);
  Future<absl::StatusOr<RawBatch>> next = Start();
  buffer_.Seal();  // The scanner has to open one of the backend's.
  const absl::Status closed = runtime_.Run([this] { return scanner_->Close(); });
  EXPECT_TRUE(closed.ok());
  scanner_.reset();
  ASSERT_TRUE(next.ready());
  EXPECT_EQ(GetWalErrorCode(std::move(next).Take().status()), WalErrorCode::kOnShutdown);
  EXPECT_EQ(fake().open_scanner_count(), 0);
}

}  // namespace
}  // namespace tidelog::adaptor
