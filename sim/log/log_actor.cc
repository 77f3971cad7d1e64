#include "sim/log/log_actor.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sim/kernel/arena.h"
#include "sim/log/sim_log.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/message_stamper.h"
#include "walimpls/opener.h"

namespace tidelog::sim {
namespace {

using walimpls::CloseMode;
using walimpls::Group;
using walimpls::Ids;
using walimpls::RawBatch;
using walimpls::RoWalImpls;
using walimpls::ScannerImpls;
using walimpls::WalImpls;

constexpr char kChannel[] = "orders";

ImmutableMessage MakeNamed(MessageType type, uint64_t name, int64_t term) {
  MutableMessage::Builder builder = MessageFactory::AnyBuilder(type);
  builder.Property("name", absl::StrCat(name));
  absl::StatusOr<MutableMessage> message = std::move(builder).Build("payload");
  CHECK_OK(message);
  MessageStamper::Stamp(*message, Term{term}, TimeTick{1000 + name}, /*last_confirmed=*/nullptr);
  return MessageStamper::Seal(*std::move(message));
}

// Notes what a scanner delivered, in the memory of the world.
void NoteSeen(const RawBatch& batch, std::vector<LogHistory::Seen>* into) {
  WorldScope world;
  for (const ImmutableMessage& message : batch.messages) {
    if (MessageFactory::IsFence(message.record())) continue;
    LogHistory::Seen seen;
    seen.number = message.id().ToNumber().value();
    seen.term = ToInt(message.term());
    CHECK(absl::SimpleAtoi(message.Property("name").value_or(""), &seen.name));
    into->push_back(seen);
  }
}

uint64_t NumberOf(const std::optional<MessageId>& id) { return id ? id->ToNumber().value() : 0; }

}  // namespace

class LogActor::Body {
 public:
  Body(Process* process, LogService* service, LogHistory* history, Shared* shared,
       const LogActorPlan& plan)
      : history_(history),
        shared_(shared),
        plan_(plan),
        random_(plan.seed, "actor"),
        strand_(process->runtime()->MakeExecutor("strand")),
        opener_(MakeSimLogOpener(process, service)) {}

  void Start() { const Future<Unit> life = Live(); }

 private:
  Future<Unit> Live();
  Future<Unit> Write();
  Future<Unit> ReadOnly();
  Future<Unit> AppendAll();
  Future<Unit> TruncateTo(Position mark);
  Future<Unit> Scan(RoWalImpls* log);
  Future<Unit> ReadToTail();
  Future<Unit> Tick();
  Group MakeGroup(size_t append);
  size_t NoteAppend(size_t count);
  void NoteEnd(size_t append, const absl::StatusOr<Ids>& ids, TimeTick first_tick);

