// Conformance: Close() at every step (H2, F7, C2), and that nothing is left behind.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "walimpls/testing/conformance.h"
#include "walimpls/testing/conformance_tools.h"

namespace tidelog::walimpls {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAreArray;

const PChannel kChannel = {"orders", Term{1}};

Future<std::vector<absl::Status>> CloseTwiceAtOnce(RoWalImpls* log) {
  Future<absl::Status> first = log->Close(CloseMode::kClean);
  Future<absl::Status> second = log->Close(CloseMode::kClean);
  std::vector<absl::Status> closed;
  const absl::Status second_closed = co_await std::move(second);
  closed.push_back(second_closed);
  const absl::Status first_closed = co_await std::move(first);
  closed.push_back(first_closed);
  const absl::Status third_closed = co_await log->Close(CloseMode::kAbandon);
  closed.push_back(third_closed);
  co_return closed;
}

TEST_P(WalImplsConformance, CloseMayBeCalledAgainAndAtOnce) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  auto reader = OpenReader(opener(), kChannel, MakeStrand("reader"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_THAT(writer->Run([&] { return CloseTwiceAtOnce(writer->get()); }), Each(absl::OkStatus()));
  EXPECT_THAT(reader->Run([&] { return CloseTwiceAtOnce(reader->get()); }), Each(absl::OkStatus()));
}

Future<Unit> ExpectAllShutDown(WalImpls* wal, Group group, Position mark) {
  const absl::Status closed = co_await wal->Close(CloseMode::kClean);
  EXPECT_TRUE(closed.ok()) << closed;
  const absl::StatusOr<Ids> appended = co_await wal->Append(group);
  EXPECT_WAL_CODE(appended.status(), WalErrorCode::kOnShutdown);
  const absl::StatusOr<LogState> state = co_await wal->Info();
  EXPECT_WAL_CODE(state.status(), WalErrorCode::kOnShutdown);
  const ScanOptions options;
  const auto scanner = co_await wal->Read(options);
  EXPECT_WAL_CODE(scanner.status(), WalErrorCode::kOnShutdown);
  const absl::Status truncated = co_await wal->Truncate(mark);
  EXPECT_WAL_CODE(truncated, WalErrorCode::kOnShutdown);
  const absl::Status unavailable = co_await wal->WhenUnavailable();
  EXPECT_WAL_CODE(unavailable, WalErrorCode::kOnShutdown);
  co_return Unit{};
}

TEST_P(WalImplsConformance, AfterCloseEverythingEndsWithOnShutdown) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const ImmutableMessage message = maker.Insert();
  const MessageId id = writer->Append(message).value();
  const Position mark = {id, message.time_tick()};
  writer->Run([&] { return ExpectAllShutDown(writer->get(), maker.InsertGroup(1), mark); });
}

TEST_P(WalImplsConformance, WhoWaitsForUnavailabilityIsToldOfTheClose) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  absl::Status told;
  const absl::Status closed = writer->Run([&] {
    Then<absl::Status>(writer->get()->WhenUnavailable(), writer->strand(),
                       [&told](absl::Status why) { told = std::move(why); });
    return writer->get()->Close(CloseMode::kClean);
  });
  EXPECT_TRUE(closed.ok()) << closed;
  writer->Run([] { return YieldTimes(3); });
  EXPECT_WAL_CODE(told, WalErrorCode::kOnShutdown);
}

// Appends `groups` and closes after `turns`.
Future<AppendResults> CloseDuringAppends(WalImpls* wal, std::vector<Group> groups, int turns,
                                         CloseMode mode) {
  Future<AppendResults> appends = TakeAll(StartAll(wal, std::move(groups)));
  co_await YieldTimes(turns);
  const absl::Status closed = co_await wal->Close(mode);
  EXPECT_TRUE(closed.ok()) << closed;
  EXPECT_TRUE(appends.ready()) << "an append has not ended though Close() is done";
  AppendResults results = co_await std::move(appends);
  co_return results;
}

