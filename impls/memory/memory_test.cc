#include "impls/memory/memory.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/environment.h"
#include "wal/message/message_id.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::impls::memory {
namespace {

using ::testing::HasSubstr;
using tidelog::testing::MakeInsert;
using tidelog::testing::Stamped;
using walimpls::CloseMode;
using walimpls::Group;
using walimpls::Ids;
using walimpls::LogState;
using walimpls::OpenerImpls;
using walimpls::OpenOptions;
using walimpls::ScanOptions;
using walimpls::WalImpls;

using OpenFuture = Future<absl::StatusOr<std::unique_ptr<WalImpls>>>;

// What the conformance suite does not see: settings, stores, what truncation frees.
class MemoryTest : public ::testing::Test {
 protected:
  ~MemoryTest() override {
    for (auto& wal : wals_) EXPECT_TRUE(Close(wal.get(), CloseMode::kAbandon).ok());
    wals_.clear();
    for (auto& opener : openers_) {
      EXPECT_TRUE(runtime_.Run([&] { return opener->Close(); }).ok());
    }
  }

  OpenerImpls* MakeOpener(const Config& config) {
    Environment environment;
    environment.runtime = &runtime_;
    auto opener = MakeBuilder()->Build(environment, config);
    CHECK_OK(opener);
    openers_.push_back(*std::move(opener));
    return openers_.back().get();
  }
  absl::Status BuildError(const Config& config) {
    Environment environment;
    environment.runtime = &runtime_;
    return MakeBuilder()->Build(environment, config).status();
  }
  WalImpls* Open(OpenerImpls* opener, Term term, uint32_t epoch = 0) {
    OpenOptions options;
    options.strand = runtime_.executor();
    options.epoch = epoch;
    const PChannel channel = {"orders", term};
    auto wal = runtime_.Run([&] { return opener->Open(channel, options); });
    CHECK_OK(wal);
    wals_.push_back(*std::move(wal));
    return wals_.back().get();
  }
  absl::Status Close(WalImpls* wal, CloseMode mode) {
    return runtime_.Run([&] { return wal->Close(mode); });
  }
  // One message of `size` bytes of payload; its position.
  absl::StatusOr<Position> Append(WalImpls* wal, Term term, size_t size) {
    const TimeTick tick{next_tick_++};
    Group group{Stamped(MakeInsert(std::string(size, 'x')), term, tick)};
    const absl::StatusOr<Ids> ids = runtime_.Run([&] { return wal->Append(std::move(group)); });
    if (!ids.ok()) return ids.status();
    return Position{ids->front(), tick};
  }
  LogState Info(WalImpls* wal) {
    const auto state = runtime_.Run([&] { return wal->Info(); });
    CHECK_OK(state);
    return *state;
  }

