#include "impls/file/testing/log_machine.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "impls/file/file_log.h"
#include "wal/async/coroutine.h"
#include "wal/environment.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"
#include "wal/status.h"
#include "walimpls/scanner.h"

namespace tidelog::impls::file {

namespace {

constexpr std::string_view kChannel = "orders";

Future<SeenLog> ReadAll(walimpls::RoWalImpls* wal) {
  SeenLog seen;
  absl::StatusOr<walimpls::LogState> state = co_await wal->Info();
  seen.status = state.status();
  if (!state.ok() || !state->tail_id.has_value()) co_return seen;
  walimpls::ScanOptions options;
  options.until = state->tail_id;
  options.name = "all";
  absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> scanner =
      co_await wal->Read(std::move(options));
  seen.status = scanner.status();
  if (!scanner.ok()) co_return seen;
  bool end = false;
  while (!end) {
    walimpls::RawBatch reuse;
    absl::StatusOr<walimpls::RawBatch> batch = co_await (*scanner)->Next(std::move(reuse));
    seen.status = batch.status();
    if (!batch.ok()) break;
    for (const ImmutableMessage& message : batch->messages) {
      seen.records.push_back({ToInt(message.time_tick()), message.id(), message.term()});
    }
    end = batch->end;
  }
  absl::Status closed = co_await (*scanner)->Close();
  CHECK_OK(closed);
  co_return seen;
}

}  // namespace

LogProcess::LogProcess(LogMachine* machine)
    : machine_(machine),
      strand_(machine->runtime_.MakeExecutor("process")),
      files_(machine->disk_.NewProcess()),
      opener_(machine->MakeOpener(files_)) {}

LogProcess::~LogProcess() {
  if (wal_ != nullptr) (void)Close(walimpls::CloseMode::kAbandon);
  CHECK_OK(Run([this] { return opener_->Close(); }));
}

Future<absl::Status> LogProcess::OpenCoroutine(Term term) {
  walimpls::OpenOptions options;
  options.strand = strand_.get();
  PChannel channel{std::string(kChannel), term};
  absl::StatusOr<std::unique_ptr<walimpls::WalImpls>> wal =
      co_await opener_->Open(std::move(channel), options);
  if (!wal.ok()) co_return wal.status();
  wal_ = *std::move(wal);
  term_ = term;
  co_return absl::OkStatus();
}

absl::Status LogProcess::Open(Term term) {
  return Run([this, term] { return OpenCoroutine(term); });
}

Future<absl::Status> LogProcess::StartOpen(Term term) {
  co_await EnterExecutor(strand_.get());
  absl::Status opened = co_await OpenCoroutine(term);
  co_return opened;
}

void LogProcess::StartAppend(size_t count, size_t payload_size, MessageType type) {
  auto start = [&]() -> Future<Unit> {
    walimpls::Group group;
    std::vector<uint64_t> numbers;
    for (size_t i = 0; i < count; ++i) {
      uint64_t number = 0;
      group.push_back(machine_->MakeMessage(term_, payload_size, type, &number));
      numbers.push_back(number);
    }
    Future<absl::StatusOr<walimpls::Ids>> future = wal_->Append(std::move(group));
    pending_.push_back({std::move(numbers), std::move(future)});
    return MakeReadyFuture(Unit{});
  };
  Run(start);
}

absl::Status LogProcess::Settle() {
  // Long enough for every back-off; what is still pending then waits for Close() or a fence.
  machine_->runtime_.RunUntilIdle();
  for (int i = 0; i < 30 && !AllReady(); ++i) machine_->runtime_.Advance(absl::Seconds(1));
  absl::Status first_error;
  std::vector<Pending> left;
  for (Pending& pending : pending_) {
    if (!pending.future.ready()) {
      first_error.Update(absl::UnavailableError("pending"));
      left.push_back(std::move(pending));
      continue;
    }
    auto take = [&pending]() { return std::move(pending.future); };
    absl::StatusOr<walimpls::Ids> ids = Run(take);
    first_error.Update(ids.status());
    for (size_t i = 0; i < pending.numbers.size(); ++i) {
      const uint64_t number = pending.numbers[i];
      if (ids.ok()) {
        machine_->acknowledged_.emplace(number, (*ids)[i]);
      } else if (EffectOf(ids.status()) == Effect::kUnknown) {
        machine_->unknown_.emplace(number, term_);
      } else {
        machine_->not_done_.insert(number);
      }
    }
  }
  pending_ = std::move(left);
  return first_error;
}

bool LogProcess::AllReady() const {
  return std::all_of(pending_.begin(), pending_.end(),
                     [](const Pending& pending) { return pending.future.ready(); });
}

void LogProcess::Tick() {
  auto tick = [this]() {
    wal_->OnTick();
    return MakeReadyFuture(Unit{});
  };
  Run(tick);
  machine_->runtime_.RunUntilIdle();
}

absl::Status LogProcess::Truncate(uint64_t number) {
  const Position mark{machine_->acknowledged_.at(number), TimeTick{number}};
  absl::Status truncated = Run([&] { return wal_->Truncate(mark); });
  if (truncated.ok() || EffectOf(truncated) == Effect::kUnknown) {
    machine_->truncated_ = std::max(machine_->truncated_, number);
  }
  return truncated;
}

absl::Status LogProcess::Close(walimpls::CloseMode mode) {
  absl::Status closed = Run([this, mode] { return wal_->Close(mode); });
  (void)Settle();
  CHECK(pending_.empty()) << "an append did not end by Close()";
  wal_.reset();
  return closed;
}

LogMachine::LogMachine(uint64_t seed, Config config)
    : config_(std::move(config)), runtime_(seed), disk_(&runtime_, {.seed = seed}) {
  config_.emplace("dir", "log");
  config_.emplace("segment_bytes", "65536");
}

std::unique_ptr<walimpls::OpenerImpls> LogMachine::MakeOpener(FileSystem* files) {
  Environment environment;
  environment.runtime = &runtime_;
  environment.files = files;
  environment.observer = &observer_;
  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> opener =
      MakeBuilder()->Build(environment, config_);
  CHECK_OK(opener.status());
  return *std::move(opener);
}

ImmutableMessage LogMachine::MakeMessage(Term term, size_t payload_size, MessageType type,
                                         uint64_t* number) {
  *number = ++last_number_;
  std::string payload = absl::StrCat(*number);
  payload.resize(std::max(payload.size(), payload_size), 'x');
  const auto make = [&]() -> MutableMessage {
    if (type == MessageType::kTimeTick) return MessageFactory::StoredTimeTick();
    absl::StatusOr<MutableMessage> built = MutableMessage::Builder(type).Build(payload);
    CHECK_OK(built.status());
    return *std::move(built);
  };
  MutableMessage message = make();
  MessageStamper::Stamp(message, term, TimeTick{*number}, nullptr);
  return MessageStamper::Seal(std::move(message));
}

SeenLog LogProcess::Read() {
  return Run([this] { return ReadAll(wal_.get()); });
}

SeenLog LogMachine::ReadAsReader() {
  std::unique_ptr<walimpls::OpenerImpls> opener = MakeOpener(disk_.NewProcess());
  walimpls::OpenOptions options;
  options.strand = runtime_.executor();
  PChannel channel{std::string(kChannel), Term{0}};
  SeenLog seen;
  absl::StatusOr<std::unique_ptr<walimpls::RoWalImpls>> wal =
      runtime_.Run([&] { return opener->OpenReadOnly(channel, options); });
  seen.status = wal.status();
  if (wal.ok()) {
    seen = runtime_.Run([&wal] { return ReadAll(wal->get()); });
    CHECK_OK(runtime_.Run([&] { return (*wal)->Close(walimpls::CloseMode::kAbandon); }));
    wal->reset();
  }
  CHECK_OK(runtime_.Run([&] { return opener->Close(); }));
  return seen;
}

std::string LogMachine::CheckRecovered(const SeenLog& seen) const {
  if (!seen.status.ok()) return absl::StrCat("cannot be read: ", seen.status.ToString());
  absl::btree_map<uint64_t, SeenRecord> by_number;
  const SeenRecord* before = nullptr;
  for (const SeenRecord& record : seen.records) {
    if (before != nullptr && (record.number <= before->number || record.term < before->term ||
                              !BeforeWithinLog(before->id, record.id))) {
      return absl::StrCat("record ", record.number, " lies behind record ", before->number);
    }
    before = &record;
    by_number.emplace(record.number, record);
    if (not_done_.contains(record.number)) {
      return absl::StrCat("record ", record.number, " is there, and was reported not done");
    }
    if (!acknowledged_.contains(record.number) && !unknown_.contains(record.number)) {
      return absl::StrCat("record ", record.number, " was never appended");
    }
  }
  for (const auto& [number, id] : acknowledged_) {
    const auto found = by_number.find(number);
    if (found == by_number.end()) {
      if (number <= truncated_) continue;
      return absl::StrCat("record ", number, " was acknowledged, and is not there");
    }
    if (found->second.id != id) {
      return absl::StrCat("record ", number, " was acknowledged at id ", id.ToString(),
                          ", and is at ", found->second.id.ToString());
    }
  }
  // What a writer handed over behind an append that is not there is not there either (D8).
  for (const auto& [number, term] : unknown_) {
    if (by_number.contains(number) || number <= truncated_) continue;
    for (auto later = by_number.upper_bound(number); later != by_number.end(); ++later) {
      if (later->second.term == term) {
        return absl::StrCat("record ", later->first, " is there, and record ", number,
                            ", handed over before it, is not");
      }
    }
  }
  return "";
}

std::string LogMachine::CheckNothingVanished(const SeenLog& before, const SeenLog& after,
                                             uint64_t truncated) {
  for (const SeenRecord& record : before.records) {
    const bool there =
        std::find(after.records.begin(), after.records.end(), record) != after.records.end();
    if (!there && record.number > truncated) {
      return absl::StrCat("a reader saw record ", record.number, ", and it vanished");
    }
  }
  return "";
}

}  // namespace tidelog::impls::file
