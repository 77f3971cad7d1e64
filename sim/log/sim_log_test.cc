// The backend "sim" by its interfaces: what the tests of whole lives do not look at.
#include "sim/log/sim_log.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "sim/log/log_fault.h"
#include "sim/log/log_service.h"
#include "sim/log/protocol.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/environment.h"
#include "wal/message/chunks.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"
#include "wal/status.h"
#include "walimpls/opener.h"

namespace tidelog::sim {
namespace {

using walimpls::CloseMode;
using walimpls::Group;
using walimpls::Ids;
using walimpls::RawBatch;
using walimpls::ScannerImpls;
using walimpls::ScanOptions;
using walimpls::WalImpls;

// Calls `*start`, which returns a future, on `strand`, and yields what that yields.
template <class F>
std::invoke_result_t<F&> OnStrand(Executor* strand, F* start) {
  co_await EnterExecutor(strand);
  auto future = (*start)();
  auto value = co_await std::move(future);
  co_return value;
}

LogServiceOptions OptionsOf(LogProtocol protocol) {
  LogServiceOptions options;
  options.protocol = protocol;
  return options;
}

class SimLogTest : public ::testing::TestWithParam<LogProtocol> {
 protected:
  template <class F>
  auto Run(F start) {
    return Blocking(strand_.get(), [&] { return OnStrand(strand_.get(), &start); });
  }

  SimLogTest() : service_(&kernel_, OptionsOf(GetParam())), process_(kernel_.Spawn("test")) {
    strand_ = process_->runtime()->MakeExecutor("test");
    opener_ = MakeSimLogOpener(process_, &service_);
  }
  ~SimLogTest() override {
    if (wal_ != nullptr) CHECK_OK(CloseWal());
    const absl::Status closed = Run([this] { return opener_->Close(); });
    CHECK_OK(closed);
  }

  void Open(int64_t term) {
    walimpls::OpenOptions options;
    options.strand = strand_.get();
    auto wal = Run([&] { return opener_->Open(PChannel{"orders", Term{term}}, options); });
    ASSERT_TRUE(wal.ok()) << wal.status();
    wal_ = *std::move(wal);
  }
  absl::Status CloseWal() {
    absl::Status closed = Run([this] { return wal_->Close(CloseMode::kAbandon); });
    wal_.reset();
    return closed;
  }
  Group MakeGroup(MessageType type, const MessageId* last_confirmed = nullptr,
                  std::string_view payload = "payload") {
    absl::StatusOr<MutableMessage> message = MessageFactory::AnyBuilder(type).Build(payload);
    CHECK_OK(message);
    MessageStamper::Stamp(*message, wal_->channel().term, TimeTick{next_tick_++}, last_confirmed);
    Group group;
    group.push_back(MessageStamper::Seal(*std::move(message)));
    return group;
  }
  MessageId Append(MessageType type = MessageType::kInsert,
                   const MessageId* last_confirmed = nullptr) {
    Group group = MakeGroup(type, last_confirmed);
    const absl::StatusOr<Ids> ids = Run([&] { return wal_->Append(std::move(group)); });
    CHECK_OK(ids);
    return ids->front();
  }
  // Whose end, whenever it comes, is told in ended_.
  void StartAppend() {
    Run([this] {
      Then<absl::StatusOr<Ids>>(wal_->Append(MakeGroup(MessageType::kInsert)), strand_.get(),
                                [this](absl::StatusOr<Ids> ids) { ended_ = std::move(ids); });
      return MakeReadyFuture(Unit{});
    });
  }
  std::unique_ptr<ScannerImpls> Scan(const ScanOptions& options) {
    auto scanner = Run([&] { return wal_->Read(options); });
    CHECK_OK(scanner);
    return *std::move(scanner);
  }
  absl::StatusOr<RawBatch> Next(ScannerImpls* scanner) {
    return Run([scanner] { return scanner->Next({}); });
  }
  void Close(ScannerImpls* scanner) {
    const absl::Status closed = Run([scanner] { return scanner->Close(); });
    CHECK_OK(closed);
  }

