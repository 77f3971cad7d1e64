#include "sim/model/wal_world.h"

#include <string>
#include <string_view>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/opener_builder.h"
#include "impls/checkpoint/file/file_checkpoint_store.h"
#include "impls/file/file_log.h"
#include "sim/model/memory_builder.h"
#include "wal/async/timeout.h"
#include "wal/environment.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::sim {
namespace {

// In virtual time, in which whatever comes at all comes long before.
constexpr absl::Duration kLongEnough = absl::Seconds(5);

WalModel::Message SeenMessage(const ImmutableMessage& message) {
  return {std::string(message.payload()),
          std::string(message.vchannel()),
          message.type(),
          message.term(),
          message.id(),
          message.last_confirmed(),
          message.time_tick()};
}

}  // namespace

WalWorld::WalWorld(Backend backend, uint64_t seed)
    : runtime_(seed),
      store_(std::make_shared<impls::memory::Store>()),
      disk_(&runtime_, {.seed = seed}) {
  for (size_t i = 0; i < kProcesses; ++i) processes_.push_back(MakeProcess(backend));
}

std::unique_ptr<WalWorld::Process> WalWorld::MakeProcess(Backend backend) {
  auto process = std::make_unique<Process>();
  Environment environment;
  environment.runtime = &runtime_;
  environment.observer = &observer_;
  Config config;
  if (backend == Backend::kMemory) {
    process->backend = std::make_unique<MemoryBuilder>(store_);
    environment.checkpoints = &checkpoints_;
  } else {
    process->backend = impls::file::MakeBuilder();
    environment.files = disk_.NewProcess();
    process->checkpoints =
        std::make_unique<impls::checkpoint::FileCheckpointStore>(environment.files, "log");
    environment.checkpoints = process->checkpoints.get();
    // Small segments, so that a history rolls and truncates.
    config = {{"dir", "log"}, {"segment_bytes", "65536"}, {"message_bytes_max", "65536"}};
  }
  // Readers fall out of it, and come back.
  config.emplace("wal.buffer_bytes_max", "2000");
  process->builder = adaptor::MakeOpenerBuilder(process->backend.get(), {});
  absl::StatusOr<std::unique_ptr<Opener>> opener = process->builder->Build(environment, config);
  CHECK_OK(opener);
  process->opener = *std::move(opener);
  return process;
}

WalWorld::~WalWorld() {
  for (const std::unique_ptr<Process>& process : processes_) {
    CHECK_OK(Run([&process] { return process->opener->Close(); }));
    process->opener.reset();
  }
  runtime_.RunUntilIdle();
}

WalModel::Seen SeenError(const absl::Status& status) {
  return {{}, GetWalErrorCode(status), OldestPositionOf(status)};
}

absl::StatusOr<std::unique_ptr<Scanner>> WalWorld::Read(RoWal* log, const ReadOptions& options) {
  return Run([&] { return log->Read(options); });
}

void WalWorld::Close(Scanner& scanner) {
  CHECK_OK(Run([&scanner] { return scanner.Close(); }));
}

WalModel::Seen WalWorld::ReadAll(RoWal* log, const ReadOptions& options) {
  absl::StatusOr<std::unique_ptr<Scanner>> scanner = Read(log, options);
  if (!scanner.ok()) return SeenError(scanner.status());
  std::optional<Position> resume;
  WalModel::Seen seen = ReadOn(**scanner, std::nullopt, &resume);
  Close(**scanner);
  return seen;
}

WalModel::Seen WalWorld::ReadOn(Scanner& scanner, std::optional<size_t> count,
                                std::optional<Position>* resume) {
  WalModel::Seen seen;
  bool end = false;
  while (!end && (!count || seen.messages.size() < *count)) {
    std::optional<absl::StatusOr<ScanBatch>> batch = Run([&scanner] {
      return AwaitWithTimeout<absl::StatusOr<ScanBatch>>(scanner.Next(ScanBatch()), kLongEnough);
    });
    if (!batch || !batch->ok()) {
      WalModel::Seen error =
          batch ? SeenError(batch->status())
                : WalModel::Seen{{}, WalErrorCode::kDeadlineExceeded, std::nullopt};
      error.messages = std::move(seen.messages);
      return error;
    }
    for (const ImmutableMessage& message : (*batch)->messages) {
      if (message.type() != MessageType::kTimeTick) seen.messages.push_back(SeenMessage(message));
    }
    if ((*batch)->resume) *resume = (*batch)->resume;
    end = (*batch)->end;
  }
  return seen;
}

}  // namespace tidelog::sim
