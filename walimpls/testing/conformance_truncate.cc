// Conformance: truncation (F4, G3, A4).
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

using ::testing::ElementsAreArray;
using ::testing::Ge;
using ::testing::SizeIs;

const PChannel kChannel = {"orders", Term{1}};

// The positions of all that `writer` holds.
std::vector<Position> PositionsOf(WriterHandle* writer) {
  std::vector<Position> positions;
  for (const ImmutableMessage& message : writer->ReadToTail().messages) {
    positions.push_back(message.position());
  }
  return positions;
}

// Checks that a scan from the beginning has every message whose number is above `truncated`, and of
// the others, of which a backend may keep some, only those next to it.
void ExpectNothingAboveIsMissing(const std::vector<ImmutableMessage>& messages, int truncated,
                                 int last) {
  const std::vector<int> numbers = NumbersOf(messages);
  ASSERT_THAT(numbers, SizeIs(Ge(static_cast<size_t>(last - truncated))));
  EXPECT_THAT(numbers, ElementsAreArray(Range(last - static_cast<int>(numbers.size()) + 1, last)));
}

TEST_P(WalImplsConformance, TruncationKeepsTheMarkAndAllThatIsAboveIt) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 10);
  const std::vector<Position> positions = PositionsOf(&*writer);
  ASSERT_THAT(positions, SizeIs(10));
  ASSERT_TRUE(writer->Truncate(positions[5]).ok());  // Forgets numbers 1 to 6.

  const absl::StatusOr<LogState> state = writer->Info();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->truncated, positions[5]);
  EXPECT_EQ(state->tail_id, ids.back());
  ExpectNothingAboveIsMissing(writer->ReadToTail().messages, 6, 10);
  const Scanned after = writer->ReadToTail(ScanAfter{ids[5]});
  EXPECT_TRUE(after.status.ok()) << "After(mark) must work: " << after.status;
  EXPECT_THAT(NumbersOf(after.messages), ElementsAreArray(Range(7, 10)));
}

// Goal: the mark of a reader that a transaction holds back lies above what it must read again (D3).
TEST_P(WalImplsConformance, TruncationKeepsWhatTheMarksLastConfirmedNames) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 10);
  const Position mark = {ids[3], PositionsOf(&*writer)[6].time_tick};
  ASSERT_TRUE(writer->Truncate(mark).ok());
  const Scanned from = writer->ReadToTail(ScanFrom{mark.last_confirmed});
  EXPECT_TRUE(from.status.ok()) << from.status;
  EXPECT_THAT(NumbersOf(from.messages), ElementsAreArray(Range(4, 10)));
}

TEST_P(WalImplsConformance, AMarkSurvivesReopen) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  std::vector<MessageId> ids = writer->AppendInserts(&maker, 4);
  const Position mark = PositionsOf(&*writer)[2];
  ASSERT_TRUE(writer->Truncate(mark).ok());
  ASSERT_TRUE(writer->Close(CloseMode::kAbandon).ok());

  auto again = OpenWriter(MakeOpener(), {"orders", Term{2}}, MakeStrand("again"));
  ASSERT_TRUE(again.ok()) << again.status();
  const absl::StatusOr<LogState> state = again->Info();
  ASSERT_TRUE(state.ok()) << state.status();
  EXPECT_EQ(state->truncated, mark);
  maker.set_term(Term{2});
  ids.push_back(again->AppendInserts(&maker, 1).front());
  EXPECT_TRUE(StrictlyIncreasing(ids)) << "ids begin again after truncation";
  ExpectNothingAboveIsMissing(again->ReadToTail().messages, 3, 5);
}

TEST_P(WalImplsConformance, AMarkNeverGoesBack) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  writer->AppendInserts(&maker, 6);
  const std::vector<Position> positions = PositionsOf(&*writer);
  ASSERT_THAT(positions, SizeIs(6));
  for (const int mark : {3, 1, 3}) {
    const absl::Status truncated = writer->Truncate(positions[mark]);
    EXPECT_TRUE(truncated.ok()) << truncated;
    const absl::StatusOr<LogState> state = writer->Info();
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(state->truncated, positions[3]);
  }
}

