#include "sim/disk/file_log_world.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "impls/file/file_log.h"
#include "sim/disk/sim_file_system.h"
#include "sim/kernel/arena.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/message_stamper.h"
#include "wal/observer.h"
#include "walimpls/opener.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::sim {
namespace {

using Outcome = LogRecord::Outcome;
using What = LogStep::What;

constexpr std::string_view kChannel = "orders";

// Longer than any life of a log here, without a hang.
constexpr absl::Duration kLimit = absl::Minutes(10);

class SilentObserver final : public Observer {
 public:
  void OnEvent(const tidelog::Event&) override {}
};

uint64_t NumberOf(const MessageId& id) {
  const absl::StatusOr<uint64_t> number = id.ToNumber();
  CHECK_OK(number.status());
  return *number;
}

}  // namespace

// The process's side: lies in its memory.
class FileLogProgram {
 public:
  explicit FileLogProgram(FileLogHost* host)
      : host_(host),
        world_(host->world_),
        files_(&world_->disk, host->process()),
        strand_(host->process()->runtime()->MakeExecutor("log")) {
    Environment environment;
    environment.runtime = host->process()->runtime();
    environment.files = &files_;
    environment.observer = &observer_;
    const Config config = {{"dir", "log"}, {"segment_bytes", "65536"}};
    auto opener = impls::file::MakeBuilder()->Build(environment, config);
    CHECK_OK(opener.status());
    opener_ = *std::move(opener);
  }

  Executor* strand() { return strand_.get(); }

  Future<Unit> Run() {
    co_await EnterExecutor(strand_.get());
    for (const LogStep& step : host_->script_) {
      if (step.what == What::kOpen) {
        const Term term{step.term};
        co_await Open(term);
        if (wal_ == nullptr) break;
      }
      if (step.what == What::kAppend) StartAppend(step.count, step.size);
      if (step.what == What::kSettle) co_await Settle();
      if (step.what == What::kTick) wal_->OnTick();
      if (step.what == What::kTruncate) co_await Truncate();
      if (step.what == What::kRead) co_await Read();
      if (step.what == What::kClose) co_await Close(walimpls::CloseMode::kClean);
    }
    if (wal_ != nullptr) co_await Settle();
    host_->done_ = true;
    co_return Unit{};
  }

  // An orderly end.
  Future<Unit> End() {
    co_await EnterExecutor(strand_.get());
    if (wal_ != nullptr) co_await Close(walimpls::CloseMode::kAbandon);
    absl::Status closed = co_await opener_->Close();
    EXPECT_TRUE(closed.ok()) << closed;
    co_return Unit{};
  }

 private:
  struct Pending {
    uint64_t first;
    size_t count;
    Future<absl::StatusOr<walimpls::Ids>> future;
  };

  Future<Unit> Open(Term term) {
    walimpls::OpenOptions options;
    options.strand = strand_.get();
    PChannel channel{std::string(kChannel), term};
    absl::StatusOr<std::unique_ptr<walimpls::WalImpls>> wal =
        co_await opener_->Open(std::move(channel), options);
    NoteOpen(wal.status());
    if (!wal.ok()) co_return Unit{};
    wal_ = *std::move(wal);
    term_ = term;
    const std::optional<MessageId> boundary = wal_->boundary();
    host_->boundary_ = boundary.has_value() ? NumberOf(*boundary) : 0;
    co_return Unit{};
  }

  void StartAppend(size_t count, size_t size) {
    const uint64_t first = world_->records_.size() + 1;
    walimpls::Group group;
    for (uint64_t number = first; number < first + count; ++number) {
      absl::StatusOr<MutableMessage> message =
          MutableMessage::Builder(MessageType::kInsert).Build(std::string(size, 'x'));
      CHECK_OK(message.status());
      MessageStamper::Stamp(*message, term_, TimeTick{number}, nullptr);
      group.push_back(MessageStamper::Seal(*std::move(message)));
      WorldScope world;
      world_->records_.push_back({number, term_, 0, Outcome::kPending});
    }
    pending_.push_back({first, count, wal_->Append(std::move(group))});
  }

