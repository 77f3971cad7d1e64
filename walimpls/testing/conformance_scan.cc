// Conformance: scanners (A3, A4, F1 to F8 as far as they are a backend's).
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "walimpls/testing/conformance.h"
#include "walimpls/testing/conformance_tools.h"

namespace tidelog::walimpls {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

const PChannel kChannel = {"orders", Term{1}};

TEST_P(WalImplsConformance, FromIsInclusiveAndAfterIsExclusiveAtEveryId) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 8);
  for (int i = 1; i <= 8; ++i) {
    const Scanned from = writer->ReadToTail(ScanFrom{ids[i - 1]});
    EXPECT_TRUE(from.status.ok()) << from.status;
    EXPECT_THAT(NumbersOf(from.messages), ElementsAreArray(Range(i, 8)));
    const Scanned after = writer->ReadToTail(ScanAfter{ids[i - 1]});
    EXPECT_TRUE(after.status.ok()) << after.status;
    EXPECT_THAT(NumbersOf(after.messages), ElementsAreArray(Range(i + 1, 8)));
  }
}

TEST_P(WalImplsConformance, AScannerReadsAcrossTerms) {
  MessageMaker maker(Term{1});
  for (const int term : {1, 2, 3}) {
    maker.set_term(Term{term});
    auto writer = OpenWriter(opener(), {"orders", Term{term}}, MakeStrand("writer"));
    ASSERT_TRUE(writer.ok()) << writer.status();
    writer->AppendInserts(&maker, 3);
    const Scanned scanned = writer->ReadToTail();
    EXPECT_THAT(NumbersOf(scanned.messages), ElementsAreArray(Range(1, 3 * term)));
    EXPECT_TRUE(StrictlyIncreasing(IdsOf(scanned.messages)));
    EXPECT_EQ(scanned.messages.back().term(), Term{term});
  }
}

// Starts a Next() and gives it some turns, which it must not use; then appends `marker`.
Future<absl::StatusOr<RawBatch>> NextMeetsMarker(WalImpls* wal, ScannerImpls* scanner,
                                                 ImmutableMessage marker, bool* was_quiet) {
  Future<absl::StatusOr<RawBatch>> next = scanner->Next({});
  co_await YieldTimes(50);
  *was_quiet = !next.ready();
  Group group;
  group.push_back(std::move(marker));
  const absl::StatusOr<Ids> ids = co_await wal->Append(std::move(group));
  CHECK_OK(ids);
  absl::StatusOr<RawBatch> batch = co_await std::move(next);
  co_return batch;
}

// Goal: Latest delivers nothing of what there was, and is woken by what comes.  Method: no waiting
// for nothing to happen; what is delivered first must be what was appended last.
TEST_P(WalImplsConformance, LatestDeliversNothingOnAQuietLogAndThenTheFirstAppend) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  writer->AppendInserts(&maker, 5);
  ScanOptions options;
  options.from = ScanLatest{};
  absl::StatusOr<ScanHandle> scanner = writer->Read(options);
  ASSERT_TRUE(scanner.ok()) << scanner.status();

  bool was_quiet = false;
  absl::StatusOr<RawBatch> batch = writer->Run(
      [&] { return NextMeetsMarker(writer->get(), scanner->get(), maker.Insert(), &was_quiet); });
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_TRUE(was_quiet);
  std::vector<ImmutableMessage> messages;
  TakeMessages(&*batch, &messages);
  EXPECT_THAT(NumbersOf(messages), ElementsAre(6));
  EXPECT_FALSE(batch->end);
}