// Whoever was held back may free more later, at the tick of the mark that there is.  A backend
// frees that or does not.
TEST_P(WalImplsConformance, AHigherIdAtTheTickOfTheMarkLosesNothingAbove) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 10);
  const std::vector<Position> positions = PositionsOf(&*writer);
  ASSERT_THAT(positions, SizeIs(10));
  ASSERT_TRUE(writer->Truncate({ids[2], positions[6].time_tick}).ok());
  ASSERT_TRUE(writer->Truncate({ids[4], positions[5].time_tick}).ok());
  ASSERT_TRUE(writer->Truncate({ids[5], positions[6].time_tick}).ok());
  EXPECT_THAT(NumbersOf(writer->ReadToTail(ScanFrom{ids[5]}).messages),
              ElementsAreArray(Range(6, 10)));
  ASSERT_TRUE(writer->Close(CloseMode::kAbandon).ok());

  auto again = OpenWriter(MakeOpener(), {"orders", Term{2}}, MakeStrand("again"));
  ASSERT_TRUE(again.ok()) << again.status();
  const Scanned from = again->ReadToTail(ScanFrom{ids[5]});
  EXPECT_TRUE(from.status.ok()) << from.status;
  EXPECT_THAT(NumbersOf(from.messages), ElementsAreArray(Range(6, 10)));
}

// Goal: what is gone is never skipped in silence (F4).  Method: a backend may keep more than it
// must, so look at every id: it is read, or it is gone and the error says where to begin.
TEST_P(WalImplsConformance, AStartThatIsGoneIsSaidToBeGoneWithTheOldestThereIs) {
  constexpr int kLast = 20;
  constexpr int kMark = 15;
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, kLast);
  const Position mark = PositionsOf(&*writer)[kMark - 1];
  ASSERT_TRUE(writer->Truncate(mark).ok());
  for (int i = 1; i <= kLast; ++i) {
    const Scanned scanned = writer->ReadToTail(ScanFrom{ids[i - 1]});
    if (scanned.status.ok() || i > kMark) {
      EXPECT_TRUE(scanned.status.ok()) << scanned.status;
      EXPECT_THAT(NumbersOf(scanned.messages), ElementsAreArray(Range(i, kLast)));
    } else {
      EXPECT_WAL_CODE(scanned.status, WalErrorCode::kPositionGone);
      EXPECT_EQ(OldestPositionOf(scanned.status), mark);
    }
  }
}

TEST_P(WalImplsConformance, AnEarliestStartIsGoneForWhoDoesNotKnowTheMark) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  writer->AppendInserts(&maker, 6);
  EXPECT_TRUE(writer->ReadToTail(ScanEarliest{TimeTick{0}}).status.ok()) << "nothing is truncated";
  const Position mark = PositionsOf(&*writer)[3];
  ASSERT_TRUE(writer->Truncate(mark).ok());
  for (const TimeTick behind : {TimeTick{0}, TimeTick{ToInt(mark.time_tick) - 1}}) {
    const Scanned scanned = writer->ReadToTail(ScanEarliest{behind});
    EXPECT_WAL_CODE(scanned.status, WalErrorCode::kPositionGone);
    EXPECT_EQ(OldestPositionOf(scanned.status), mark);
  }
  EXPECT_TRUE(writer->ReadToTail(ScanEarliest{mark.time_tick}).status.ok());
  EXPECT_TRUE(writer->ReadToTail(ScanEarliest{}).status.ok());
}

TEST_P(WalImplsConformance, AnEndThatIsGoneEndsAScanAtOnce) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 6);
  ASSERT_TRUE(writer->Truncate(PositionsOf(&*writer)[3]).ok());
  ScanOptions options;
  options.from = ScanAfter{ids[3]};
  options.until = ids[0];
  absl::StatusOr<ScanHandle> scanner = writer->Read(options);
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  const Scanned scanned = scanner->ReadToEnd();
  EXPECT_TRUE(scanned.status.ok()) << scanned.status;
  EXPECT_THAT(scanned.messages, SizeIs(0));
}