  Future<Unit> Settle() {
    std::vector<Pending> pending = std::exchange(pending_, {});
    bool refused = false;
    for (Pending& append : pending) {
      absl::StatusOr<walimpls::Ids> ids = co_await std::move(append.future);
      host_->append_error_ = GetWalErrorCode(ids.status());
      for (size_t i = 0; i < append.count; ++i) {
        LogRecord& record = world_->records_[append.first - 1 + i];
        if (ids.ok()) {
          record.outcome = Outcome::kAcknowledged;
          record.id = NumberOf((*ids)[i]);
          newest_ = {(*ids)[i], TimeTick{record.number}};
        } else {
          const bool unknown = EffectOf(ids.status()) == Effect::kUnknown;
          record.outcome = unknown ? Outcome::kUnknown : Outcome::kNotDone;
        }
      }
      refused |= !ids.ok();
    }
    if (refused) wal_->AcceptAgain();
    co_return Unit{};
  }

  Future<Unit> Truncate() {
    if (!newest_.has_value()) co_return Unit{};
    const uint64_t number = ToInt(newest_->time_tick);
    world_->truncated_ = std::max(world_->truncated_, number);
    absl::Status truncated = co_await wal_->Truncate(*newest_);
    (void)truncated;  // Done or not, readers may find it either way.
    co_return Unit{};
  }

  Future<Unit> Read() {
    std::vector<LogRecord> seen;
    absl::Status status = co_await ReadAll(&seen);
    NoteRead(seen, status);
    co_return Unit{};
  }

  void NoteOpen(const absl::Status& status) {
    WorldScope world;
    host_->opened_ = status.ok();
    host_->open_error_ = GetWalErrorCode(status);
    host_->open_error_text_ = status.ok() ? "" : status.ToString();
  }

  void NoteRead(const std::vector<LogRecord>& seen, const absl::Status& status) {
    WorldScope world;
    host_->reads_.push_back(seen);
    host_->read_error_ = status.ok() ? "" : status.ToString();
  }

  Future<absl::Status> ReadAll(std::vector<LogRecord>* seen) {
    absl::StatusOr<walimpls::LogState> state = co_await wal_->Info();
    if (!state.ok()) co_return state.status();
    if (!state->tail_id.has_value()) co_return absl::OkStatus();
    walimpls::ScanOptions options;
    options.until = state->tail_id;
    absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> scanner =
        co_await wal_->Read(std::move(options));
    if (!scanner.ok()) co_return scanner.status();
    absl::Status status;
    bool end = false;
    while (!end) {
      walimpls::RawBatch reuse;
      absl::StatusOr<walimpls::RawBatch> batch = co_await (*scanner)->Next(std::move(reuse));
      status = batch.status();
      if (!batch.ok()) break;
      for (const ImmutableMessage& message : batch->messages) {
        const uint64_t number = ToInt(message.time_tick());
        seen->push_back({number, message.term(), NumberOf(message.id())});
      }
      end = batch->end;
    }
    absl::Status closed = co_await (*scanner)->Close();
    CHECK_OK(closed);
    co_return status;
  }

  Future<Unit> Close(walimpls::CloseMode mode) {
    absl::Status closed = co_await wal_->Close(mode);
    (void)closed;  // The mark may not have been left: the next open shows it.
    co_await Settle();
    wal_.reset();
    co_return Unit{};
  }

  FileLogHost* const host_;
  FileLogWorld* const world_;
  SimFileSystem files_;
  const std::unique_ptr<Executor> strand_;
  SilentObserver observer_;
  std::unique_ptr<walimpls::OpenerImpls> opener_;
  std::unique_ptr<walimpls::WalImpls> wal_;
  Term term_{};
  std::optional<Position> newest_;
  std::vector<Pending> pending_;
};

