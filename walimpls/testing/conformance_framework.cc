// Conformance: a whole life.  Three channels at once, three terms each: a writer with appends in
// flight, scanners that follow it from the beginning, scanners that come and go, every way to start
// a scan, and reading at the end.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "walimpls/testing/conformance.h"
#include "walimpls/testing/conformance_tools.h"

namespace tidelog::walimpls {
namespace {

using ::testing::ElementsAreArray;

constexpr int kMessages = 100;  // A term, with the TimeTick at its end.
constexpr int kInFlight = 5;
constexpr int kTerms = 3;
constexpr int kFastScanners = 10;

using WalResult = absl::StatusOr<std::unique_ptr<WalImpls>>;
using ScannerResult = absl::StatusOr<std::unique_ptr<ScannerImpls>>;
using Messages = std::vector<ImmutableMessage>;

// One channel, and what was appended to it so far.
struct Channel {
  std::string name;
  Executor* strand;
  OpenerImpls* opener;
  MessageMaker maker{Term{1}};
  std::vector<MessageId> ids = {};
};

// Appends the messages of one term, kInFlight at a time, and a TimeTick once all have landed.
Future<Unit> AppendTerm(Channel* channel, WalImpls* wal) {
  std::vector<MessageId> ids;
  AppendFutures in_flight;
  size_t oldest = 0;
  for (int i = 1; i < kMessages; ++i) {
    in_flight.push_back(wal->Append(channel->maker.InsertGroup(1)));
    if (in_flight.size() - oldest < kInFlight && i + 1 < kMessages) continue;
    const size_t keep = i + 1 < kMessages ? kInFlight - 1 : 0;
    while (in_flight.size() - oldest > keep) {
      const absl::StatusOr<Ids> appended = co_await std::move(in_flight[oldest++]);
      CHECK_OK(appended);
      ids.push_back(appended->front());
    }
  }
  Group last;
  last.push_back(channel->maker.TimeTickMessage());
  const absl::StatusOr<Ids> tick = co_await wal->Append(std::move(last));
  CHECK_OK(tick);
  ids.push_back(tick->front());
  channel->ids.insert(channel->ids.end(), ids.begin(), ids.end());
  co_return Unit{};
}

bool EndsTerm(const ImmutableMessage& message, Term term) {
  return message.type() == MessageType::kTimeTick &&
         message.Property("term") == absl::StrCat(ToInt(term));
}

// Reads from the beginning of the log to the TimeTick that ends `term`.
Future<Messages> FollowTerm(RoWalImpls* log, Term term, std::string name) {
  ScanOptions options;
  options.read_ahead_count_max = 128;
  options.name = name;
  ScannerResult scanner = co_await log->Read(options);
  CHECK_OK(scanner);
  Messages messages;
  RawBatch batch;
  while (messages.empty() || !EndsTerm(messages.back(), term)) {
    absl::StatusOr<RawBatch> next = co_await (*scanner)->Next(std::move(batch));
    CHECK_OK(next);
    batch = *std::move(next);
    CHECK(!batch.end);
    TakeMessages(&batch, &messages);
  }
  const absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return messages;
}

// Opens scanners and closes them at once, without a Next().
Future<Unit> OpenAndCloseScanners(RoWalImpls* log) {
  std::vector<Future<ScannerResult>> opening;
  for (int i = 0; i < kFastScanners; ++i) opening.push_back(log->Read({}));
  std::vector<std::unique_ptr<ScannerImpls>> scanners;
  std::vector<Future<absl::Status>> closing;
  for (size_t i = 0; i < opening.size(); ++i) {
    ScannerResult scanner = co_await std::move(opening[i]);
    CHECK_OK(scanner);
    scanners.push_back(*std::move(scanner));
    closing.push_back(scanners.back()->Close());
  }
  for (size_t i = 0; i < closing.size(); ++i) {
    const absl::Status closed = co_await std::move(closing[i]);
    EXPECT_TRUE(closed.ok()) << closed;
  }
  co_return Unit{};
}

// Reads everything from `start` to `last`.
Future<Messages> ReadRange(RoWalImpls* log, ScanStart start, MessageId last) {
  ScanOptions options;
  options.from = start;
  options.until = last;
  ScannerResult scanner = co_await log->Read(options);
  CHECK_OK(scanner);
  Messages messages;
  RawBatch batch;
  while (!batch.end) {
    absl::StatusOr<RawBatch> next = co_await (*scanner)->Next(std::move(batch));
    CHECK_OK(next);
    batch = *std::move(next);
    TakeMessages(&batch, &messages);
  }
  const absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return messages;
}

void ExpectWholeLog(const Channel& channel, const Messages& messages) {
  EXPECT_TRUE(StrictlyIncreasing(channel.ids)) << "ids of " << channel.name;
  EXPECT_THAT(IdsOf(messages), ElementsAreArray(channel.ids));
  const int count = static_cast<int>(channel.ids.size());
  EXPECT_THAT(NumbersOf(messages), ElementsAreArray(Range(1, count)));
  for (const ImmutableMessage& message : messages) {
    EXPECT_EQ(message.Property("const"), "t");
  }
}

Future<Unit> LiveOneTerm(Channel* channel, WalImpls* wal, Term term) {
  Future<Messages> first = FollowTerm(wal, term, "scanner1");
  Future<Messages> second = FollowTerm(wal, term, "scanner2");
  Future<Unit> appending = AppendTerm(channel, wal);
  Future<Unit> coming_and_going = OpenAndCloseScanners(wal);
  co_await std::move(appending);
  const Messages first_read = co_await std::move(first);
  const Messages second_read = co_await std::move(second);
  co_await std::move(coming_and_going);
  ExpectWholeLog(*channel, first_read);
  ExpectWholeLog(*channel, second_read);

  const size_t middle = channel->ids.size() / 2;
  const int count = static_cast<int>(channel->ids.size());
  const MessageId last = channel->ids.back();
  const MessageId middle_id = channel->ids[middle];
  const ScanStart from = ScanFrom{middle_id};
  const Messages from_middle = co_await ReadRange(wal, from, last);
  const int middle_number = static_cast<int>(middle) + 1;
  EXPECT_THAT(NumbersOf(from_middle), ElementsAreArray(Range(middle_number, count)));
  const ScanStart after = ScanAfter{middle_id};
  const Messages after_middle = co_await ReadRange(wal, after, last);
  EXPECT_THAT(NumbersOf(after_middle), ElementsAreArray(Range(middle_number + 1, count)));
  const ScanStart latest = ScanLatest{};
  const Messages nothing = co_await ReadRange(wal, latest, last);
  EXPECT_THAT(nothing, ::testing::IsEmpty());
  co_return Unit{};
}

Future<Unit> ReadAtTheSameTerm(Channel* channel, Term term, OpenOptions options) {
  const PChannel pchannel = {channel->name, term};
  auto log = co_await channel->opener->OpenReadOnly(pchannel, options);
  CHECK_OK(log);
  EXPECT_EQ((*log)->channel(), pchannel);
  const ScanStart earliest = ScanEarliest{};
  const Messages messages = co_await ReadRange(log->get(), earliest, channel->ids.back());
  ExpectWholeLog(*channel, messages);
  const absl::Status closed = co_await (*log)->Close(CloseMode::kClean);
  EXPECT_TRUE(closed.ok()) << closed;
  co_return Unit{};
}

Future<Unit> Live(Channel* channel) {
  co_await EnterExecutor(channel->strand);
  OpenOptions options;
  options.strand = channel->strand;
  for (int number = 1; number <= kTerms; ++number) {
    const Term term{number};
    channel->maker.set_term(term);
    const PChannel pchannel = {channel->name, term};
    WalResult wal = co_await channel->opener->Open(pchannel, options);
    CHECK_OK(wal);
    EXPECT_EQ((*wal)->channel(), pchannel);
    co_await LiveOneTerm(channel, wal->get(), term);
    const absl::Status closed = co_await (*wal)->Close(CloseMode::kClean);
    EXPECT_TRUE(closed.ok()) << closed;
    wal->reset();
    co_await ReadAtTheSameTerm(channel, term, options);
  }
  co_return Unit{};
}

Future<Unit> LiveAll(std::vector<Channel>* channels) {
  std::vector<Future<Unit>> lives;
  for (Channel& channel : *channels) lives.push_back(Live(&channel));
  for (size_t i = 0; i < lives.size(); ++i) {
    co_await std::move(lives[i]);
  }
  co_return Unit{};
}

TEST_P(WalImplsConformance, ThreeChannelsLiveThroughThreeTermsAtOnce) {
  std::vector<Channel> channels;
  for (const char* name : {"apples", "pears", "quinces"}) {
    channels.push_back(Channel{name, MakeStrand(name), opener()});
  }
  Await(MakeStrand("test"), [&] { return LiveAll(&channels); });
}

}  // namespace
}  // namespace tidelog::walimpls