TEST_P(WalImplsConformance, ScannersOfEveryKindWaitAtTheTailAndAreWoken) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 2);
  int next = 3;
  for (const ScanStart& start : {ScanStart(ScanEarliest{}), ScanStart(ScanFrom{ids.front()}),
                                 ScanStart(ScanAfter{ids.front()})}) {
    ScanOptions options;
    options.from = start;
    absl::StatusOr<ScanHandle> scanner = writer->Read(options);
    ASSERT_TRUE(scanner.ok()) << scanner.status();
    const bool exclusive = std::holds_alternative<ScanAfter>(start);
    ASSERT_TRUE(scanner->ReadCount(next - 1 - (exclusive ? 1 : 0)).status.ok());
    bool was_quiet = false;
    absl::StatusOr<RawBatch> batch = writer->Run(
        [&] { return NextMeetsMarker(writer->get(), scanner->get(), maker.Insert(), &was_quiet); });
    ASSERT_TRUE(batch.ok()) << batch.status();
    EXPECT_TRUE(was_quiet);
    std::vector<ImmutableMessage> messages;
    TakeMessages(&*batch, &messages);
    EXPECT_THAT(NumbersOf(messages), ElementsAre(next++));
  }
}

TEST_P(WalImplsConformance, AScanWithAnEndEndsThere) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 6);
  for (int last = 1; last <= 6; ++last) {
    ScanOptions options;
    options.until = ids[last - 1];
    absl::StatusOr<ScanHandle> scanner = writer->Read(options);
    ASSERT_TRUE(scanner.ok()) << scanner.status();
    const Scanned scanned = scanner->ReadToEnd();
    EXPECT_TRUE(scanned.status.ok()) << scanned.status;
    EXPECT_THAT(NumbersOf(scanned.messages), ElementsAreArray(Range(1, last)));
  }
}

TEST_P(WalImplsConformance, AScanWhoseEndLiesBeforeItsStartEndsAtOnce) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 4);
  for (const ScanStart& start : {ScanStart(ScanFrom{ids[2]}), ScanStart(ScanAfter{ids[1]}),
                                 ScanStart(ScanAfter{ids[3]}), ScanStart(ScanLatest{})}) {
    ScanOptions options;
    options.from = start;
    options.until = ids[1];
    absl::StatusOr<ScanHandle> scanner = writer->Read(options);
    ASSERT_TRUE(scanner.ok()) << scanner.status();
    const Scanned scanned = scanner->ReadToEnd();
    EXPECT_TRUE(scanned.status.ok()) << scanned.status;
    EXPECT_THAT(scanned.messages, IsEmpty());
  }
}

TEST_P(WalImplsConformance, ReadAheadLimitsStopNobody) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  writer->AppendInserts(&maker, 20);
  const absl::StatusOr<LogState> state = writer->Info();
  ASSERT_TRUE(state.ok()) << state.status();
  struct Limits {
    size_t count;
    size_t bytes;
  };
  for (const Limits& limits : {Limits{1, 1 << 20}, Limits{7, 1 << 20}, Limits{4096, 1}}) {
    ScanOptions options;
    options.until = state->tail_id;
    options.read_ahead_count_max = limits.count;
    options.read_ahead_bytes_max = limits.bytes;
    absl::StatusOr<ScanHandle> scanner = writer->Read(options);
    ASSERT_TRUE(scanner.ok()) << scanner.status();
    std::vector<ImmutableMessage> messages;
    bool end = false;
    while (!end) {
      absl::StatusOr<RawBatch> batch = scanner->Next();
      ASSERT_TRUE(batch.ok()) << batch.status();
      EXPECT_LE(batch->messages.size(), limits.count);
      if (limits.bytes == 1) {
        EXPECT_LE(batch->messages.size(), 1u);
      }
      end = batch->end;
      TakeMessages(&*batch, &messages);
    }
    EXPECT_THAT(NumbersOf(messages), ElementsAreArray(Range(1, 20)));
  }
}

TEST_P(WalImplsConformance, AnOldBatchIsUsedAgainWithoutWhatItHeld) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 2);
  absl::StatusOr<ScanHandle> scanner = writer->Read();
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  RawBatch old;
  old.messages = {maker.Insert(), maker.Insert(), maker.Insert()};
  old.gap = Gap{ids[0], ids[1], absl::OkStatus()};
  old.end = true;
  absl::StatusOr<RawBatch> batch = scanner->Next(std::move(old));
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_FALSE(batch->gap.has_value());
  EXPECT_FALSE(batch->end);
  std::vector<ImmutableMessage> messages;
  TakeMessages(&*batch, &messages);
  ASSERT_FALSE(messages.empty());
  EXPECT_EQ(messages.front().id(), ids.front());
}

