#include "wal/testing/wal_conformance.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"
#include "wal/testing/sample.h"
#include "wal/testing/wal_conformance_clients.h"
#include "wal/wal.h"

namespace tidelog {

void WalConformance::Start(uint64_t seed) {
  storage_ = GetParam().make(seed);
  strand_ = MakeStrands(1).front();
  const Config settings = {{"wal.buffer_bytes_max", "10000"}, {"wal.buffer_age_max", "500ms"}};
  openers_ = {storage_->MakeOpener(settings), storage_->MakeOpener(settings)};
}

void WalConformance::Stop() {
  for (Opener* opener : openers_) {
    CHECK_OK(Run([opener] { return opener->Close(); }));
  }
  openers_.clear();
  strands_.clear();
  storage_.reset();
}

std::vector<Executor*> WalConformance::MakeStrands(size_t count) {
  std::vector<Executor*> made;
  for (size_t i = 0; i < count; ++i) {
    strands_.push_back(storage_->runtime()->MakeExecutor("test"));
    made.push_back(strands_.back().get());
  }
  return made;
}

double WalConformance::Metric(std::string_view name) const {
  double sum = 0;
  const std::string whole = absl::StrCat("tidelog_wal_", name);
  for (const tidelog::Metric& metric : storage_->metrics().Collect()) {
    if (metric.name == whole) sum += metric.value;
  }
  return sum;
}

namespace {

constexpr int kClients = 10;
constexpr int kForever = 1'000'000;  // Messages.

const PChannel kFirst{"orders", Term{1}};
const PChannel kSecond{"orders", Term{2}};

Future<Unit> AppendSome(Wal* wal, int count, VisibleMessages* all) {
  for (int i = 0; i < count; ++i) {
    const std::string text = absl::StrCat(all->size(), std::string(100, 'x'));
    MutableMessage message = testing::MakeInsert(text);
    const AppendOptions options;
    const absl::StatusOr<AppendResult> result = co_await wal->Append(std::move(message), options);
    CHECK_OK(result);
    all->push_back({result->time_tick, result->position(), text});
  }
  co_return Unit{};
}

Future<Unit> ReadUpTo(Scanner* scanner, size_t count, VisibleMessages* seen) {
  ScanBatch batch;
  while (seen->size() < count) {
    absl::StatusOr<ScanBatch> next = co_await scanner->Next(std::move(batch));
    CHECK_OK(next);
    batch = *std::move(next);
    TakeVisible(batch, seen);
  }
  co_return Unit{};
}

// It keeps up for a while, and rests while more comes than the buffer holds.
Future<Unit> ReadSlowly(Wal* wal, VisibleMessages* all, VisibleMessages* seen) {
  ReadOptions options;
  options.read_ahead_count_max = 16;  // Else it would have read what it rests before.
  absl::StatusOr<std::unique_ptr<Scanner>> scanner = co_await wal->Read(options);
  CHECK_OK(scanner);
  for (int i = 0; i < 50; ++i) {
    co_await AppendSome(wal, 1, all);
    co_await ReadUpTo(scanner->get(), all->size(), seen);
  }
  co_await AppendSome(wal, 300, all);
  co_await ReadUpTo(scanner->get(), all->size(), seen);
  const absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return Unit{};
}

TEST_P(WalConformance, ASlowReaderFallsOutOfTheBufferAndMissesNothing) {
  for (uint64_t seed = 1; seed <= GetParam().seed_count; seed += SampleStride()) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Restart(seed);
    const auto wal = Run([&] { return openers()[0]->Open(kFirst); });
    ASSERT_TRUE(wal.ok()) << wal.status();
    VisibleMessages all;
    VisibleMessages seen;
    // Numbers are told at ticks, and of what has happened by then.
    for (int round = 0; round < 20 && Metric("write_ahead_buffer_leave_total") == 0; ++round) {
      seen.clear();
      Run([&] { return ReadSlowly(wal->get(), &all, &seen); });
      EXPECT_EQ(DifferenceOf(all, seen), "");
      const auto tick = [] { return Pass(absl::Milliseconds(300)); };
      Run(tick);
    }
    EXPECT_GT(Metric("write_ahead_buffer_leave_total"), 0);
    EXPECT_TRUE(Run([&] { return (*wal)->Close(); }).ok());
  }
}

// What clients that are cut off may have left: all that they were told, and of what is unknown
// each or none.
void ExpectNothingElse(const std::vector<std::unique_ptr<WalClient>>& clients,
                       const VisibleMessages& seen) {
  VisibleMessages told;
  absl::btree_set<std::string> unknown;
  for (const std::unique_ptr<WalClient>& client : clients) {
    told.insert(told.end(), client->visible().begin(), client->visible().end());
    unknown.insert(client->unknown().begin(), client->unknown().end());
  }
  VisibleMessages settled;
  for (const VisibleMessage& message : seen) {
    if (!unknown.contains(message.text)) settled.push_back(message);
  }
  SortByTick(&told);
  EXPECT_EQ(DifferenceOf(told, settled), "");
}

class CutOff {
 public:
  CutOff(Wal* wal, std::vector<Executor*> strands, Runtime* runtime)
      : strands_(std::move(strands)) {
    RandomStream random = runtime->MakeRandom("clients");
    for (size_t i = 0; i < strands_.size(); ++i) {
      const std::string name = absl::StrCat("client", i);
      const uint64_t seed = random.Next();
      clients_.push_back(std::make_unique<WalClient>(wal, name, RandomStream(seed, name)));
    }
  }
  void Start() {
    for (size_t i = 0; i < strands_.size(); ++i) {
      running_.push_back(clients_[i]->Run(strands_[i], kForever));
    }
  }
  Future<Unit> Join() {
    for (Future<Unit>& client : running_) {
      co_await std::move(client);
    }
    co_return Unit{};
  }
  const std::vector<std::unique_ptr<WalClient>>& clients() const { return clients_; }

