#include "wal/io/testing/crashable_file_system.h"

#include <memory>
#include <utility>

#include "absl/log/check.h"
#include "wal/io/testing/crashable_machine.h"
#include "wal/io/testing/crashable_process.h"

namespace tidelog {

CrashableFileSystem::CrashableFileSystem(Runtime* runtime, Options options)
    : machine_(std::make_unique<Machine>(runtime, options)) {}

CrashableFileSystem::~CrashableFileSystem() {
  machine_->With([](Machine::World& world) {
    CHECK(world.watchers.empty()) << "a disk was destroyed under a watcher";
    for (const std::unique_ptr<Process>& process : world.processes) {
      CHECK(process->files.empty())
          << process->files.front()->path() << " is open, and its disk was destroyed";
    }
  });
}

FileSystem* CrashableFileSystem::NewProcess() {
  return machine_->With([this](Machine::World& world) -> FileSystem* {
    world.processes.push_back(std::make_unique<Process>(machine_.get()));
    return world.processes.back().get();
  });
}

void CrashableFileSystem::CrashProcess(FileSystem* process) {
  machine_->With(
      [process](Machine::World& world) { Machine::Crash(world, static_cast<Process*>(process)); });
}

void CrashableFileSystem::CrashMachine() {
  machine_->With([](Machine::World& world) { Machine::Crash(world, nullptr); });
}

bool CrashableFileSystem::IsAlive(const FileSystem* process) const {
  return machine_->With(
      [process](Machine::World&) { return static_cast<const Process*>(process)->alive; });
}

void CrashableFileSystem::SetFaultHook(FaultHook hook) {
  machine_->With([&hook](Machine::World& world) { world.hook.swap(hook); });
}

uint64_t CrashableFileSystem::operation_count() const {
  return machine_->With([](Machine::World& world) { return world.operations; });
}

void CrashableFileSystem::SetCapacity(uint64_t bytes) {
  machine_->With(
      [bytes](Machine::World& world) { world.capacity_blocks = bytes / SectorStore::kBlockSize; });
}

uint64_t CrashableFileSystem::used_bytes() const {
  return machine_->With(
      [](Machine::World& world) { return world.tree.blocks_used() * SectorStore::kBlockSize; });
}

void CrashableFileSystem::DropCleanPages() {
  machine_->With([](Machine::World& world) { world.tree.DropCleanPages(); });
}

CrashableFileSystem::FaultHook CrashAt(uint64_t index, DiskFault::Crash crash,
                                       DiskFault::Progress progress) {
  return [=](const DiskEvent& event) {
    DiskFault fault;
    if (event.index == index) {
      fault.crash = crash;
      fault.progress = progress;
    }
    return fault;
  };
}

CrashableFileSystem::FaultHook FailAt(uint64_t index, int error_number) {
  return [=](const DiskEvent& event) {
    DiskFault fault;
    if (event.index == index) fault.error_number = error_number;
    return fault;
  };
}

CrashableFileSystem::FaultHook FailSometimes(uint64_t seed, DiskOperation operation,
                                             uint64_t numerator, uint64_t denominator,
                                             int error_number) {
  return [=, random = RandomStream(seed, "disk faults")](const DiskEvent& event) mutable {
    DiskFault fault;
    if (event.operation == operation && random.OneIn(numerator, denominator)) {
      fault.error_number = error_number;
    }
    return fault;
  };
}

}  // namespace tidelog