// Checks what the appends of `results`, of one message each and numbered from 1, came to against
// what is `seen`.
void ExpectTrueOutcomes(const AppendResults& results, const std::vector<int>& seen) {
  bool not_done_before = false;
  for (size_t i = 0; i < results.size(); ++i) {
    const bool is_seen = std::count(seen.begin(), seen.end(), static_cast<int>(i) + 1) == 1;
    if (results[i].ok()) {
      EXPECT_TRUE(is_seen) << "append " << i + 1 << " was acknowledged and is lost";
      EXPECT_FALSE(not_done_before) << "append " << i + 1 << " is done, one before it is not";
      continue;
    }
    EXPECT_THAT(GetWalErrorCode(results[i].status()),
                AnyOf(WalErrorCode::kOnShutdown, WalErrorCode::kOutcomeUnknown))
        << results[i].status();
    if (EffectOf(results[i].status()) != Effect::kNotDone) continue;
    not_done_before = true;
    EXPECT_FALSE(is_seen) << "append " << i + 1 << " was not done and is seen";
  }
  // What landed is a prefix of what was handed over.
  EXPECT_THAT(seen, ElementsAreArray(Range(1, static_cast<int>(seen.size()))));
}

TEST_P(WalImplsConformance, CloseInTheMiddleOfAppendsEndsEachOfThemOnceAndTruly) {
  for (uint64_t seed = 1; seed <= GetParam().seed_count; ++seed) {
    Restart(seed);
    const CloseMode mode = seed % 2 == 0 ? CloseMode::kClean : CloseMode::kAbandon;
    auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
    ASSERT_TRUE(writer.ok()) << writer.status();
    MessageMaker maker(Term{1});
    std::vector<Group> groups;
    for (int i = 0; i < 8; ++i) groups.push_back(maker.InsertGroup(1));
    const AppendResults results = writer->Run([&] {
      const int turns = static_cast<int>(seed / 2 % 10);
      return CloseDuringAppends(writer->get(), std::move(groups), turns, mode);
    });
    const bool unsettled =
        std::any_of(results.begin(), results.end(), [](const absl::StatusOr<Ids>& result) {
          return EffectOf(result.status()) == Effect::kUnknown;
        });

    auto again = OpenWriter(opener(), kChannel, MakeStrand("again"));
    if (mode == CloseMode::kClean && !unsettled && backend().leaves_clean_mark()) {
      EXPECT_TRUE(again.ok()) << again.status() << ", seed " << seed;
    } else {
      EXPECT_WAL_CODE(again.status(), WalErrorCode::kUnmatchedTerm);
      again = OpenWriter(opener(), {"orders", Term{2}}, MakeStrand("next"));
    }
    ASSERT_TRUE(again.ok()) << again.status();
    ExpectTrueOutcomes(results, NumbersOf(again->ReadToTail().messages));
  }
}

// Starts a Next() at the tail, and ends it by what `end` starts.
template <class F>
Future<absl::Status> EndNext(ScannerImpls* scanner, int turns, F end) {
  Future<absl::StatusOr<RawBatch>> next = scanner->Next({});
  co_await YieldTimes(turns);
  EXPECT_FALSE(next.ready());
  const absl::Status ended = co_await end();
  EXPECT_TRUE(ended.ok()) << ended;
  EXPECT_TRUE(next.ready()) << "a Next() has not ended though Close() is done";
  const absl::StatusOr<RawBatch> batch = co_await std::move(next);
  co_return batch.status();
}

TEST_P(WalImplsConformance, ClosingAScannerEndsItsNext) {
  for (int turns = 0; turns < 5; ++turns) {
    auto writer = OpenWriter(opener(), {"orders", Term{turns + 1}}, MakeStrand("writer"));
    ASSERT_TRUE(writer.ok()) << writer.status();
    absl::StatusOr<ScanHandle> scanner = writer->Read();
    ASSERT_TRUE(scanner.ok()) << scanner.status();
    const auto close = [&scanner] { return scanner->get()->Close(); };
    EXPECT_WAL_CODE(writer->Run([&] { return EndNext(scanner->get(), turns, close); }),
                    WalErrorCode::kOnShutdown);
    EXPECT_WAL_CODE(scanner->Next().status(), WalErrorCode::kOnShutdown);
  }
}

