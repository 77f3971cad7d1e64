// Scans of a log with a small write-ahead buffer: what comes from memory, what from the backend,
// and that nobody can tell which from what he is given (F2, F3).
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"

namespace tidelog::adaptor {
namespace {

using Held = walimpls::FakeLog::Held;
using testing::ElementsAre;
using testing::IsEmpty;

class TailingTest : public testing::Test {
 protected:
  explicit TailingTest(std::string bytes_max = "10000")
      : world_({.config = {{"wal.buffer_bytes_max", std::move(bytes_max)}}}),
        wal_(world_.MustOpen(Term{1})) {}
  ~TailingTest() override {
    world_.fake().ReleaseScans();
    (void)world_.Close(*wal_);
  }

  AppendResult Append(std::string_view payload) { return world_.MustAppend(*wal_, payload); }
  // Larger than a quarter of the buffer each.
  void AppendLarge(int first, int last) {
    for (int i = first; i <= last; ++i) {
      MutableMessage::Builder builder(MessageType::kInsert);
      builder.Property("large", std::string(2500, 'x'));
      CHECK_OK(world_.Append(*wal_, *std::move(builder).Build(absl::StrCat(i))));
    }
  }
  static std::vector<std::string> Numbers(int first, int last) {
    std::vector<std::string> numbers;
    for (int i = first; i <= last; ++i) numbers.push_back(absl::StrCat(i));
    return numbers;
  }
  void Settle() { world_.runtime().RunUntilIdle(); }
  int open_scanners() { return world_.fake().open_scanner_count(); }
  // A figure of the buffer's.
  int64_t Count(std::string_view name) {
    const absl::StatusOr<LogInfo> info = world_.Run([this] { return wal_->Info(); });
    CHECK_OK(info);
    int64_t count = -1;
    CHECK(absl::SimpleAtoi(info->details.at(absl::StrCat("buffer.", name)), &count));
    return count;
  }

  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

// At the tail.

TEST_F(TailingTest, ReadsWhatIsNewWithoutTheBackend) {
  world_.fake().HoldScans();
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  for (const char* payload : {"a", "b", "c"}) {
    Append(payload);
    EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre(payload));
  }
  EXPECT_EQ(open_scanners(), 0);
  // The first holds what lies at last-confirmed, where a transaction may have begun.
  EXPECT_EQ(Count("batches"), 4);
  world_.MustClose(*scanner);
}

TEST_F(TailingTest, ReadsFromAPositionThatIsStillThereWithoutTheBackend) {
  world_.fake().HoldScans();
  const Position a = Append("a").position();
  Append("b");
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = After{a}});
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("b"));
  EXPECT_THAT(world_.ReadAll(*wal_, {.from = From{a}}), ElementsAre("a", "b"));
  world_.MustClose(*scanner);
}

// The newest element is kept: a reader at the tail never goes to the backend for what comes next,
// though each record is larger than all that the buffer may hold.
class NewestOnlyTest : public TailingTest {
 protected:
  NewestOnlyTest() : TailingTest("1") {}
};

TEST_F(NewestOnlyTest, ReadsAtTheTailWithoutTheBackend) {
  world_.fake().HoldScans();
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  for (int i = 0; i < 10; ++i) {
    AppendLarge(i, i);
    EXPECT_EQ(world_.Take(*scanner, 1), Numbers(i, i));
  }
  EXPECT_EQ(Count("records"), 1);
  world_.MustClose(*scanner);
}

TEST_F(TailingTest, GivesWhatIsThereInOneBatch) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  std::vector<MutableMessage> messages;
  for (int i = 0; i < 20; ++i) messages.push_back(LogWorld::Message(absl::StrCat(i)));
  const BatchResult appended =
      world_.Run([&] { return wal_->AppendBatch(std::move(messages), AppendOptions()); });
  ASSERT_EQ(appended.done.size(), 20u);
  Settle();
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->messages.size(), 20u);
  world_.MustClose(*scanner);
}

// C1: a record is nobody's before the backend has said that it is durable.
TEST_F(TailingTest, GivesNothingThatIsNotAcknowledged) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> append = LogWorld::StartAppend(*wal_, "a");
  world_.runtime().Advance(absl::Seconds(5));
  EXPECT_FALSE(next.ready());
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_TRUE(append.ready());
  ASSERT_TRUE(next.ready());
  EXPECT_EQ(std::move(next).Take()->messages.size(), 1u);
  world_.MustClose(*scanner);
}

TEST_F(TailingTest, GivesNothingThatWasNotDone) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
  EXPECT_FALSE(world_.Append(*wal_, LogWorld::Message("a")).ok());
  Append("b");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("b"));
  world_.MustClose(*scanner);
}