 private:
  const std::vector<Executor*> strands_;
  std::vector<std::unique_ptr<WalClient>> clients_;
  std::vector<Future<Unit>> running_;
};

TEST_P(WalConformance, AFenceEndsAllAppendsAndNothingBehindItIsSeen) {
  if (!storage().takes_over_busy_owners()) GTEST_SKIP() << "it waits for the owner to rest";
  for (uint64_t seed = 1; seed <= GetParam().seed_count; seed += SampleStride()) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Restart(seed);
    const auto old = Run([&] { return openers()[0]->Open(kFirst); });
    ASSERT_TRUE(old.ok()) << old.status();
    CutOff cut_off(old->get(), MakeStrands(kClients), storage().runtime());
    cut_off.Start();
    Run([] { return Pass(absl::Milliseconds(50)); });
    const auto next = Run([&] { return openers()[1]->Open(kSecond); });
    ASSERT_TRUE(next.ok()) << next.status();
    Run([&] { return cut_off.Join(); });
    for (const std::unique_ptr<WalClient>& client : cut_off.clients()) {
      const WalErrorCode code = GetWalErrorCode(client->ended());
      EXPECT_TRUE(code == WalErrorCode::kChannelFenced || code == WalErrorCode::kOutcomeUnknown)
          << client->ended();
    }
    const auto late = Run([&] { return (*old)->Append(testing::MakeInsert("late"), {}); });
    EXPECT_EQ(GetWalErrorCode(late.status()), WalErrorCode::kChannelFenced) << late.status();
    const absl::Status lost = Run([&] { return (*old)->WhenUnavailable(); });
    EXPECT_EQ(GetWalErrorCode(lost), WalErrorCode::kChannelFenced) << lost;
    ExpectNothingElse(cut_off.clients(), Run([&] { return ReadToEnd(next->get(), {}); }));
    EXPECT_TRUE(Run([&] { return (*old)->Close(); }).ok());
    EXPECT_TRUE(Run([&] { return (*next)->Close(); }).ok());
  }
}

TEST_P(WalConformance, ACloseEndsAllAppendsTruly) {
  for (uint64_t seed = 1; seed <= GetParam().seed_count; seed += SampleStride()) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Restart(seed);
    const auto wal = Run([&] { return openers()[0]->Open(kFirst); });
    ASSERT_TRUE(wal.ok()) << wal.status();
    CutOff cut_off(wal->get(), MakeStrands(kClients), storage().runtime());
    cut_off.Start();
    Run([] { return Pass(absl::Milliseconds(50)); });
    EXPECT_TRUE(Run([&] { return (*wal)->Close(); }).ok());
    Run([&] { return cut_off.Join(); });
    for (const std::unique_ptr<WalClient>& client : cut_off.clients()) {
      const WalErrorCode code = GetWalErrorCode(client->ended());
      EXPECT_TRUE(code == WalErrorCode::kOnShutdown || code == WalErrorCode::kOutcomeUnknown)
          << client->ended();
    }
    const auto late = Run([&] { return (*wal)->Append(testing::MakeInsert("late"), {}); });
    EXPECT_EQ(GetWalErrorCode(late.status()), WalErrorCode::kOnShutdown) << late.status();
    const auto next = Run([&] { return openers()[1]->Open(kSecond); });
    ASSERT_TRUE(next.ok()) << next.status();
    ExpectNothingElse(cut_off.clients(), Run([&] { return ReadToEnd(next->get(), {}); }));
    EXPECT_TRUE(Run([&] { return (*next)->Close(); }).ok());
  }
}

}  // namespace
}  // namespace tidelog
