// Conformance of a Wal: a whole life.  Three channels at once, three terms each: ten clients that
// append at once, two readers in the writer's process and one outside that follow, readers that
// begin at any position, and what the log says when it is closed or fenced.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/random_stream.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"
#include "wal/testing/sample.h"
#include "wal/testing/wal_conformance.h"
#include "wal/testing/wal_conformance_clients.h"
#include "wal/wal.h"

namespace tidelog {
namespace {

constexpr int kMessages = 1000;  // A term; a sample lives shorter lives.
constexpr int kMessagesOfSample = 200;
constexpr int kClients = 10;
constexpr int kReaders = 3;
constexpr int64_t kTerms = 3;
constexpr int kResumes = 4;  // A term.

using WalResult = absl::StatusOr<std::unique_ptr<Wal>>;
using RoWalResult = absl::StatusOr<std::unique_ptr<RoWal>>;

// One channel, and what was committed to it so far.
struct Channel {
  std::string name;
  std::vector<Opener*> openers;
  std::vector<Executor*> strands;  // Its own, the clients' and the readers'.
  RandomStream random;
  WalStorage* failing = nullptr;  // Whose appends fail now and then, but for opens.
  VisibleMessages committed = {};
  // How many transactions ended in each way.
  int commits = 0;
  int rollbacks = 0;
  int expiries = 0;
};

void ExpectEveryEnd(const Channel& channel) {
  EXPECT_GT(channel.commits, 0);
  EXPECT_GT(channel.rollbacks, 0);
  EXPECT_GT(channel.expiries, 0);
}

std::string LastText(Term term) { return absl::StrCat("the end of term ", ToInt(term)); }

// Ten clients append, and when all have ended, one message more.
Future<Unit> AppendTerm(Channel* channel, Wal* wal, Term term) {
  std::vector<std::unique_ptr<WalClient>> clients;
  std::vector<Future<Unit>> running;
  const int messages = SampleStride() == 1 ? kMessages : kMessagesOfSample;
  for (int i = 0; i < kClients; ++i) {
    const std::string name = absl::StrCat(ToInt(term), "-", i);
    const uint64_t seed = channel->random.Next();
    clients.push_back(std::make_unique<WalClient>(wal, name, RandomStream(seed, name)));
    running.push_back(clients.back()->Run(channel->strands[1 + i], messages / kClients));
  }
  for (Future<Unit>& client : running) {
    co_await std::move(client);
  }
  for (const std::unique_ptr<WalClient>& client : clients) {
    EXPECT_TRUE(client->ended().ok()) << client->ended();
    channel->committed.insert(channel->committed.end(), client->visible().begin(),
                              client->visible().end());
    channel->commits += client->committed();
    channel->rollbacks += client->rolled_back();
    channel->expiries += client->expired();
  }
  const AppendOptions options;
  MutableMessage message = testing::MakeInsert(LastText(term));
  const absl::StatusOr<AppendResult> last = co_await wal->Append(std::move(message), options);
  CHECK_OK(last);
  channel->committed.push_back({last->time_tick, last->position(), LastText(term)});
  SortByTick(&channel->committed);
  EXPECT_EQ(channel->committed.back().text, LastText(term));
  co_return Unit{};
}

// D4: whoever stored the position of any message goes on there, here or elsewhere.
Future<Unit> ResumeAnywhere(Channel* channel, Wal* wal, RoWal* elsewhere) {
  const VisibleMessages& all = channel->committed;
  for (int i = 0; i < kResumes; ++i) {
    const size_t at = channel->random.Below(all.size());
    RoWal* log = elsewhere;
    if (i % 2 == 0) log = wal;
    ReadOptions options;
    options.from = From{all[at].position};
    const VisibleMessages from = co_await ReadToEnd(log, options);
    const auto begin = all.begin() + static_cast<ptrdiff_t>(at);
    EXPECT_EQ(DifferenceOf(VisibleMessages(begin, all.end()), from), "") << "from " << at;
    options.from = After{all[at].position};
    const VisibleMessages after = co_await ReadToEnd(log, options);
    EXPECT_EQ(DifferenceOf(VisibleMessages(begin + 1, all.end()), after), "") << "after " << at;
  }
  co_return Unit{};
}

Future<Unit> LiveOneTerm(Channel* channel, Wal* wal, RoWal* elsewhere) {
  const Term term = wal->channel().term;
  const std::string last = LastText(term);
  std::vector<Future<VisibleMessages>> readers;
  Executor* const* strands = &channel->strands[1 + kClients];
  readers.push_back(FollowTo(wal, strands[0], last, absl::ZeroDuration()));
  readers.push_back(FollowTo(wal, strands[1], last, absl::Milliseconds(2)));
  readers.push_back(FollowTo(elsewhere, strands[2], last, absl::ZeroDuration()));
  co_await AppendTerm(channel, wal, term);
  for (int i = 0; i < kReaders; ++i) {
    const VisibleMessages seen = co_await std::move(readers[i]);
    EXPECT_EQ(DifferenceOf(channel->committed, seen), "")
        << "reader " << i << " of " << ToString(wal->channel());
  }
  co_await ResumeAnywhere(channel, wal, elsewhere);
  co_return Unit{};
}

// A2, C2: it is told so, and that is not in the log.
Future<Unit> ExpectRefused(Wal* wal, WalErrorCode code) {
  const AppendOptions options;
  MutableMessage message = testing::MakeInsert("too late");
  const absl::StatusOr<AppendResult> result = co_await wal->Append(std::move(message), options);
  EXPECT_EQ(GetWalErrorCode(result.status()), code) << result.status();
  co_return Unit{};
}

Future<Unit> Close(RoWal* log) {
  const absl::Status closed = co_await log->Close();
  EXPECT_TRUE(closed.ok()) << closed;
  co_return Unit{};
}

// Every other term ends by a close, and the others by the next owner.
Future<Unit> Live(Channel* channel) {
  co_await EnterExecutor(channel->strands[0]);
  std::unique_ptr<Wal> old;
  for (int64_t number = 1; number <= kTerms; ++number) {
    const PChannel pchannel = {channel->name, Term{number}};
    Opener* const here = channel->openers[number % 2];
    Opener* const there = channel->openers[1 - number % 2];
    WalResult wal = co_await here->Open(pchannel);
    CHECK_OK(wal);
    EXPECT_EQ((*wal)->channel(), pchannel);
    if (old != nullptr) {
      const absl::StatusOr<LogInfo> info = co_await old->Info();
      EXPECT_EQ(GetWalErrorCode(info.status()), WalErrorCode::kChannelFenced) << info.status();
      co_await ExpectRefused(old.get(), WalErrorCode::kChannelFenced);
      co_await Close(old.get());
      old.reset();
    }
    RoWalResult elsewhere = co_await there->OpenReadOnly(pchannel);
    CHECK_OK(elsewhere);
    if (channel->failing != nullptr) channel->failing->FailAppends(30);
    co_await LiveOneTerm(channel, wal->get(), elsewhere->get());
    if (channel->failing != nullptr) channel->failing->FailAppends(0);
    co_await Close(elsewhere->get());
    if (number % 2 == 0) {
      old = *std::move(wal);
      continue;
    }
    co_await Close(wal->get());
    co_await ExpectRefused(wal->get(), WalErrorCode::kOnShutdown);
  }
  co_return Unit{};
}

Future<Unit> LiveAll(std::vector<Channel>* channels) {
  std::vector<Future<Unit>> lives;
  for (Channel& channel : *channels) lives.push_back(Live(&channel));
  for (Future<Unit>& life : lives) {
    co_await std::move(life);
  }
  co_return Unit{};
}

TEST_P(WalConformance, ThreeChannelsLiveThroughThreeTermsAtOnce) {
  for (uint64_t seed = 1; seed <= GetParam().seed_count; seed += SampleStride()) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Restart(seed);
    std::vector<Channel> channels;
    for (const char* name : {"apples", "pears", "quinces"}) {
      channels.push_back({name, openers(), MakeStrands(1 + kClients + kReaders),
                          storage().runtime()->MakeRandom(name)});
    }
    Run([&] { return LiveAll(&channels); });
    for (const Channel& channel : channels) ExpectEveryEnd(channel);
  }
}

TEST_P(WalConformance, AbsorbsFailuresOfStorageByRetries) {
  for (uint64_t seed = 1; seed <= GetParam().seed_count; seed += SampleStride()) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Restart(seed);
    Channel channel = {"apples", openers(), MakeStrands(1 + kClients + kReaders),
                       storage().runtime()->MakeRandom("apples"), &storage()};
    Run([&] { return Live(&channel); });
    ExpectEveryEnd(channel);
    EXPECT_GT(storage().failed_count(), 0u);
  }
}

}  // namespace
}  // namespace tidelog