// Goal: a reader that waits has no timer and no job, and an append none for readers that are not
// there.  Method: readers are added, and the steps of the runtime counted.
TEST_F(TailingTest, CostsNothingWhileNothingComes) {
  const auto steps_of = [this](absl::Duration duration) {
    const uint64_t before = world_.runtime().step_count();
    world_.runtime().Advance(duration);
    return world_.runtime().step_count() - before;
  };
  Settle();
  const uint64_t without = steps_of(absl::Seconds(20));
  std::vector<std::unique_ptr<Scanner>> scanners;
  std::vector<Future<absl::StatusOr<ScanBatch>>> nexts;
  for (int i = 0; i < 50; ++i) {
    scanners.push_back(world_.MustRead(*wal_, {.from = Latest{}}));
    nexts.push_back(scanners.back()->Next(ScanBatch()));
  }
  Settle();
  EXPECT_EQ(steps_of(absl::Seconds(20)), without);
  EXPECT_EQ(open_scanners(), 0);
  for (std::unique_ptr<Scanner>& scanner : scanners) world_.MustClose(*scanner);
}

// Nor is one woken by the other readers of the log.
TEST_F(TailingTest, IsNotWokenWhenAnotherReaderGoes) {
  std::unique_ptr<Scanner> other = world_.MustRead(*wal_, {.from = Latest{}});
  Future<absl::StatusOr<ScanBatch>> other_next = other->Next(ScanBatch());
  Settle();
  const auto steps_of_a_reader = [this] {
    const uint64_t before = world_.runtime().step_count();
    std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
    Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
    world_.MustClose(*scanner);
    Settle();
    return world_.runtime().step_count() - before;
  };
  const uint64_t beside_one = steps_of_a_reader();
  world_.MustClose(*other);
  Settle();
  EXPECT_EQ(beside_one, steps_of_a_reader());
}

// To the backend and back.

TEST_F(TailingTest, ComesFromTheBackendToTheBuffer) {
  AppendLarge(0, 20);
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.read_ahead_count_max = 4});
  EXPECT_EQ(world_.Take(*scanner, 21), Numbers(0, 20));
  Settle();
  EXPECT_EQ(Count("entered"), 1);
  EXPECT_EQ(open_scanners(), 0);
  AppendLarge(21, 21);
  EXPECT_EQ(world_.Take(*scanner, 1), Numbers(21, 21));
  world_.MustClose(*scanner);
}

TEST_F(TailingTest, GoesBackToTheBackendWhenItsPlaceIsEvictedAndReturns) {
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.from = Latest{}, .read_ahead_count_max = 4});
  int next = 0;
  for (int round = 1; round <= 5; ++round) {
    AppendLarge(next, next + 19);
    EXPECT_EQ(world_.Take(*scanner, 20), Numbers(next, next + 19));
    next += 20;
    EXPECT_EQ(Count("left_behind"), round);
    EXPECT_EQ(Count("entered"), round);
  }
  Settle();
  EXPECT_EQ(open_scanners(), 0);
  world_.MustClose(*scanner);
}

// F6: who is slow keeps alive what he has read ahead, and the buffer keeps within its bounds.
TEST_F(TailingTest, IsNotHeldBackByAReaderThatIsSlow) {
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.from = Latest{}, .read_ahead_count_max = 4});
  AppendLarge(0, 49);
  EXPECT_LE(Count("bytes"), 10000);
  EXPECT_EQ(world_.Take(*scanner, 50), Numbers(0, 49));
  world_.MustClose(*scanner);
}

TEST_F(TailingTest, ForgetsWhatIsOldButTheNewestAtTheTicksOfAnIdleLog) {
  AppendLarge(0, 1);
  world_.runtime().Advance(absl::Seconds(29));
  EXPECT_GE(Count("records"), 3);
  world_.runtime().Advance(absl::Seconds(2));
  EXPECT_EQ(Count("records"), 1);
}

// Errors.

TEST_F(TailingTest, GoesOnWhenTheBackendFailsWhileItCatchesUp) {
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.from = Latest{}, .read_ahead_count_max = 4});
  AppendLarge(0, 19);
  world_.fake().FailScan(WalError(WalErrorCode::kUnavailable, "ordered to fail"));
  world_.fake().FailReads(2, WalError(WalErrorCode::kUnavailable, "ordered to fail"));
  EXPECT_EQ(world_.Take(*scanner, 20), Numbers(0, 19));
  world_.MustClose(*scanner);
}

TEST_F(TailingTest, EndsWithWhatTheBackendSaysOfAPlaceThatIsGone) {
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.from = Latest{}, .read_ahead_count_max = 2});
  AppendLarge(0, 19);
  const AppendResult last = Append("last");
  world_.fake().DropBelow(last.id);
  absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  while (batch.ok()) batch = world_.Next(*scanner);
  EXPECT_EQ(CodeOf(batch), WalErrorCode::kPositionGone);
  world_.MustClose(*scanner);
}