TEST_P(WalImplsConformance, ClosingALogClosesItsScanners) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  absl::StatusOr<ScanHandle> idle = writer->Read();
  ASSERT_TRUE(idle.ok()) << idle.status();
  absl::StatusOr<ScanHandle> scanner = writer->Read();
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  const auto close = [&writer] { return writer->get()->Close(CloseMode::kClean); };
  EXPECT_WAL_CODE(writer->Run([&] { return EndNext(scanner->get(), 2, close); }),
                  WalErrorCode::kOnShutdown);
  EXPECT_WAL_CODE(idle->Next().status(), WalErrorCode::kOnShutdown);
  EXPECT_TRUE(scanner->Close().ok());
  EXPECT_TRUE(idle->Close().ok());
}

TEST_P(WalImplsConformance, ClosingAReadOnlyLogClosesItsScannersAndDisturbsNobody) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  auto reader = OpenReader(opener(), kChannel, MakeStrand("reader"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  absl::StatusOr<ScanHandle> scanner = reader->Read();
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  const auto close = [&reader] { return reader->get()->Close(CloseMode::kClean); };
  EXPECT_WAL_CODE(reader->Run([&] { return EndNext(scanner->get(), 2, close); }),
                  WalErrorCode::kOnShutdown);
  MessageMaker maker(Term{1});
  EXPECT_TRUE(writer->Append(maker.Insert()).ok());
}

// Opens `channel`, and closes the opener after `turns`.
Future<absl::Status> CloseDuringOpen(OpenerImpls* opener, OpenOptions options, int turns) {
  Future<absl::StatusOr<std::unique_ptr<WalImpls>>> opening = opener->Open(kChannel, options);
  co_await YieldTimes(turns);
  const bool was_open = opening.ready();
  if (was_open) {
    // Logs are closed before their opener.
    absl::StatusOr<std::unique_ptr<WalImpls>> wal = co_await std::move(opening);
    CHECK_OK(wal);
    const absl::Status wal_closed = co_await (*wal)->Close(CloseMode::kAbandon);
    CHECK_OK(wal_closed);
    const absl::Status closed = co_await opener->Close();
    co_return closed;
  }
  const absl::Status closed = co_await opener->Close();
  EXPECT_TRUE(closed.ok()) << closed;
  const absl::StatusOr<std::unique_ptr<WalImpls>> wal = co_await std::move(opening);
  EXPECT_WAL_CODE(wal.status(), WalErrorCode::kOnShutdown);
  co_return absl::OkStatus();
}

TEST_P(WalImplsConformance, ClosingAnOpenerEndsItsOpens) {
  for (int turns = 0; turns < 8; ++turns) {
    Restart(/*seed=*/turns + 1);
    OpenerImpls* const other = MakeOpener();
    OpenOptions options;
    options.strand = MakeStrand("writer");
    const absl::Status closed =
        Await(options.strand, [&] { return CloseDuringOpen(other, options, turns); });
    EXPECT_TRUE(closed.ok()) << closed;
    EXPECT_WAL_CODE(OpenWriter(other, kChannel, options.strand).status(),
                    WalErrorCode::kOnShutdown);
    EXPECT_WAL_CODE(OpenReader(other, kChannel, options.strand).status(),
                    WalErrorCode::kOnShutdown);
    // Whatever it did, the channel opens at a higher term.
    EXPECT_TRUE(OpenWriter(opener(), {"orders", Term{2}}, MakeStrand("next")).ok());
  }
}

}  // namespace
}  // namespace tidelog::walimpls