FileLogHost::FileLogHost(FileLogWorld* world, std::string_view name, std::vector<LogStep> script)
    : world_(world), process_(world->kernel.Spawn(name)), script_(std::move(script)) {
  program_ = process_->Enter([&] {
    auto program = std::make_unique<FileLogProgram>(this);
    // Dropped: what comes of it is noted here.
    const Future<Unit> running = program->Run();
    return program.release();
  });
}

FileLogHost::~FileLogHost() {
  if (!process_->alive()) {
    EXPECT_EQ(process_->memory().count, 0) << process_->name();
    return;
  }
  Blocking(program_->strand(), [this] { return program_->End(); });
  process_->Enter([&] {
    const std::unique_ptr<FileLogProgram> program(program_);
    return 0;
  });
  const Leftovers left = world_->kernel.End(process_);
  EXPECT_EQ(left, Leftovers()) << process_->name() << " left " << left.blocks << " blocks, "
                               << left.jobs << " jobs, " << left.events << " events";
}

FileLogHost* FileLogWorld::Spawn(std::string_view name, std::vector<LogStep> script) {
  hosts_.push_back(std::make_unique<FileLogHost>(this, name, std::move(script)));
  return hosts_.back().get();
}

bool FileLogWorld::Run(const std::vector<const FileLogHost*>& hosts) {
  const auto all_ended = [&] {
    return std::all_of(hosts.begin(), hosts.end(), [](const auto* host) { return host->ended(); });
  };
  return kernel.RunUntil(all_ended, kLimit);
}

std::string FileLogWorld::CheckRead(const FileLogHost& reader) const {
  if (reader.reads().empty()) return "nothing was read";
  if (!reader.read_error().empty()) return absl::StrCat("cannot be read: ", reader.read_error());
  absl::btree_map<uint64_t, LogRecord> by_number;
  const LogRecord* before = nullptr;
  for (const LogRecord& seen : reader.reads().back()) {
    if (before != nullptr &&
        (seen.number <= before->number || seen.term < before->term || seen.id <= before->id)) {
      return absl::StrCat("record ", seen.number, " lies behind record ", before->number);
    }
    before = &seen;
    if (seen.number == 0 || seen.number > records_.size()) return "a record was never appended";
    const LogRecord& said = record(seen.number);
    if (said.outcome == Outcome::kNotDone || said.term != seen.term) {
      return absl::StrCat("record ", seen.number, " is there, and was reported not done");
    }
    if (said.outcome == Outcome::kAcknowledged && said.id != seen.id) {
      return absl::StrCat("record ", seen.number, " was acknowledged at another id");
    }
    by_number.emplace(seen.number, seen);
  }
  absl::btree_map<Term, uint64_t> first_missing;
  for (const LogRecord& said : records_) {
    if (said.number <= truncated_) continue;
    const bool there = by_number.contains(said.number);
    if (said.outcome == Outcome::kAcknowledged && !there) {
      return absl::StrCat("record ", said.number, " was acknowledged, and is not there");
    }
    // What a writer handed over behind an append that is not there is not there either.
    if (!there && said.outcome != Outcome::kNotDone) first_missing.emplace(said.term, said.number);
    if (there && first_missing.contains(said.term)) {
      return absl::StrCat("record ", said.number, " is there, and record ",
                          first_missing.at(said.term), ", handed over before it, is not");
    }
  }
  return "";
}

std::string FileLogWorld::CheckNothingVanished(const std::vector<LogRecord>& before,
                                               const std::vector<LogRecord>& after) const {
  for (const LogRecord& seen : before) {
    const bool there = std::find(after.begin(), after.end(), seen) != after.end();
    if (!there && seen.number > truncated_) {
      return absl::StrCat("record ", seen.number, " was read, and vanished");
    }
  }
  return "";
}

}  // namespace tidelog::sim
