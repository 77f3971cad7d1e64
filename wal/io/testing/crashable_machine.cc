#include "wal/io/testing/crashable_machine.h"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "wal/io/testing/crashable_process.h"

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

}  // namespace tidelog
