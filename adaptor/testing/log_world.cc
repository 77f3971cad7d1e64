#include "adaptor/testing/log_world.h"

#include <algorithm>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/message/chunks.h"
#include "wal/message/record.h"

namespace tidelog::adaptor {

size_t EventLog::CountOf(Event::Kind kind) const {
  return std::count_if(events_.begin(), events_.end(),
                       [kind](const Event& event) { return event.kind == kind; });
}

std::string EventLog::TextOf(Event::Kind kind) const {
  std::string text;
  for (const Event& event : events_) {
    if (event.kind == kind) text = event.text;
  }
  return text;
}

absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> FakeBuilder::Build(const Environment&,
                                                                          const Config& config) {
  if (!config.empty()) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("backend fake has no setting ", config.begin()->first));
  }
  return backend_.MakeOpener();
}

LogWorld::LogWorld(Options options) : runtime_(options.seed), builder_(&backend_) {
  environment_.runtime = &runtime_;
  environment_.observer = &events_;
  environment_.ticks = options.ticks;
  environment_.checkpoints = options.checkpoints;
  environment_.metrics = options.metrics;
  environment_.flow = options.flow;
  environment_.tracer = options.tracer;
  opener_builder_ = MakeOpenerBuilder(&builder_, options.interceptors);
  absl::StatusOr<std::unique_ptr<Opener>> opener =
      opener_builder_->Build(environment_, options.config);
  CHECK_OK(opener);
  opener_ = *std::move(opener);
}

LogWorld::~LogWorld() {
  (void)Run([this] { return opener_->Close(); });
  opener_.reset();
  runtime_.RunUntilIdle();
}

absl::StatusOr<std::unique_ptr<Wal>> LogWorld::Open(Term term) {
  return Run([&] { return opener_->Open({std::string(kChannel), term}); });
}

std::unique_ptr<Wal> LogWorld::MustOpen(Term term) {
  absl::StatusOr<std::unique_ptr<Wal>> wal = Open(term);
  CHECK_OK(wal);
  return *std::move(wal);
}

std::unique_ptr<RoWal> LogWorld::MustOpenReadOnly() {
  absl::StatusOr<std::unique_ptr<RoWal>> wal = Run([&] {
    return opener_->OpenReadOnly({std::string(kChannel), Term{0}});
  });
  CHECK_OK(wal);
  return *std::move(wal);
}

absl::Status LogWorld::Close(RoWal& wal) {
  return Run([&] { return wal.Close(); });
}

void LogWorld::MustClose(RoWal& wal) { CHECK_OK(Close(wal)); }

MutableMessage LogWorld::Message(std::string_view payload, std::string_view vchannel) {
  MutableMessage::Builder builder(MessageType::kInsert);
  if (!vchannel.empty()) builder.VChannel(vchannel);
  absl::StatusOr<MutableMessage> message = std::move(builder).Build(payload);
  CHECK_OK(message);
  return *std::move(message);
}

Future<absl::StatusOr<AppendResult>> LogWorld::StartAppend(Wal& wal, std::string_view payload,
                                                           AppendOptions options) {
  return wal.Append(Message(payload), options);
}

absl::StatusOr<AppendResult> LogWorld::Append(Wal& wal, MutableMessage message,
                                              AppendOptions options) {
  return Run([&] { return wal.Append(std::move(message), options); });
}

AppendResult LogWorld::MustAppend(Wal& wal, std::string_view payload, std::string_view vchannel) {
  absl::StatusOr<AppendResult> result = Append(wal, Message(payload, vchannel));
  CHECK_OK(result);
  return *result;
}

absl::StatusOr<std::unique_ptr<Scanner>> LogWorld::Read(RoWal& wal, ReadOptions options) {
  return Run([&] { return wal.Read(options); });
}

std::unique_ptr<Scanner> LogWorld::MustRead(RoWal& wal, ReadOptions options) {
  absl::StatusOr<std::unique_ptr<Scanner>> scanner = Read(wal, std::move(options));
  CHECK_OK(scanner);
  return *std::move(scanner);
}

absl::StatusOr<ScanBatch> LogWorld::Next(Scanner& scanner) {
  return Run([&] { return scanner.Next(ScanBatch()); });
}

void LogWorld::MustClose(Scanner& scanner) {
  CHECK_OK(Run([&] { return scanner.Close(); }));
}

std::vector<std::string> LogWorld::ReadAll(RoWal& wal, ReadOptions options) {
  options.until = TailAtOpen{};
  absl::StatusOr<std::unique_ptr<Scanner>> scanner = Read(wal, std::move(options));
  if (!scanner.ok()) return {WalErrorCodeName(CodeOf(scanner))};
  std::vector<std::string> payloads;
  bool end = false;
  while (!end) {
    absl::StatusOr<ScanBatch> batch = Next(**scanner);
    if (!batch.ok()) {
      payloads.push_back(WalErrorCodeName(CodeOf(batch)));
      break;
    }
    for (const ImmutableMessage& message : batch->messages) {
      payloads.emplace_back(message.payload());
    }
    end = batch->end;
  }
  MustClose(**scanner);
  return payloads;
}

std::vector<std::string> LogWorld::Take(Scanner& scanner, size_t count) {
  std::vector<std::string> payloads;
  while (payloads.size() < count) {
    absl::StatusOr<ScanBatch> batch = Next(scanner);
    CHECK_OK(batch);
    for (const ImmutableMessage& message : batch->messages) {
      payloads.emplace_back(message.payload());
    }
  }
  return payloads;
}

// By itself, and not as the log does it.
std::vector<ImmutableMessage> LogWorld::StoredWhole() {
  std::vector<ImmutableMessage> whole;
  std::vector<ImmutableMessage> run;
  for (ImmutableMessage& record : fake().records()) {
    const std::optional<Chunk> chunk = record.record().chunk();
    if (!chunk) {
      whole.push_back(std::move(record));
      continue;
    }
    if (chunk->index == 0) run.clear();
    run.push_back(std::move(record));
    if (run.size() == chunk->total) whole.push_back(JoinChunks(std::exchange(run, {})));
  }
  return whole;
}

std::vector<std::string> LogWorld::Stored() {
  std::vector<std::string> payloads;
  for (const ImmutableMessage& message : fake().records()) {
    const bool is_tick = message.type() == MessageType::kTimeTick;
    payloads.push_back(is_tick ? "tick" : std::string(message.payload()));
  }
  return payloads;
}

}  // namespace tidelog::adaptor
