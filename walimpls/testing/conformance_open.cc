// Conformance: terms, fences, and what an open finds (A1, A2, A3, D6).
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "walimpls/testing/conformance.h"
#include "walimpls/testing/conformance_tools.h"

namespace tidelog::walimpls {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kChannel[] = "orders";

// Appends one message, which must be refused as by a writer that a higher term fenced.
void ExpectFenced(WriterHandle* writer, MessageMaker* maker) {
  const absl::StatusOr<MessageId> id = writer->Append(maker->Insert());
  EXPECT_THAT(GetWalErrorCode(id.status()),
              AnyOf(WalErrorCode::kChannelFenced, WalErrorCode::kOutcomeUnknown))
      << id.status();
}

TEST_P(WalImplsConformance, AnOpenLogHasTheChannelAndTermItWasOpenedWith) {
  const PChannel channel = {kChannel, Term{3}};
  auto writer = OpenWriter(opener(), channel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_EQ(writer->get()->channel(), channel);
}

TEST_P(WalImplsConformance, TraitsAreFilledIn) {
  auto writer = OpenWriter(opener(), {kChannel, Term{1}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  const Traits& traits = writer->get()->traits();
  EXPECT_NE(traits.kind, LogKind::kNone);
  EXPECT_GE(traits.message_bytes_max, 4096u);
  EXPECT_GE(traits.group_bytes_max, traits.message_bytes_max);
  EXPECT_GE(traits.group_count_max, 1u);
  EXPECT_GE(traits.property_count_max, 16);
}

TEST_P(WalImplsConformance, ATermThatIsNotPositiveAndABadNameAreRefused) {
  Executor* const strand = MakeStrand("writer");
  for (const PChannel& bad : {PChannel{kChannel, Term{0}}, PChannel{kChannel, Term{-1}},
                              PChannel{"", Term{1}}, PChannel{"a/b", Term{1}}}) {
    EXPECT_WAL_CODE(OpenWriter(opener(), bad, strand).status(), WalErrorCode::kInvalidArgument);
  }
}

TEST_P(WalImplsConformance, AnEqualOrLowerTermIsRefusedWhileAWriterLives) {
  auto writer = OpenWriter(opener(), {kChannel, Term{5}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  for (const int term : {5, 4, 1}) {
    for (OpenerImpls* other : {opener(), MakeOpener()}) {
      const auto second = OpenWriter(other, {kChannel, Term{term}}, MakeStrand("second"));
      EXPECT_WAL_CODE(second.status(), WalErrorCode::kUnmatchedTerm);
    }
  }
  MessageMaker maker(Term{5});
  EXPECT_TRUE(writer->Append(maker.Insert()).ok()) << "a refused open disturbed the writer";
}

TEST_P(WalImplsConformance, ATermAbandonedIsNeverOpenedAgain) {
  auto writer = OpenWriter(opener(), {kChannel, Term{2}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(writer->Close(CloseMode::kAbandon).ok());
  EXPECT_WAL_CODE(OpenWriter(opener(), {kChannel, Term{2}}, MakeStrand("again")).status(),
                  WalErrorCode::kUnmatchedTerm);
  EXPECT_TRUE(OpenWriter(opener(), {kChannel, Term{3}}, MakeStrand("next")).ok());
}

TEST_P(WalImplsConformance, ATermClosedCleanlyIsOpenedAgainOnceAClose) {
  auto writer = OpenWriter(opener(), {kChannel, Term{2}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{2});
  std::vector<MessageId> ids = writer->AppendInserts(&maker, 2);
  ASSERT_TRUE(writer->Close(CloseMode::kClean).ok());

  auto again = OpenWriter(MakeOpener(), {kChannel, Term{2}}, MakeStrand("again"));
  if (!backend().leaves_clean_mark()) {
    EXPECT_WAL_CODE(again.status(), WalErrorCode::kUnmatchedTerm);
    return;
  }
  ASSERT_TRUE(again.ok()) << again.status();
  ids.push_back(again->AppendInserts(&maker, 1).front());
  EXPECT_TRUE(StrictlyIncreasing(ids));
  // The open has used the mark up: only another clean close leaves another.
  EXPECT_WAL_CODE(OpenWriter(opener(), {kChannel, Term{2}}, MakeStrand("third")).status(),
                  WalErrorCode::kUnmatchedTerm);
  ASSERT_TRUE(again->Close(CloseMode::kAbandon).ok());
  EXPECT_WAL_CODE(OpenWriter(opener(), {kChannel, Term{2}}, MakeStrand("fourth")).status(),
                  WalErrorCode::kUnmatchedTerm);
}

TEST_P(WalImplsConformance, AFencedWriterThatClosesCleanlyLeavesNoMark) {
  auto old_writer = OpenWriter(opener(), {kChannel, Term{1}}, MakeStrand("old"));
  ASSERT_TRUE(old_writer.ok()) << old_writer.status();
  auto writer = OpenWriter(MakeOpener(), {kChannel, Term{2}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(old_writer->Close(CloseMode::kClean).ok());

  for (const int term : {1, 2}) {
    EXPECT_WAL_CODE(OpenWriter(opener(), {kChannel, Term{term}}, MakeStrand("again")).status(),
                    WalErrorCode::kUnmatchedTerm);
  }
  MessageMaker maker(Term{2});
  EXPECT_TRUE(writer->Append(maker.Insert()).ok());
}

using OpenFuture = Future<absl::StatusOr<std::unique_ptr<WalImpls>>>;

// Opens `channel` on `strand` whatever strand this is called on.
OpenFuture OpenOn(OpenerImpls* opener, PChannel channel, Executor* strand, int delay) {
  co_await EnterExecutor(strand);
  co_await YieldTimes(delay);
  OpenOptions options;
  options.strand = strand;
  auto wal = co_await opener->Open(channel, options);
  co_return wal;
}

// The outcome of opens that ran at the same time.
struct Race {
  std::vector<WriterHandle> winners;
  std::vector<absl::Status> refusals;
};

Future<Unit> TakeRace(std::vector<OpenFuture> opens, std::vector<Executor*> strands, Race* race) {
  for (size_t i = 0; i < opens.size(); ++i) {
    auto wal = co_await std::move(opens[i]);
    if (wal.ok()) {
      race->winners.emplace_back(*std::move(wal), strands[i]);
    } else {
      race->refusals.push_back(wal.status());
    }
  }
  co_return Unit{};
}

TEST_P(WalImplsConformance, OfRacingReopensOfOneTermExactlyOneWins) {
  if (!backend().leaves_clean_mark()) GTEST_SKIP() << "no term is ever opened again";
  for (uint64_t seed = 1; seed <= GetParam().seed_count; ++seed) {
    Restart(seed);
    auto first = OpenWriter(opener(), {kChannel, Term{1}}, MakeStrand("first"));
    ASSERT_TRUE(first.ok()) << first.status();
    ASSERT_TRUE(first->Close(CloseMode::kClean).ok());

    const std::vector<Executor*> strands = {MakeStrand("a"), MakeStrand("b"), MakeStrand("c")};
    const std::vector<OpenerImpls*> openers = {opener(), MakeOpener(), MakeOpener()};
    Race race;
    Await(MakeStrand("race"), [&] {
      std::vector<OpenFuture> opens;
      for (size_t i = 0; i < strands.size(); ++i) {
        opens.push_back(OpenOn(openers[i], {kChannel, Term{1}}, strands[i], /*delay=*/0));
      }
      return TakeRace(std::move(opens), strands, &race);
    });
    ASSERT_EQ(race.winners.size(), 1u) << "seed " << seed;
    for (const absl::Status& refusal : race.refusals) {
      EXPECT_WAL_CODE(refusal, WalErrorCode::kUnmatchedTerm);
    }
    MessageMaker maker(Term{1});
    EXPECT_TRUE(race.winners.front().Append(maker.Insert()).ok());
  }
}

TEST_P(WalImplsConformance, OfRacingTermsTheHighestOwnsTheChannel) {
  for (uint64_t seed = 1; seed <= GetParam().seed_count; ++seed) {
    Restart(seed);
    const std::vector<Executor*> strands = {MakeStrand("a"), MakeStrand("b"), MakeStrand("c")};
    const std::vector<OpenerImpls*> openers = {opener(), MakeOpener(), MakeOpener()};
    const std::vector<Term> terms = {Term{2}, Term{4}, Term{3}};
    Race race;
    Await(MakeStrand("race"), [&] {
      std::vector<OpenFuture> opens;
      for (size_t i = 0; i < strands.size(); ++i) {
        const int delay = static_cast<int>((seed + i) % 3);
        opens.push_back(OpenOn(openers[i], {kChannel, terms[i]}, strands[i], delay));
      }
      return TakeRace(std::move(opens), strands, &race);
    });
    for (const absl::Status& refusal : race.refusals) {
      EXPECT_WAL_CODE(refusal, WalErrorCode::kUnmatchedTerm);
    }
    int owners = 0;
    for (WriterHandle& writer : race.winners) {
      MessageMaker maker(writer.get()->channel().term);
      if (writer.get()->channel().term == Term{4}) {
        ++owners;
        EXPECT_TRUE(writer.Append(maker.Insert()).ok()) << "seed " << seed;
      } else {
        ExpectFenced(&writer, &maker);
      }
    }
    EXPECT_EQ(owners, 1) << "the open of the highest term failed, seed " << seed;
  }
}

TEST_P(WalImplsConformance, ANewLogHasNoTimeTickAndNothingBelowItsBoundary) {
  auto writer = OpenWriter(opener(), {kChannel, Term{1}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_FALSE(writer->get()->newest_time_tick().has_value());
  const std::optional<MessageId> boundary = writer->get()->boundary();
  MessageMaker maker(Term{1});
  const absl::StatusOr<MessageId> first = writer->Append(maker.Insert());
  ASSERT_TRUE(first.ok()) << first.status();
  if (boundary) {
    EXPECT_TRUE(BeforeWithinLog(*boundary, *first));
  }
}

TEST_P(WalImplsConformance, TheBoundaryLiesBetweenTheTerms) {
  auto old_writer = OpenWriter(opener(), {kChannel, Term{1}}, MakeStrand("old"));
  ASSERT_TRUE(old_writer.ok()) << old_writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> old_ids = old_writer->AppendInserts(&maker, 3);

  auto writer = OpenWriter(MakeOpener(), {kChannel, Term{2}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  maker.set_term(Term{2});
  const std::optional<MessageId> boundary = writer->get()->boundary();
  const std::vector<MessageId> ids = writer->AppendInserts(&maker, 2);
  ASSERT_TRUE(boundary.has_value());
  EXPECT_FALSE(BeforeWithinLog(*boundary, old_ids.back()));
  EXPECT_TRUE(BeforeWithinLog(*boundary, ids.front()));
  EXPECT_EQ(writer->get()->boundary(), boundary) << "the boundary has moved";
}

TEST_P(WalImplsConformance, AnOpenFindsTheNewestTimeTick) {
  MessageMaker maker(Term{1});
  std::optional<MessageId> newest;
  std::string record;
  for (const int term : {1, 2, 3}) {
    maker.set_term(Term{term});
    auto writer = OpenWriter(opener(), {kChannel, Term{term}}, MakeStrand("writer"));
    ASSERT_TRUE(writer.ok()) << writer.status();
    const ImmutableMessage& found = writer->get()->newest_time_tick();
    ASSERT_EQ(found.has_value(), newest.has_value()) << "term " << term;
    if (newest) {
      EXPECT_EQ(found.id(), *newest);
      EXPECT_EQ(std::string(found.record().data(), found.record().size()), record);
    }
    if (term == 2) continue;  // Its open found one, and the next must find the same.
    ASSERT_TRUE(writer->Append(maker.TimeTickMessage()).ok());
    const ImmutableMessage tick = maker.TimeTickMessage();
    record = std::string(tick.record().data(), tick.record().size());
    const absl::StatusOr<MessageId> id = writer->Append(tick);
    ASSERT_TRUE(id.ok()) << id.status();
    newest = *id;
    writer->AppendInserts(&maker, 2);
  }
}

TEST_P(WalImplsConformance, AnOldWriterIsFencedAndNothingOfItIsSeen) {
  auto old_writer = OpenWriter(opener(), {kChannel, Term{1}}, MakeStrand("old"));
  ASSERT_TRUE(old_writer.ok()) << old_writer.status();
  MessageMaker maker(Term{1});
  old_writer->AppendInserts(&maker, 1);
  auto writer = OpenWriter(MakeOpener(), {kChannel, Term{2}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();

  ExpectFenced(&*old_writer, &maker);  // Number 2.
  EXPECT_WAL_CODE(old_writer->Append(maker.Insert()).status(), WalErrorCode::kChannelFenced);
  EXPECT_WAL_CODE(old_writer->Run([&] { return old_writer->get()->WhenUnavailable(); }),
                  WalErrorCode::kChannelFenced);
  maker.set_term(Term{2});
  writer->AppendInserts(&maker, 1);  // Number 4.
  EXPECT_THAT(NumbersOf(writer->ReadToTail().messages), ElementsAre(1, 4));
}

TEST_P(WalImplsConformance, AnIdleWriterFindsTheFenceByItsTick) {
  auto old_writer = OpenWriter(opener(), {kChannel, Term{1}}, MakeStrand("old"));
  ASSERT_TRUE(old_writer.ok()) << old_writer.status();
  auto writer = OpenWriter(MakeOpener(), {kChannel, Term{2}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  old_writer->Tick();
  EXPECT_WAL_CODE(old_writer->Run([&] { return old_writer->get()->WhenUnavailable(); }),
                  WalErrorCode::kChannelFenced);
}

TEST_P(WalImplsConformance, AFencedWriterAnswersNoQuestionAndTruncatesNothing) {
  auto old_writer = OpenWriter(opener(), {kChannel, Term{1}}, MakeStrand("old"));
  ASSERT_TRUE(old_writer.ok()) << old_writer.status();
  MessageMaker maker(Term{1});
  const std::vector<MessageId> ids = old_writer->AppendInserts(&maker, 3);
  const absl::StatusOr<LogState> before = old_writer->Info();
  ASSERT_TRUE(before.ok() && before->tail.has_value()) << before.status();
  auto writer = OpenWriter(MakeOpener(), {kChannel, Term{2}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();

  EXPECT_WAL_CODE(old_writer->Info().status(), WalErrorCode::kChannelFenced);
  EXPECT_WAL_CODE(old_writer->Truncate(*before->tail), WalErrorCode::kChannelFenced);
  const absl::StatusOr<LogState> after = writer->Info();
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_FALSE(after->truncated.has_value());
  EXPECT_EQ(after->newest_term, Term{2});
}

// Goal: what an old writer has in flight when a new one takes over is at or below the boundary, or
// nowhere, and what it says about that is true.  Method: the takeover comes a few turns earlier or
// later.
TEST_P(WalImplsConformance, AppendsInFlightAcrossATakeoverLieBelowTheBoundaryOrNowhere) {
  constexpr int kInFlight = 6;
  for (uint64_t seed = 1; seed <= GetParam().seed_count; ++seed) {
    Restart(seed);
    auto old_writer = OpenWriter(opener(), {kChannel, Term{1}}, MakeStrand("old"));
    ASSERT_TRUE(old_writer.ok()) << old_writer.status();
    MessageMaker maker(Term{1});
    std::vector<Group> groups;
    for (int i = 0; i < kInFlight; ++i) groups.push_back(maker.InsertGroup(1));
    const std::vector<Executor*> strands = {MakeStrand("writer")};
    OpenerImpls* const other = MakeOpener();

    Race race;
    const AppendResults results = old_writer->Run([&] {
      std::vector<OpenFuture> opens;
      const int delay = static_cast<int>(seed % 5);
      opens.push_back(OpenOn(other, {kChannel, Term{2}}, strands[0], delay));
      Future<Unit> raced = TakeRace(std::move(opens), strands, &race);
      Future<AppendResults> appended = TakeAll(StartAll(old_writer->get(), std::move(groups)));
      return TakeBoth(std::move(appended), std::move(raced));
    });
    ASSERT_EQ(race.winners.size(), 1u) << race.refusals.front();
    WriterHandle& writer = race.winners.front();
    const std::optional<MessageId> boundary = writer.get()->boundary();
    const std::vector<ImmutableMessage> seen = writer.ReadToTail().messages;
    for (int i = 0; i < kInFlight; ++i) {
      const std::vector<int> numbers = NumbersOf(seen);
      const bool is_seen = std::count(numbers.begin(), numbers.end(), i + 1) == 1;
      if (results[i].ok()) {
        EXPECT_TRUE(is_seen) << "an acknowledged append is lost, seed " << seed;
        ASSERT_TRUE(boundary.has_value());
        EXPECT_FALSE(BeforeWithinLog(*boundary, results[i]->front())) << "seed " << seed;
      } else if (EffectOf(results[i].status()) == Effect::kNotDone) {
        EXPECT_FALSE(is_seen) << "an append that was not done is seen, seed " << seed;
      } else {
        EXPECT_WAL_CODE(results[i].status(), WalErrorCode::kOutcomeUnknown);
      }
    }
    for (const ImmutableMessage& message : seen) {
      EXPECT_FALSE(BeforeWithinLog(*boundary, message.id())) << "seed " << seed;
    }
  }
}

TEST_P(WalImplsConformance, AReadOnlyOpenOfAMissingChannelFailsAndMakesNothing) {
  Executor* const strand = MakeStrand("reader");
  EXPECT_WAL_CODE(OpenReader(opener(), {kChannel, Term{1}}, strand).status(),
                  WalErrorCode::kChannelNotExist);
  const auto channels = Await(strand, [&] { return opener()->Channels(); });
  ASSERT_TRUE(channels.ok()) << channels.status();
  EXPECT_THAT(*channels, IsEmpty());
}

// G6.
TEST_P(WalImplsConformance, APlaceThatIsPreparedHoldsNoLogAndTakesOne) {
  Executor* const strand = MakeStrand("writer");
  for (int i = 0; i < 2; ++i) {
    const absl::Status prepared = Await(strand, [&] { return opener()->Prepare(kChannel); });
    ASSERT_TRUE(prepared.ok()) << prepared;
    EXPECT_WAL_CODE(OpenReader(opener(), {kChannel, Term{1}}, strand).status(),
                    WalErrorCode::kChannelNotExist);
    const auto channels = Await(strand, [&] { return opener()->Channels(); });
    ASSERT_TRUE(channels.ok()) << channels.status();
    EXPECT_THAT(*channels, IsEmpty());
  }
  auto writer = OpenWriter(MakeOpener(), {kChannel, Term{1}}, MakeStrand("first"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  writer->AppendInserts(&maker, 2);
  // It is nothing to who is there already.
  EXPECT_TRUE(Await(strand, [&] { return opener()->Prepare(kChannel); }).ok());
  EXPECT_TRUE(writer->Append(maker.Insert()).ok());
  EXPECT_EQ(writer->ReadToTail().messages.size(), 3u);
  EXPECT_WAL_CODE(Await(strand, [&] { return opener()->Prepare("a/b"); }),
                  WalErrorCode::kInvalidArgument);
}

TEST_P(WalImplsConformance, AReadOnlyOpenFencesNobody) {
  auto writer = OpenWriter(opener(), {kChannel, Term{2}}, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  const PChannel higher = {kChannel, Term{9}};
  auto reader = OpenReader(MakeOpener(), higher, MakeStrand("reader"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(reader->get()->channel(), higher);

  MessageMaker maker(Term{2});
  EXPECT_TRUE(writer->Append(maker.Insert()).ok());
  EXPECT_TRUE(OpenWriter(opener(), {kChannel, Term{3}}, MakeStrand("next")).ok());
}

TEST_P(WalImplsConformance, ChannelsAreListedInOrder) {
  Executor* const strand = MakeStrand("writer");
  for (const char* name : {"pears", "apples", "quinces"}) {
    ASSERT_TRUE(OpenWriter(opener(), {name, Term{1}}, strand).ok());
  }
  const auto channels = Await(strand, [&] { return MakeOpener()->Channels(); });
  ASSERT_TRUE(channels.ok()) << channels.status();
  EXPECT_THAT(*channels, ElementsAre("apples", "pears", "quinces"));
}

}  // namespace
}  // namespace tidelog::walimpls
