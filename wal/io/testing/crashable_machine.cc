#include "wal/io/testing/crashable_machine.h"

#include <algorithm>
#include <cstring>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"

namespace tidelog {

uint64_t CrashableFileSystem::Machine::World::FreeBlocks() const {
  const uint64_t used = tree.blocks_used();
  return used < capacity_blocks ? capacity_blocks - used : 0;
}

void CrashableFileSystem::Machine::World::Notify(NodeId directory) {
  for (Watcher* watcher : watchers) {
    if (watcher->directory == directory) watcher->Notify(*this);
  }
}

CrashableFileSystem::Machine::Machine(Runtime* runtime, const Options& options)
    : runtime_(runtime), world_(options.seed) {
  world_.capacity_blocks = options.capacity_bytes / SectorStore::kBlockSize;
}

std::optional<DiskFault> CrashableFileSystem::Machine::Arrive(World& world, Process* process,
                                                              DiskOperation operation,
                                                              std::string_view path) {
  if (!process->alive) return std::nullopt;
  const DiskEvent event{
      .index = world.operations++, .operation = operation, .path = path, .process = process};
  return world.hook == nullptr ? DiskFault{} : world.hook(event);
}

std::optional<CrashableFileSystem::Machine::Outcome> CrashableFileSystem::Machine::BeforeCrash(
    World& world, DiskOperation operation, DiskFault::Progress progress) {
  switch (progress) {
    case DiskFault::Progress::kNothing:
      return std::nullopt;
    case DiskFault::Progress::kAll:
      return Outcome::kDone;
    case DiskFault::Progress::kPart:
      break;
  }
  if (operation == DiskOperation::kWrite) return Outcome::kPart;
  if (world.random.OneIn(1, 2)) return std::nullopt;
  return Outcome::kDone;
}

bool CrashableFileSystem::Machine::FailsHalfDone(DiskOperation operation) {
  return operation == DiskOperation::kWrite || operation == DiskOperation::kSync ||
         operation == DiskOperation::kSyncWord || operation == DiskOperation::kSyncDirectory;
}

absl::Status CrashableFileSystem::Machine::CrashedError(DiskOperation operation,
                                                        std::string_view path) {
  return absl::CancelledError(
      absl::StrCat(DiskOperationName(operation), " ", path, ": the process has crashed"));
}

void CrashableFileSystem::Machine::Crash(World& world, Process* process) {
  for (const std::unique_ptr<Process>& each : world.processes) {
    if (!each->alive || (process != nullptr && each.get() != process)) continue;
    for (Word* word : each->words) word->Detach(world);
    for (OpenFile* file : each->files) file->Release(world);
    each->alive = false;
    for (Watcher* watcher : world.watchers) {
      if (watcher->process != each.get()) continue;
      watcher->End(world, absl::CancelledError("watch: the process has crashed"));
    }
    std::erase_if(world.watchers, [&](Watcher* watcher) { return watcher->process == each.get(); });
    each->words.clear();
    each->files.clear();
  }
  if (process == nullptr) world.tree.Crash(world.random);
}

CrashableFileSystem::Word::Word(OpenFile* file, uint64_t offset)
    : file_(file), process_(file->process), offset_(offset) {
  process_->words.push_back(this);
}

CrashableFileSystem::Word::~Word() {
  process_->machine->With([this](World&) { std::erase(process_->words, this); });
}

uint64_t CrashableFileSystem::Word::LoadLocked(World& world) const {
  if (copy_.has_value()) return *copy_;
  char bytes[sizeof(uint64_t)];
  uint64_t value = 0;
  const size_t count = file_->node(world).data.Read(offset_, bytes);
  CHECK_EQ(count, sizeof(bytes)) << file_->path() << " was cut below its mapped word";
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

uint64_t CrashableFileSystem::Word::Load() const {
  return process_->machine->With([this](World& world) { return LoadLocked(world); });
}

bool CrashableFileSystem::Word::CompareExchange(uint64_t& expected, uint64_t desired) {
  return process_->machine->With([&](World& world) {
    const uint64_t present = LoadLocked(world);
    if (present != expected) {
      expected = present;
      return false;
    }
    if (copy_.has_value()) {
      copy_ = desired;
      return true;
    }
    CHECK(file_->writable) << "exchange in " << file_->path() << ", which was opened to read";
    char bytes[sizeof(uint64_t)];
    std::memcpy(bytes, &desired, sizeof(desired));
    uint64_t free_blocks = world.FreeBlocks();
    const size_t count = file_->node(world).data.Write(offset_, bytes, free_blocks, world.random);
    CHECK_EQ(count, sizeof(bytes)) << "SIGBUS: no block under the word of " << file_->path();
    return true;
  });
}

Future<absl::Status> CrashableFileSystem::Word::Sync() {
  return file_->StartSync(DiskOperation::kSyncWord);
}

void CrashableFileSystem::Word::Detach(World& world) { copy_ = LoadLocked(world); }

CrashableFileSystem::Watcher::Watcher(World& world, Process* owner, NodeId watched)
    : process(owner), directory(watched) {
  world.watchers.push_back(this);
}

CrashableFileSystem::Watcher::~Watcher() {
  process->machine->With([this](World& world) {
    CHECK(!waiting_.has_value()) << "a DirectoryWatcher was destroyed with a Next() in flight";
    std::erase(world.watchers, this);
  });
}

Future<absl::Status> CrashableFileSystem::Watcher::Next() {
  Promise<absl::Status> promise;
  Future<absl::Status> future = promise.future();
  process->machine->With([&](World& world) {
    CHECK(!waiting_.has_value()) << "two Next() of one DirectoryWatcher";
    if (changed_ || !ended_.ok()) {
      changed_ = false;
      world.wakes.push_back({std::move(promise), ended_});
    } else {
      waiting_.emplace(std::move(promise));
    }
  });
  return future;
}

void CrashableFileSystem::Watcher::Stop() {
  process->machine->With(
      [this](World& world) { End(world, absl::CancelledError("watch: stopped")); });
}

void CrashableFileSystem::Watcher::Notify(World& world) {
  if (!waiting_.has_value()) {
    changed_ = true;
    return;
  }
  world.wakes.push_back({*std::move(waiting_), absl::OkStatus()});
  waiting_.reset();
}

void CrashableFileSystem::Watcher::End(World& world, absl::Status status) {
  if (!ended_.ok()) return;
  ended_ = std::move(status);
  if (!waiting_.has_value()) return;
  world.wakes.push_back({*std::move(waiting_), ended_});
  waiting_.reset();
}

}  // namespace tidelog