TEST_P(WalImplsConformance, IdsOfAnotherLogAreRefused) {
  auto other = OpenWriter(opener(), {"pears", Term{1}}, MakeStrand("other"));
  ASSERT_TRUE(other.ok()) << other.status();
  MessageMaker maker(Term{1});
  const MessageId foreign = other->AppendInserts(&maker, 1).front();
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  writer->AppendInserts(&maker, 1);
  for (const ScanStart& start : {ScanStart(ScanFrom{foreign}), ScanStart(ScanAfter{foreign})}) {
    ScanOptions options;
    options.from = start;
    EXPECT_WAL_CODE(writer->Read(options).status(), WalErrorCode::kWalNameMismatch);
  }
  ScanOptions options;
  options.until = foreign;
  EXPECT_WAL_CODE(writer->Read(options).status(), WalErrorCode::kWalNameMismatch);
}

TEST_P(WalImplsConformance, AScannerOfAFencedWriterGoesOnIntoTheNewTerm) {
  auto old_writer = OpenWriter(opener(), kChannel, MakeStrand("old"));
  ASSERT_TRUE(old_writer.ok()) << old_writer.status();
  MessageMaker maker(Term{1});
  old_writer->AppendInserts(&maker, 2);
  absl::StatusOr<ScanHandle> scanner = old_writer->Read();
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  ASSERT_THAT(NumbersOf(scanner->ReadCount(2).messages), ElementsAre(1, 2));

  auto writer = OpenWriter(MakeOpener(), {"orders", Term{2}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  old_writer->Tick();  // Here it finds the fence.
  maker.set_term(Term{2});
  writer->AppendInserts(&maker, 2);
  writer->Tick();
  const Scanned scanned = scanner->ReadCount(2);
  EXPECT_TRUE(scanned.status.ok()) << scanned.status;
  EXPECT_THAT(NumbersOf(scanned.messages), ElementsAre(3, 4));
}

TEST_P(WalImplsConformance, AReadOnlyLogSeesWhatTheWriterAppends) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  auto reader = OpenReader(MakeOpener(), kChannel, MakeStrand("reader"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  absl::StatusOr<ScanHandle> scanner = reader->Read();
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  MessageMaker maker(Term{1});
  for (int round = 1; round <= 3; ++round) {
    const std::vector<MessageId> ids = writer->AppendInserts(&maker, 2);
    writer->Tick();
    const Scanned scanned = scanner->ReadCount(2);
    ASSERT_TRUE(scanned.status.ok()) << scanned.status;
    EXPECT_THAT(IdsOf(scanned.messages), ElementsAreArray(ids));
  }
}

TEST_P(WalImplsConformance, AClosedLogIsReadAtTheSameTerm) {
  MessageMaker maker(Term{1});
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 5);
  ASSERT_TRUE(writer->Close(CloseMode::kClean).ok());
  auto reader = OpenReader(opener(), kChannel, MakeStrand("reader"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->get()->channel(), kChannel);
  EXPECT_THAT(IdsOf(reader->ReadToTail().messages), ElementsAreArray(ids));
  EXPECT_TRUE(reader->Close(CloseMode::kClean).ok());
}

TEST_P(WalImplsConformance, TenThousandScannersComeAndGo) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  writer->AppendInserts(&maker, 3);
  for (int i = 0; i < 10000; ++i) {
    absl::StatusOr<ScanHandle> scanner = writer->Read();
    ASSERT_TRUE(scanner.ok()) << scanner.status();
    if (i % 3 == 0) {
      ASSERT_TRUE(scanner->Next().ok());
    }
    ASSERT_TRUE(scanner->Close().ok());
  }
  EXPECT_THAT(NumbersOf(writer->ReadToTail().messages), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace tidelog::walimpls