  LogHistory* const history_;
  Shared* const shared_;
  const LogActorPlan plan_;
  RandomStream random_;
  const std::unique_ptr<Executor> strand_;
  const std::unique_ptr<walimpls::OpenerImpls> opener_;
  std::unique_ptr<WalImpls> wal_;
  size_t open_ = 0;
  uint64_t round_ = 0;
  int outstanding_ = 0;
  bool failed_ = false;
  bool lost_ = false;
  bool closing_ = false;
  std::optional<Position> last_done_;
};

Future<Unit> LogActor::Body::Live() {
  co_await EnterExecutor(strand_.get());
  Future<Unit> work = plan_.term > 0 ? Write() : ReadOnly();
  // An open may hang for ever: to close the opener ends it.
  while (!work.ready() && (shared_->opened || !shared_->stopping)) {
    co_await SleepFor(absl::Milliseconds(20));
  }
  const absl::Status closed = co_await opener_->Close();
  CHECK_OK(closed);
  co_await std::move(work);
  shared_->done = true;
  co_return Unit{};
}

Future<Unit> LogActor::Body::Write() {
  walimpls::OpenOptions options;
  options.strand = strand_.get();
  PChannel channel = {kChannel, Term{plan_.term}};
  absl::StatusOr<std::unique_ptr<WalImpls>> wal =
      co_await opener_->Open(std::move(channel), options);
  shared_->open_code = GetWalErrorCode(wal.status());
  if (!wal.ok()) co_return Unit{};
  wal_ = *std::move(wal);
  shared_->opened = true;
  {
    WorldScope world;
    open_ = history_->opens.size();
    history_->opens.push_back({plan_.term, NumberOf(wal_->boundary())});
  }
  if (plan_.reads_whole_log) {
    co_await ReadToTail();
    const absl::Status closed = co_await wal_->Close(CloseMode::kAbandon);
    CHECK_OK(closed);
    wal_.reset();
    co_return Unit{};
  }
  Future<Unit> ticking = Tick();
  std::optional<Future<Unit>> scanning;
  if (plan_.scans) scanning.emplace(Scan(wal_.get()));
  co_await AppendAll();
  closing_ = true;
  co_await std::move(ticking);
  const absl::Status closed = co_await wal_->Close(CloseMode::kClean);
  CHECK(closed.ok() || GetWalErrorCode(closed) == WalErrorCode::kInner) << closed;
  if (scanning) {
    co_await *std::move(scanning);
  }
  co_await Yield();  // Those who wait for an append hear of its end in a job.
  CHECK_EQ(outstanding_, 0) << "an append did not end though Close() is done";
  wal_.reset();
  co_return Unit{};
}

Future<Unit> LogActor::Body::Tick() {
  while (!closing_) {
    wal_->OnTick();
    co_await SleepFor(absl::Milliseconds(100));
  }
  co_return Unit{};
}

size_t LogActor::Body::NoteAppend(size_t count) {
  WorldScope world;
  LogHistory::Append append;
  append.open = open_;
  append.round = round_;
  append.first_name = history_->next_name;
  append.count = count;
  history_->next_name += count;
  history_->appends.push_back(std::move(append));
  return history_->appends.size() - 1;
}

Group LogActor::Body::MakeGroup(size_t append) {
  Group group;
  const LogHistory::Append& noted = history_->appends[append];
  for (size_t i = 0; i < noted.count; ++i) {
    const MessageType type = random_.OneIn(1, 8) ? MessageType::kTimeTick : MessageType::kInsert;
    group.push_back(MakeNamed(type, noted.first_name + i, plan_.term));
  }
  return group;
}

void LogActor::Body::NoteEnd(size_t append, const absl::StatusOr<Ids>& ids, TimeTick first_tick) {
  --outstanding_;
  const WalErrorCode code = GetWalErrorCode(ids.status());
  if (ids.ok()) last_done_ = Position{ids->front(), first_tick};
  failed_ |= code == WalErrorCode::kUnavailable || code == WalErrorCode::kResourceExhausted;
  lost_ |= code == WalErrorCode::kChannelFenced || code == WalErrorCode::kOutcomeUnknown ||
           code == WalErrorCode::kInner;
  WorldScope world;
  LogHistory::Append& noted = history_->appends[append];
  noted.outcome = EffectOf(ids.status());
  if (!ids.ok()) return;
  for (const MessageId& id : *ids) noted.numbers.push_back(id.ToNumber().value());
}

Future<Unit> LogActor::Body::AppendAll() {
  int groups = 0;
  // Long enough for every retry; shorter than any hang.
  for (int turns = 0; turns < 4000 && !lost_ && !shared_->stopping; ++turns) {
    const bool all_handed = groups == plan_.group_count;
    if (all_handed && outstanding_ == 0) break;
    if (failed_ && outstanding_ == 0) {
      failed_ = false;
      ++round_;
      wal_->AcceptAgain();
    }
    if (failed_ || all_handed || outstanding_ >= plan_.in_flight_max) {
      co_await SleepFor(absl::Milliseconds(5));
      continue;
    }
    const uint64_t count = 1 + random_.Below(static_cast<uint64_t>(plan_.group_size_max));
    const size_t append = NoteAppend(count);
    Group group = MakeGroup(append);
    const TimeTick tick = group.front().time_tick();
    ++groups;
    ++outstanding_;
    Then<absl::StatusOr<Ids>>(
        wal_->Append(std::move(group)), strand_.get(),
        [this, append, tick](absl::StatusOr<Ids> ids) { NoteEnd(append, ids, tick); });
    const bool truncates =
        plan_.truncate_one_in > 0 && random_.OneIn(1, static_cast<uint64_t>(plan_.truncate_one_in));
    if (truncates && last_done_) {
      const Future<Unit> truncated = TruncateTo(*last_done_);  // Close() waits for it.
    }
    const bool pauses = random_.OneIn(1, 3);
    if (pauses) co_await SleepFor(absl::Milliseconds(static_cast<int64_t>(random_.Below(20))));
  }
  co_return Unit{};
}

Future<Unit> LogActor::Body::TruncateTo(Position mark) {
  const uint64_t number = NumberOf(mark.last_confirmed);
  history_->truncated_below = std::max(history_->truncated_below, number);
  const absl::Status truncated = co_await wal_->Truncate(mark);
  const WalErrorCode code = GetWalErrorCode(truncated);
  CHECK(truncated.ok() || code == WalErrorCode::kChannelFenced ||
        code == WalErrorCode::kOutcomeUnknown || code == WalErrorCode::kOnShutdown)
      << truncated;
  co_return Unit{};
}

Future<Unit> LogActor::Body::Scan(RoWalImpls* log) {
  size_t scan = 0;
  {
    WorldScope world;
    scan = history_->scans.size();
    history_->scans.emplace_back();
  }
  walimpls::ScanOptions options;
  options.read_ahead_count_max = 1 + random_.Below(5);
  absl::StatusOr<std::unique_ptr<ScannerImpls>> scanner = co_await log->Read(options);
  if (!scanner.ok()) co_return Unit{};  // Closed, or truncated in between.
  RawBatch batch;
  while (true) {
    absl::StatusOr<RawBatch> next = co_await (*scanner)->Next(std::move(batch));
    if (!next.ok()) {
      const WalErrorCode code = GetWalErrorCode(next.status());
      const bool is_gone = code == WalErrorCode::kPositionGone && history_->truncated_below > 0;
      CHECK(code == WalErrorCode::kOnShutdown || is_gone) << next.status();
      break;
    }
    batch = *std::move(next);
    NoteSeen(batch, &history_->scans[scan]);
  }
  const absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return Unit{};
}

Future<Unit> LogActor::Body::ReadOnly() {
  walimpls::OpenOptions options;
  options.strand = strand_.get();
  while (!shared_->stopping) {
    PChannel channel = {kChannel, Term{}};
    absl::StatusOr<std::unique_ptr<RoWalImpls>> log =
        co_await opener_->OpenReadOnly(std::move(channel), options);
    if (!log.ok()) {
      const WalErrorCode code = GetWalErrorCode(log.status());
      if (code == WalErrorCode::kOnShutdown) co_return Unit{};
      CHECK(code == WalErrorCode::kChannelNotExist) << log.status();
      co_await SleepFor(absl::Milliseconds(20));
      continue;
    }
    shared_->opened = true;
    Future<Unit> scanning = Scan(log->get());
    while (!shared_->stopping) {
      co_await SleepFor(absl::Milliseconds(20));
    }
    const absl::Status closed = co_await (*log)->Close(CloseMode::kAbandon);
    CHECK_OK(closed);
    co_await std::move(scanning);
  }
  co_return Unit{};
}

Future<Unit> LogActor::Body::ReadToTail() {
  absl::StatusOr<walimpls::LogState> state = co_await wal_->Info();
  CHECK_OK(state);
  if (!state->tail_id) co_return Unit{};
  walimpls::ScanOptions options;
  options.until = state->tail_id;
  absl::StatusOr<std::unique_ptr<ScannerImpls>> scanner = co_await wal_->Read(options);
  CHECK_OK(scanner);
  RawBatch batch;
  while (!batch.end) {
    absl::StatusOr<RawBatch> next = co_await (*scanner)->Next(std::move(batch));
    CHECK_OK(next);
    batch = *std::move(next);
    NoteSeen(batch, &history_->log);
  }
  const absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return Unit{};
}

LogActor::LogActor(Kernel* kernel, LogService* service, LogHistory* history,
                   const LogActorPlan& plan)
    : kernel_(kernel), process_(kernel->Spawn("actor")) {
  process_->Enter([&] {
    auto body = std::make_unique<Body>(process_, service, history, &shared_, plan);
    body_ = body.release();  // A crash takes it away as it is.
    body_->Start();
  });
}

LogActor::~LogActor() {
  if (process_->alive()) kernel_->Kill(process_);
}

Leftovers LogActor::End() {
  CHECK(done());
  process_->Enter([this] { const std::unique_ptr<Body> ended(body_); });
  return kernel_->End(process_);
}

bool ReadWholeLog(Kernel* kernel, LogService* service, LogHistory* history, int64_t term) {
  LogActorPlan plan;
  plan.term = term;
  plan.reads_whole_log = true;
  LogActor reader(kernel, service, history, plan);
  if (!kernel->RunUntil([&] { return reader.done(); }, absl::Minutes(5))) return false;
  return reader.opened();
}

}  // namespace tidelog::sim