  Kernel kernel_{Kernel::Options{}};
  LogService service_;
  Process* const process_;
  std::unique_ptr<Executor> strand_;
  std::unique_ptr<walimpls::OpenerImpls> opener_;
  std::unique_ptr<WalImpls> wal_;
  uint64_t next_tick_ = 1000;
  std::optional<absl::StatusOr<Ids>> ended_;
};

TEST_P(SimLogTest, IsBuiltByItsNameAndTakesNoSettings) {
  const auto builder = MakeSimLogBuilder(process_, &service_);
  EXPECT_EQ(builder->name(), "sim");
  Environment environment;
  environment.runtime = process_->runtime();
  const Config config = {{"no_such_key", "1"}};
  EXPECT_EQ(GetWalErrorCode(builder->Build(environment, config).status()),
            WalErrorCode::kInvalidArgument);
  auto opener = builder->Build(environment, {});
  ASSERT_TRUE(opener.ok()) << opener.status();
  const absl::Status closed = Run([&] { return (*opener)->Close(); });
  EXPECT_TRUE(closed.ok()) << closed;
}

TEST_P(SimLogTest, AReaderThatRetentionOvertakesIsToldTheOldestThereIs) {
  if (GetParam() == LogProtocol::kObjects) GTEST_SKIP() << "nothing but the log deletes objects";
  Open(1);
  for (int i = 0; i < 4; ++i) Append();
  Append(MessageType::kTimeTick);
  const MessageId last = Append();
  ScanOptions options;
  options.read_ahead_count_max = 1;
  const auto scanner = Scan(options);
  ASSERT_TRUE(Next(scanner.get()).ok());
  service_.Retain("orders", 100);  // What recovery needs stays: the TimeTick and all behind it.
  absl::StatusOr<RawBatch> batch = Next(scanner.get());
  while (batch.ok()) batch = Next(scanner.get());
  EXPECT_EQ(GetWalErrorCode(batch.status()), WalErrorCode::kPositionGone);
  const std::optional<Position> oldest = OldestPositionOf(batch.status());
  ASSERT_TRUE(oldest.has_value());
  EXPECT_EQ(oldest->time_tick, TimeTick{1003});
  Close(scanner.get());

  options.from = walimpls::ScanFrom{oldest->last_confirmed};
  options.until = last;
  const auto rest = Scan(options);
  std::vector<TimeTick> ticks;
  for (bool end = false; !end;) {
    const absl::StatusOr<RawBatch> next = Next(rest.get());
    ASSERT_TRUE(next.ok()) << next.status();
    for (const ImmutableMessage& message : next->messages) ticks.push_back(message.time_tick());
    end = next->end;
  }
  EXPECT_EQ(ticks, (std::vector<TimeTick>{TimeTick{1004}, TimeTick{1005}}));
  Close(rest.get());
}

TEST_P(SimLogTest, RetentionLeavesWhatTheReplayOfAnOpenReads) {
  if (GetParam() == LogProtocol::kObjects) GTEST_SKIP() << "nothing but the log deletes objects";
  Open(1);
  const MessageId gone = Append();
  const MessageId confirmed = Append();
  const MessageId last = Append(MessageType::kTimeTick, &confirmed);
  service_.Retain("orders", 100);
  const auto from = [this, &last](const MessageId& id) {
    ScanOptions options;
    options.from = walimpls::ScanFrom{id};
    options.until = last;
    auto scanner = Run([&] { return wal_->Read(options); });
    if (!scanner.ok()) return scanner.status();
    const absl::Status read = Next(scanner->get()).status();
    Close(scanner->get());
    return read;
  };
  EXPECT_EQ(GetWalErrorCode(from(gone)), WalErrorCode::kPositionGone);
  EXPECT_TRUE(from(confirmed).ok());
}

TEST_P(SimLogTest, TheOldestPositionIsNotReadFromButAfter) {
  if (GetParam() == LogProtocol::kObjects) GTEST_SKIP() << "nothing but the log deletes objects";
  Open(1);
  for (int i = 0; i < 3; ++i) Append();
  Append(MessageType::kTimeTick);
  service_.Retain("orders", 2);
  const auto info = Run([this] { return wal_->Info(); });
  ASSERT_TRUE(info.ok() && info->truncated.has_value());
  const Position oldest = *info->truncated;
  const auto behind = [&](uint64_t ticks) {
    ScanOptions options;
    const TimeTick tick{ToInt(oldest.time_tick) - ticks};
    options.from = walimpls::ScanFrom{oldest.last_confirmed, tick};
    auto scanner = Run([&] { return wal_->Read(options); });
    if (scanner.ok()) Close(scanner->get());
    return scanner.status();
  };
  EXPECT_TRUE(behind(0).ok());
  EXPECT_EQ(GetWalErrorCode(behind(1)), WalErrorCode::kPositionGone);
}

// Of a message whose first chunks retention has taken nothing is there (F9).
TEST_P(SimLogTest, TheOldestPositionLiesAboveAMessageThatIsNotWhole) {
  if (GetParam() == LogProtocol::kObjects) GTEST_SKIP() << "nothing but the log deletes objects";
  Open(1);
  const std::string payload(30, 'x');
  const ImmutableMessage whole = MakeGroup(MessageType::kInsert, nullptr, payload)[0];
  const size_t head = ChunkHeadSize(whole.record());
  std::vector<ImmutableMessage> chunks = SplitIntoChunks(whole.record(), head + 10);
  ASSERT_EQ(chunks.size(), 3u);
  Group group(chunks.begin(), chunks.end());
  const absl::StatusOr<Ids> ids = Run([&] { return wal_->Append(std::move(group)); });
  ASSERT_TRUE(ids.ok()) << ids.status();
  Append(MessageType::kTimeTick);
  std::optional<Position> oldest;
  // In front of it lie records of the fence.
  for (int gone = 1; gone <= 5 && (!oldest || oldest->last_confirmed == ids->front()); ++gone) {
    service_.Retain("orders", 1);
    const auto info = Run([this] { return wal_->Info(); });
    ASSERT_TRUE(info.ok()) << info.status();
    oldest = info->truncated;
  }
  ASSERT_TRUE(oldest.has_value());
  EXPECT_EQ(oldest->last_confirmed, (*ids)[1]);
  EXPECT_EQ(oldest->time_tick, whole.time_tick());
}

// Record by record: now the first that is left is a message, now a fence before one.
TEST_P(SimLogTest, TheOldestPositionIsNotReadFromWhateverLiesBeforeIt) {
  if (GetParam() == LogProtocol::kObjects) GTEST_SKIP() << "nothing but the log deletes objects";
  for (int64_t term = 1; term <= 3; ++term) {
    if (term > 1) {
      ASSERT_TRUE(CloseWal().ok());
    }
    Open(term);
    Append();
  }
  Append(MessageType::kTimeTick);
  int told = 0;
  for (int gone = 1; gone <= 5; ++gone) {
    service_.Retain("orders", 1);
    const auto info = Run([this] { return wal_->Info(); });
    ASSERT_TRUE(info.ok()) << info.status();
    if (!info->truncated.has_value()) continue;
    const TimeTick below{ToInt(info->truncated->time_tick) - 1};
    ScanOptions options;
    options.from = walimpls::ScanFrom{info->truncated->last_confirmed, below};
    const auto scanner = Run([&] { return wal_->Read(options); });
    if (scanner.ok()) Close(scanner->get());
    EXPECT_EQ(GetWalErrorCode(scanner.status()), WalErrorCode::kPositionGone) << gone;
    ++told;
  }
  EXPECT_GT(told, 2);
}

TEST_P(SimLogTest, RetentionMovesTheMarkUpOnly) {
  if (GetParam() == LogProtocol::kObjects) GTEST_SKIP() << "nothing but the log deletes objects";
  Open(1);
  const MessageId first = Append();
  for (int i = 0; i < 3; ++i) Append();
  Append(MessageType::kTimeTick);
  // All that is forgotten stays forgotten, though the ids from `first` on are kept.
  const Position mark{first, TimeTick{1003}};
  ASSERT_TRUE(Run([&] { return wal_->Truncate(mark); }).ok());
  service_.Retain("orders", 2);
  const auto info = Run([this] { return wal_->Info(); });
  ASSERT_TRUE(info.ok()) << info.status();
  ASSERT_TRUE(info->truncated.has_value());
  EXPECT_TRUE(BeforeWithinLog(first, info->truncated->last_confirmed));
  EXPECT_EQ(info->truncated->time_tick, TimeTick{1003});
}

TEST_P(SimLogTest, InfoIsNotDisturbedByRetention) {
  if (GetParam() == LogProtocol::kObjects) GTEST_SKIP() << "nothing but the log deletes objects";
  Open(1);
  for (int i = 0; i < 4; ++i) Append();
  Append(MessageType::kTimeTick);
  service_.Retain("orders", 1);
  int fetches = 0;
  service_.SetFaults([this, &fetches](const LogCall& call) {
    // The first one is for the tail, the second for the oldest.
    if (call.op == LogOp::kFetch && ++fetches == 2) service_.Retain("orders", 1);
    return LogVerdict{};
  });
  const auto info = Run([this] { return wal_->Info(); });
  ASSERT_TRUE(info.ok()) << info.status();
  ASSERT_TRUE(info->truncated.has_value());
  EXPECT_EQ(info->truncated->time_tick, TimeTick{1000});
}

TEST_P(SimLogTest, RetentionBehindAWriterIsNoFence) {
  if (GetParam() == LogProtocol::kObjects) GTEST_SKIP() << "nothing but the log deletes objects";
  Open(1);
  int looks = 0;
  service_.SetFaults([&looks](const LogCall& call) {
    LogVerdict verdict;
    verdict.request_lost = call.op == LogOp::kLook && ++looks == 1;
    return verdict;
  });
  Run([this] {
    wal_->OnTick();
    return MakeReadyFuture(Unit{});
  });
  for (int i = 0; i < 4; ++i) Append();
  Append(MessageType::kTimeTick);
  service_.Retain("orders", 100);
  kernel_.RunFor(absl::Seconds(2));
  EXPECT_GT(looks, 1);
  Append();
}

// Goal: whoever has a group in doubt looks for it in what retention has left, and for a fence.
TEST_P(SimLogTest, RetentionOfWhatAWriterHasNotReadIsNoFence) {
  if (GetParam() == LogProtocol::kObjects) GTEST_SKIP() << "nothing but the log deletes objects";
  Open(1);
  for (int i = 0; i < 4; ++i) Append();
  int lost = 0;
  service_.SetFaults([this, &lost](const LogCall& call) {
    LogVerdict verdict;
    const bool is_commit = call.op == LogOp::kEndTransaction || call.op == LogOp::kPublish;
    if (is_commit && lost == 0) {
      ++lost;
      verdict.reply_lost = true;
      verdict.id_jump = 3;
    } else if (lost > 0) {
      service_.Retain("orders", 100);
    }
    return verdict;
  });
  Append(MessageType::kTimeTick);
  EXPECT_EQ(lost, 1);
  Append();
  service_.SetFaults(nullptr);
  EXPECT_TRUE(Run([this] { return wal_->Info(); }).ok());
}

// Goal: a truncation that is told not to be done is not done.  Method: its answer comes after
// another has opened the log.
TEST_P(SimLogTest, ATruncationThatIsAnsweredBehindATakeoverIsDone) {
  Open(1);
  const MessageId first = Append();
  Append(MessageType::kTimeTick);
  int delayed = 0;
  service_.SetFaults([&delayed](const LogCall& call) {
    LogVerdict verdict;
    const bool sets_mark = call.op == LogOp::kTruncate || call.op == LogOp::kPut;
    if (sets_mark && delayed++ == 0) verdict.reply_delay = absl::Seconds(3);
    return verdict;
  });
  std::optional<absl::Status> truncated;
  Run([&] {
    Then<absl::Status>(wal_->Truncate(Position{first, TimeTick{1000}}), strand_.get(),
                       [&](absl::Status status) { truncated = std::move(status); });
    return MakeReadyFuture(Unit{});
  });
  kernel_.RunFor(absl::Milliseconds(100));
  EXPECT_FALSE(truncated.has_value());
  const auto opener = MakeSimLogOpener(process_, &service_);
  walimpls::OpenOptions options;
  options.strand = strand_.get();
  auto next = Run([&] { return opener->Open(PChannel{"orders", Term{2}}, options); });
  ASSERT_TRUE(next.ok()) << next.status();
  kernel_.RunFor(absl::Seconds(30));
  ASSERT_TRUE(truncated.has_value());
  EXPECT_TRUE(truncated->ok()) << *truncated;
  const auto info = Run([&] { return (*next)->Info(); });
  EXPECT_TRUE(info.ok() && info->truncated.has_value());
  EXPECT_TRUE(Run([&] { return (*next)->Close(CloseMode::kAbandon); }).ok());
  next->reset();
  EXPECT_TRUE(Run([&] { return opener->Close(); }).ok());
}

// Goal: of many who want the channel at one time somebody gets it, with round trips that take most
// of the time between two attempts.
TEST_P(SimLogTest, RacingOpensComeToAnEnd) {
  constexpr int kRivals = 20;
  LogServiceOptions slow = OptionsOf(GetParam());
  slow.latency_min = absl::Milliseconds(20);
  slow.latency_max = absl::Milliseconds(30);
  LogService service(&kernel_, slow);
  std::vector<std::unique_ptr<walimpls::OpenerImpls>> openers;
  std::vector<absl::StatusOr<std::unique_ptr<WalImpls>>> opened;
  Run([&] {
    for (int64_t term = 1; term <= kRivals; ++term) {
      openers.push_back(MakeSimLogOpener(process_, &service));
      walimpls::OpenOptions options;
      options.strand = strand_.get();
      Then<absl::StatusOr<std::unique_ptr<WalImpls>>>(
          openers.back()->Open(PChannel{"orders", Term{term}}, options), strand_.get(),
          [&opened](auto wal) { opened.push_back(std::move(wal)); });
    }
    return MakeReadyFuture(Unit{});
  });
  EXPECT_TRUE(kernel_.RunUntil([&] { return opened.size() == kRivals; }, absl::Minutes(2)));
  int won = 0;
  for (absl::StatusOr<std::unique_ptr<WalImpls>>& wal : opened) {
    if (wal.ok()) {
      ++won;
      EXPECT_TRUE(Run([&] { return (*wal)->Close(CloseMode::kAbandon); }).ok());
      wal->reset();
    } else {
      EXPECT_EQ(GetWalErrorCode(wal.status()), WalErrorCode::kUnmatchedTerm) << wal.status();
    }
  }
  EXPECT_GE(won, 1);
  for (const auto& opener : openers) {
    EXPECT_TRUE(Run([&] { return opener->Close(); }).ok());
  }
}

// Goal: C2's word for it.  Method: the service never answers, and the library never gives up.
TEST_P(SimLogTest, AnAppendThatHangsEndsUnknownAtCloseAndIsDecidedForEver) {
  Open(1);
  Append();
  service_.SetFaults([](const LogCall& call) {
    LogVerdict verdict;
    verdict.stuck = call.stores_group;
    return verdict;
  });
  StartAppend();
  kernel_.RunFor(absl::Minutes(1));
  EXPECT_FALSE(ended_.has_value()) << "nobody can know what became of it";
  EXPECT_TRUE(CloseWal().ok());
  kernel_.RunFor(absl::Seconds(1));
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(GetWalErrorCode(ended_->status()), WalErrorCode::kOutcomeUnknown);
}

TEST_P(SimLogTest, AnAnswerThatComesAfterCloseDisturbsNobody) {
  Open(1);
  service_.SetFaults([](const LogCall& call) {
    LogVerdict verdict;
    if (call.stores_group) verdict.reply_delay = absl::Milliseconds(300);
    return verdict;
  });
  StartAppend();
  kernel_.RunFor(absl::Milliseconds(50));
  EXPECT_TRUE(CloseWal().ok());
  kernel_.RunFor(absl::Seconds(2));
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(GetWalErrorCode(ended_->status()), WalErrorCode::kOutcomeUnknown);
}

TEST_P(SimLogTest, WhatIsAnsweredAtOnceEndsInTheOrderOfTheCalls) {
  Open(1);
  service_.SetFaults([](const LogCall&) {
    LogVerdict verdict;
    verdict.at_once = true;
    return verdict;
  });
  MessageId before;
  for (int i = 0; i < 20; ++i) {
    const MessageId id = Append();
    if (before.has_value()) {
      EXPECT_TRUE(BeforeWithinLog(before, id));
    }
    before = id;
  }
}

std::string NameOfParam(const ::testing::TestParamInfo<LogProtocol>& info) {
  return std::string(NameOf(info.param));
}

// Goal: a fence is no trouble of the close.  Method: the look at it is in flight when it begins.
TEST_P(SimLogTest, AWriterThatFindsItsFenceWhileItClosesIsClosedAllTheSame) {
  Open(1);
  const std::unique_ptr<WalImpls> old_wal = std::move(wal_);
  Open(2);
  const absl::Status closed = Run([&] {
    old_wal->OnTick();
    return old_wal->Close(CloseMode::kClean);
  });
  EXPECT_TRUE(closed.ok()) << closed;
}

INSTANTIATE_TEST_SUITE_P(Each, SimLogTest, ::testing::ValuesIn(kLogProtocols), NameOfParam);

}  // namespace
}  // namespace tidelog::sim