// Section "term 4" of the reference's framework.
TEST_P(WalImplsConformance, ALogTruncatedToItsTailIsOpenedAgain) {
  const PChannel channel = {"orders", Term{4}};
  MessageMaker maker(Term{4});
  auto writer = OpenWriter(opener(), channel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  const ImmutableMessage tick = maker.TimeTickMessage();
  std::vector<MessageId> ids;
  ids.push_back(writer->Append(tick).value());
  ASSERT_TRUE(writer->Truncate(Position{ids[0], tick.time_tick()}).ok());
  ASSERT_TRUE(writer->Close(CloseMode::kClean).ok());

  const Term term = backend().leaves_clean_mark() ? Term{4} : Term{5};
  maker.set_term(term);
  auto again = OpenWriter(opener(), {"orders", term}, MakeStrand("again"));
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_TRUE(again->get()->boundary().has_value());
  EXPECT_FALSE(BeforeWithinLog(*again->get()->boundary(), ids[0]));
  ASSERT_TRUE(again->get()->newest_time_tick().has_value()) << "the tick that recovery needs";
  EXPECT_EQ(again->get()->newest_time_tick().id(), ids[0]);
  ids.push_back(again->AppendInserts(&maker, 1).front());
  EXPECT_TRUE(StrictlyIncreasing(ids));
  const Scanned after = again->ReadToTail(ScanAfter{ids[0]});
  EXPECT_THAT(IdsOf(after.messages), ElementsAreArray({ids[1]}));
}

// Reads until kPositionGone or until number `last`, and checks that nothing is left out.
Future<int> ReadAgainstTruncation(RoWalImpls* log, Executor* strand, int last) {
  co_await EnterExecutor(strand);
  ScanOptions options;
  options.read_ahead_count_max = 3;
  absl::StatusOr<std::unique_ptr<ScannerImpls>> scanner = co_await log->Read(options);
  CHECK_OK(scanner);
  std::vector<ImmutableMessage> messages;
  absl::Status status;
  RawBatch batch;
  while (status.ok() && (messages.empty() || NumberOf(messages.back()) < last)) {
    absl::StatusOr<RawBatch> next = co_await (*scanner)->Next(std::move(batch));
    status = next.status();
    if (next.ok()) batch = *std::move(next);
    TakeMessages(&batch, &messages);
    co_await YieldTimes(2);
  }
  if (!status.ok()) {
    EXPECT_WAL_CODE(status, WalErrorCode::kPositionGone);
    EXPECT_TRUE(OldestPositionOf(status).has_value()) << "it must say where to begin";
  }
  if (!messages.empty()) {
    const int first = NumberOf(messages.front());
    EXPECT_THAT(NumbersOf(messages), ElementsAreArray(Range(first, NumberOf(messages.back()))));
  }
  const absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return static_cast<int>(messages.size());
}

// Appends numbers 1 to `last`, and truncates behind every tenth.
Future<Unit> AppendAndTruncate(WalImpls* wal, MessageMaker* maker, int last) {
  for (int i = 1; i <= last; ++i) {
    const ImmutableMessage message = maker->Insert();
    Group group;
    group.push_back(message);
    absl::StatusOr<Ids> ids = co_await wal->Append(std::move(group));
    CHECK_OK(ids);
    if (i % 10 != 0 || i == last) continue;
    const Position mark = {ids->front(), message.time_tick()};
    const absl::Status truncated = co_await wal->Truncate(mark);
    CHECK_OK(truncated);
  }
  wal->OnTick();
  co_return Unit{};
}

Future<Unit> TakeCounts(Future<Unit> writing, std::vector<Future<int>> counts) {
  co_await std::move(writing);
  for (size_t i = 0; i < counts.size(); ++i) {
    const int count = co_await std::move(counts[i]);
    EXPECT_GE(count, 0);
  }
  co_return Unit{};
}

TEST_P(WalImplsConformance, AReaderThatTruncationOvertakesMissesNothingInSilence) {
  constexpr int kLast = 60;
  for (uint64_t seed = 1; seed <= GetParam().seed_count; ++seed) {
    Restart(seed);
    auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
    ASSERT_TRUE(writer.ok()) << writer.status();
    Executor* const elsewhere = MakeStrand("reader");
    auto reader = OpenReader(MakeOpener(), kChannel, elsewhere);
    ASSERT_TRUE(reader.ok()) << reader.status();
    MessageMaker maker(Term{1});
    writer->Run([&] {
      std::vector<Future<int>> counts;
      counts.push_back(ReadAgainstTruncation(writer->get(), writer->strand(), kLast));
      counts.push_back(ReadAgainstTruncation(reader->get(), elsewhere, kLast));
      return TakeCounts(AppendAndTruncate(writer->get(), &maker, kLast), std::move(counts));
    });
  }
}

}  // namespace
}  // namespace tidelog::walimpls
