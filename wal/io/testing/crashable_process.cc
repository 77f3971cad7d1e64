#include "wal/io/testing/crashable_process.h"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/io/io_error.h"
#include "wal/io/testing/crashable_machine.h"

namespace tidelog {

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
