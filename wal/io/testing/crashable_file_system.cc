#include "wal/io/testing/crashable_file_system.h"

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/io/testing/crashable_machine.h"

namespace tidelog {

std::string_view DiskOperationName(DiskOperation operation) {
  switch (operation) {
    case DiskOperation::kOpen:
      return "open";
    case DiskOperation::kRead:
      return "pread";
    case DiskOperation::kReadDirect:
      return "pread(O_DIRECT)";
    case DiskOperation::kWrite:
      return "pwritev";
    case DiskOperation::kSync:
    case DiskOperation::kSyncWord:
      return "fdatasync";
    case DiskOperation::kAllocate:
      return "fallocate";
    case DiskOperation::kTruncate:
      return "ftruncate";
    case DiskOperation::kSize:
      return "fstat";
    case DiskOperation::kMapWord:
      return "mmap";
    case DiskOperation::kTryLock:
      return "fcntl(F_OFD_SETLK)";
    case DiskOperation::kIsLocked:
      return "fcntl(F_OFD_GETLK)";
    case DiskOperation::kLink:
      return "link";
    case DiskOperation::kUnlink:
      return "unlink";
    case DiskOperation::kList:
      return "readdir";
    case DiskOperation::kCreateDirectory:
      return "mkdir";
    case DiskOperation::kSyncDirectory:
      return "fsync";
    case DiskOperation::kInfo:
      return "statfs";
    case DiskOperation::kWatch:
      return "inotify_add_watch";
  }
  return "unknown operation";
}

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

Future<absl::StatusOr<std::unique_ptr<File>>> CrashableFileSystem::Process::Open(std::string path,
                                                                                 OpenMode mode) {
  using Result = absl::StatusOr<std::unique_ptr<File>>;
  auto effect = [this, path, mode](Machine::World& world, Machine::Outcome) -> Result {
    DiskTree::Place place;
    NodeId node{};
    int error = 0;
    if (mode == OpenMode::kCreateExclusive) {
      error = world.tree.FindPlace(path, place);
      if (error == 0) error = world.tree.Create(place, /*is_directory=*/false, node);
      if (error == 0) world.Notify(place.directory);
    } else {
      error = world.tree.Find(path, node);
      if (error == 0 && world.tree.node(node).is_directory) error = EISDIR;
      if (error == 0) error = world.tree.FindPlace(path, place);
    }
    if (error != 0) return IoError("open", path, error);
    return std::make_unique<OpenFile>(world, this, path, node, place.directory,
                                      mode != OpenMode::kRead);
  };
  return machine->Start<Result>(this, DiskOperation::kOpen, std::move(path), std::move(effect));
}

Future<absl::Status> CrashableFileSystem::Process::Link(std::string from, std::string to) {
  auto effect = [from, to](Machine::World& world, Machine::Outcome) {
    DiskTree::Place place;
    NodeId file{};
    int error = world.tree.Find(from, file);
    if (error == 0) error = world.tree.FindPlace(to, place);
    if (error == 0) error = world.tree.Link(file, place);
    if (error != 0) return IoError("link", absl::StrCat(from, " as ", to), error);
    world.Notify(place.directory);
    return absl::OkStatus();
  };
  return machine->Start<absl::Status>(this, DiskOperation::kLink, std::move(from),
                                      std::move(effect));
}

Future<absl::Status> CrashableFileSystem::Process::Unlink(std::string path) {
  auto effect = [path](Machine::World& world, Machine::Outcome) {
    DiskTree::Place place;
    int error = world.tree.FindPlace(path, place);
    if (error == 0) error = world.tree.Unlink(place);
    if (error != 0) return IoError("unlink", path, error);
    world.Notify(place.directory);
    return absl::OkStatus();
  };
  return machine->Start<absl::Status>(this, DiskOperation::kUnlink, std::move(path),
                                      std::move(effect));
}

Future<absl::StatusOr<std::vector<std::string>>> CrashableFileSystem::Process::List(
    std::string path) {
  using Result = absl::StatusOr<std::vector<std::string>>;
  auto effect = [path](Machine::World& world, Machine::Outcome) -> Result {
    NodeId directory{};
    const int error = world.tree.FindDirectory(path, directory);
    if (error != 0) return IoError("readdir", path, error);
    return world.tree.node(directory).names.Names();
  };
  return machine->Start<Result>(this, DiskOperation::kList, std::move(path), std::move(effect));
}

Future<absl::Status> CrashableFileSystem::Process::CreateDirectory(std::string path) {
  auto effect = [path](Machine::World& world, Machine::Outcome) {
    DiskTree::Place place;
    NodeId node{};
    int error = world.tree.FindPlace(path, place);
    if (error == 0) error = world.tree.Create(place, /*is_directory=*/true, node);
    if (error != 0) return IoError("mkdir", path, error);
    world.Notify(place.directory);
    return absl::OkStatus();
  };
  return machine->Start<absl::Status>(this, DiskOperation::kCreateDirectory, std::move(path),
                                      std::move(effect));
}

Future<absl::Status> CrashableFileSystem::Process::SyncDirectory(std::string path) {
  auto effect = [path](Machine::World& world, Machine::Outcome outcome) {
    NodeId directory{};
    const int error = world.tree.FindDirectory(path, directory);
    if (error != 0) return IoError("fsync", path, error);
    NameTable& names = world.tree.node(directory).names;
    if (outcome != Machine::Outcome::kDone) {
      names.FailSync(world.random);
      return IoError("fsync", path, EIO);
    }
    names.Sync();
    world.tree.Collect();
    return absl::OkStatus();
  };
  return machine->Start<absl::Status>(this, DiskOperation::kSyncDirectory, std::move(path),
                                      std::move(effect));
}

Future<absl::StatusOr<FileSystemInfo>> CrashableFileSystem::Process::Info(std::string path) {
  using Result = absl::StatusOr<FileSystemInfo>;
  auto effect = [path](Machine::World& world, Machine::Outcome) -> Result {
    NodeId node{};
    const int error = world.tree.Find(path, node);
    if (error != 0) return IoError("statfs", path, error);
    return FileSystemInfo{.type = "crashable",
                          .local = true,
                          .read_only = false,
                          .free_bytes = world.FreeBlocks() * SectorStore::kBlockSize};
  };
  return machine->Start<Result>(this, DiskOperation::kInfo, std::move(path), std::move(effect));
}

Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> CrashableFileSystem::Process::Watch(
    std::string path) {
  using Result = absl::StatusOr<std::unique_ptr<DirectoryWatcher>>;
  auto effect = [this, path](Machine::World& world, Machine::Outcome) -> Result {
    NodeId directory{};
    const int error = world.tree.FindDirectory(path, directory);
    if (error != 0) return IoError("inotify_add_watch", path, error);
    return std::make_unique<Watcher>(world, this, directory);
  };
  return machine->Start<Result>(this, DiskOperation::kWatch, std::move(path), std::move(effect));
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