// G3: what was truncated away is not given out of memory either.
TEST_F(TailingTest, EndsWhenWhatComesNextIsTruncated) {
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.from = Latest{}, .read_ahead_count_max = 2});
  Append("a");
  const AppendResult b = Append("b");
  ASSERT_TRUE(world_.Run([&] { return wal_->Truncate(b.position()); }).ok());
  EXPECT_EQ(CodeOf(world_.Next(*scanner)), WalErrorCode::kPositionGone);
  world_.MustClose(*scanner);
}

// Terms.

TEST_F(TailingTest, ComesOutOfLowerTermsIntoTheBuffer) {
  AppendLarge(0, 5);
  std::unique_ptr<Wal> old = std::exchange(wal_, world_.MustOpen(Term{2}));
  world_.MustClose(*old);
  AppendLarge(6, 7);
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.read_ahead_count_max = 4});
  EXPECT_EQ(world_.Take(*scanner, 8), Numbers(0, 7));
  Settle();
  EXPECT_EQ(Count("entered"), 1);
  AppendLarge(8, 8);
  EXPECT_EQ(world_.Take(*scanner, 1), Numbers(8, 8));
  world_.MustClose(*scanner);
}

// What was on its way when the log was fenced may be stored: storage says so, and not the buffer.
TEST_F(TailingTest, GoesOnFromStorageWhenItsWriterIsFenced) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  Append("a");
  world_.fake().HoldAppends(Held::kStored);
  Future<absl::StatusOr<AppendResult>> in_doubt = LogWorld::StartAppend(*wal_, "in doubt");
  Settle();
  world_.fake().HoldOpens();
  Future<absl::StatusOr<std::unique_ptr<Wal>>> opening = world_.opener().Open({"orders", Term{2}});
  world_.fake().ReleaseOpens();
  Settle();
  world_.fake().StopHoldingAppends();
  world_.runtime().Advance(absl::Milliseconds(400));
  ASSERT_TRUE(in_doubt.ready());
  EXPECT_EQ(CodeOf(std::move(in_doubt).Take()), WalErrorCode::kOutcomeUnknown);
  ASSERT_TRUE(opening.ready());
  absl::StatusOr<std::unique_ptr<Wal>> successor = std::move(opening).Take();
  ASSERT_TRUE(successor.ok()) << successor.status();
  world_.MustAppend(**successor, "b");
  EXPECT_THAT(world_.Take(*scanner, 3), ElementsAre("a", "in doubt", "b"));
  world_.MustClose(*scanner);
  world_.MustClose(**successor);
}

// Closing (F7).

TEST_F(TailingTest, ClosesWhileItWaitsAtTheTail) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
  Settle();
  world_.MustClose(*scanner);
  Settle();
  EXPECT_EQ(CodeOf(std::move(next).Take()), WalErrorCode::kOnShutdown);
}

TEST_F(TailingTest, ClosesItsScannersWithTheLog) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
  world_.MustClose(*wal_);
  Settle();
  EXPECT_EQ(CodeOf(std::move(next).Take()), WalErrorCode::kOnShutdown);
}

// A backend that does not let go of the scanner that is not needed any more holds up nobody but the
// close of the log, which is bounded (H2).
TEST_F(TailingTest, ReadsOnWhileTheBackendHangsInTheCloseOfItsScanner) {
  AppendLarge(0, 9);
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.read_ahead_count_max = 4});
  world_.fake().HangCloses();
  EXPECT_EQ(world_.Take(*scanner, 10), Numbers(0, 9));
  Settle();
  EXPECT_EQ(Count("entered"), 1);
  EXPECT_EQ(open_scanners(), 1);
  int next = 10;
  for (int round = 0; round < 3; ++round, next += 20) {
    AppendLarge(next, next + 19);
    EXPECT_EQ(world_.Take(*scanner, 20), Numbers(next, next + 19));
    Settle();
    EXPECT_LE(open_scanners(), 2);
  }
  world_.MustClose(*scanner);
  world_.fake().ReleaseCloses();
  Settle();
  EXPECT_EQ(open_scanners(), 0);
}

// Switched off.

class NoBufferTest : public TailingTest {
 protected:
  NoBufferTest() : TailingTest("0") {}
};

TEST_F(NoBufferTest, ReadsFromTheBackend) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  EXPECT_EQ(open_scanners(), 1);
  Append("a");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("a"));
  world_.MustClose(*scanner);
}

}  // namespace
}  // namespace tidelog::adaptor