  TestRuntime runtime_;
  uint64_t next_tick_ = 1;
  std::vector<std::unique_ptr<OpenerImpls>> openers_;
  std::vector<std::unique_ptr<WalImpls>> wals_;
};

TEST_F(MemoryTest, TheBuilderIsCalledMemory) { EXPECT_EQ(MakeBuilder()->name(), "memory"); }

TEST_F(MemoryTest, BadSettingsAreRefusedByName) {
  const absl::Status unknown = BuildError({{"stores", "a"}});
  EXPECT_EQ(GetWalErrorCode(unknown), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(unknown.message(), HasSubstr("\"stores\""));
  EXPECT_THAT(unknown.message(), HasSubstr("bytes_max, store"));
  EXPECT_EQ(GetWalErrorCode(BuildError({{"bytes_max", "much"}})), WalErrorCode::kInvalidArgument);
}

TEST_F(MemoryTest, OpenersHaveStoresOfTheirOwnUnlessTheyNameOne) {
  WalImpls* const first = Open(MakeOpener({}), Term{1});
  ASSERT_TRUE(Append(first, Term{1}, 1).ok());
  WalImpls* const second = Open(MakeOpener({}), Term{1});
  EXPECT_FALSE(second->boundary().has_value());
}

TEST_F(MemoryTest, ANamedStoreIsSharedAndOutlivesItsOpeners) {
  const Config config = {{"store", "ANamedStoreIsSharedAndOutlivesItsOpeners"}};
  WalImpls* const first = Open(MakeOpener(config), Term{1});
  const absl::StatusOr<Position> position = Append(first, Term{1}, 1);
  ASSERT_TRUE(position.ok()) << position.status();
  ASSERT_TRUE(Close(first, CloseMode::kClean).ok());
  wals_.clear();
  ASSERT_TRUE(runtime_.Run([&] { return openers_.front()->Close(); }).ok());
  openers_.clear();

  WalImpls* const second = Open(MakeOpener(config), Term{2});
  EXPECT_EQ(second->boundary(), position->last_confirmed);
}

TEST_F(MemoryTest, IdsCarryTheEpochOfTheOpen) {
  OpenerImpls* const opener = MakeOpener({});
  WalImpls* const wal = Open(opener, Term{1}, /*epoch=*/9);
  const absl::StatusOr<Position> position = Append(wal, Term{1}, 1);
  ASSERT_TRUE(position.ok()) << position.status();
  const MessageId::Origin origin = position->last_confirmed.origin();
  EXPECT_EQ(origin.kind, LogKind::kMemory);
  EXPECT_EQ(origin.epoch, 9u);

  WalImpls* const next = Open(opener, Term{2}, /*epoch=*/10);
  ASSERT_TRUE(next->boundary().has_value());
  EXPECT_EQ(next->boundary()->origin().epoch, 10u);
  EXPECT_EQ(Info(next).tail_id->origin().epoch, 10u);
}

TEST_F(MemoryTest, AFullLogRefusesUntilItIsTruncated) {
  WalImpls* const wal = Open(MakeOpener({{"bytes_max", "4096"}}), Term{1});
  absl::StatusOr<Position> position = Append(wal, Term{1}, 1000);
  Position last;
  int stored = 0;
  for (; position.ok(); ++stored) {
    last = *position;
    position = Append(wal, Term{1}, 1000);
  }
  EXPECT_EQ(GetWalErrorCode(position.status()), WalErrorCode::kResourceExhausted);
  EXPECT_EQ(Info(wal).details.at("records"), std::to_string(stored));

  ASSERT_TRUE(runtime_.Run([&] { return wal->Truncate(last); }).ok());
  EXPECT_EQ(Info(wal).details.at("records"), "1") << "the marked record itself is kept";
  runtime_.Run([&] {
    wal->AcceptAgain();
    return MakeReadyFuture(Unit{});
  });
  EXPECT_TRUE(Append(wal, Term{1}, 1000).ok());
}

// What held a truncation back is gone: it is called again for the same tick.
TEST_F(MemoryTest, AMarkAtTheSameTickWithAHigherIdFreesMore) {
  WalImpls* const wal = Open(MakeOpener({}), Term{1});
  Position marks[4];
  for (Position& mark : marks) mark = *Append(wal, Term{1}, 10);
  for (Position& mark : marks) mark.time_tick = marks[3].time_tick;
  for (const int number : {1, 2, 0}) {
    ASSERT_TRUE(runtime_.Run([&] { return wal->Truncate(marks[number]); }).ok());
    EXPECT_EQ(Info(wal).truncated, number == 1 ? marks[1] : marks[2]);
    EXPECT_EQ(Info(wal).details.at("records"), number == 1 ? "3" : "2");
  }
}

// Goal: the last look (A2).  Method: on one strand, both opens have claimed before either looks.
TEST_F(MemoryTest, AnOpenThatAHigherTermOvertakesFails) {
  OpenerImpls* const opener = MakeOpener({});
  OpenOptions options;
  options.strand = runtime_.executor();
  const PChannel higher = {"orders", Term{2}};
  std::optional<OpenFuture> overtaking;
  const auto overtaken = runtime_.Run([&] {
    OpenFuture lower = opener->Open({"orders", Term{1}}, options);
    overtaking.emplace(opener->Open(higher, options));
    return lower;
  });
  EXPECT_EQ(GetWalErrorCode(overtaken.status()), WalErrorCode::kUnmatchedTerm);
  runtime_.RunUntilIdle();
  auto wal = std::move(*overtaking).Take();
  ASSERT_TRUE(wal.ok()) << wal.status();
  EXPECT_EQ((*wal)->channel(), higher);
  wals_.push_back(*std::move(wal));
}

TEST_F(MemoryTest, FencingWritesNoBarriers) {
  OpenerImpls* const opener = MakeOpener({});
  for (const int term : {1, 2, 3}) {
    ASSERT_TRUE(Append(Open(opener, Term{term}), Term{term}, 1).ok());
  }
  EXPECT_EQ(Info(wals_.back().get()).details.at("records"), "3");
}

TEST_F(MemoryTest, APositionAboveTheTailIsGone) {
  WalImpls* const wal = Open(MakeOpener({}), Term{1});
  const absl::StatusOr<Position> position = Append(wal, Term{1}, 1);
  ASSERT_TRUE(position.ok()) << position.status();
  ScanOptions options;
  options.from = walimpls::ScanFrom{MessageId::FromNumber(position->last_confirmed.origin(), 2)};
  const auto scanner = runtime_.Run([&] { return wal->Read(options); });
  EXPECT_EQ(GetWalErrorCode(scanner.status()), WalErrorCode::kPositionGone);
}

TEST_F(MemoryTest, AppendsThatWereNeverStoredEndWithOnShutdown) {
  WalImpls* const wal = Open(MakeOpener({}), Term{1});
  std::optional<Future<absl::StatusOr<Ids>>> append;
  const absl::Status closed = runtime_.Run([&] {
    append.emplace(wal->Append(Group{Stamped(MakeInsert("late"), Term{1}, TimeTick{1})}));
    return wal->Close(CloseMode::kClean);
  });
  EXPECT_TRUE(closed.ok()) << closed;
  ASSERT_TRUE(append->ready());
  EXPECT_EQ(GetWalErrorCode(std::move(*append).Take().status()), WalErrorCode::kOnShutdown);
}

using MemoryDeathTest = MemoryTest;

TEST_F(MemoryDeathTest, ALogDestroyedWithoutCloseAborts) {
  Open(MakeOpener({}), Term{1});
  EXPECT_DEATH(wals_.clear(), "the log orders@1 was destroyed without Close");
}

TEST_F(MemoryDeathTest, AnOpenerDestroyedBeforeItsLogsAborts) {
  Open(MakeOpener({}), Term{1});
  EXPECT_DEATH(openers_.clear(), "opener of backend memory was destroyed before the log orders");
}

TEST_F(MemoryDeathTest, AMarkThatWasNeverStoredAborts) {
  WalImpls* const wal = Open(MakeOpener({}), Term{1});
  const absl::StatusOr<Position> position = Append(wal, Term{1}, 1);
  ASSERT_TRUE(position.ok()) << position.status();
  const Position mark = {MessageId::FromNumber(position->last_confirmed.origin(), 7), TimeTick{7}};
  EXPECT_DEATH(runtime_.Run([&] { return wal->Truncate(mark); }).IgnoreError(),
               "the mark was never stored");
}

}  // namespace
}  // namespace tidelog::impls::memory
