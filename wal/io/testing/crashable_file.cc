#include <algorithm>
#include <cerrno>

#include "absl/log/check.h"
#include "wal/io/testing/crashable_machine.h"
#include "wal/io/testing/crashable_process.h"

namespace tidelog {
namespace {

// As the kernel does for O_DIRECT.
bool IsAligned(uint64_t offset, std::span<const char> memory) {
  return offset % kDirectAlignment == 0 && memory.size() % kDirectAlignment == 0 &&
         reinterpret_cast<uintptr_t>(memory.data()) % kDirectAlignment == 0;
}

}  // namespace

CrashableFileSystem::OpenFile::OpenFile(World& world, Process* owner, std::string path, NodeId node,
                                        NodeId directory, bool is_writable)
    : process(owner),
      writable(is_writable),
      path_(std::move(path)),
      node_(node),
      directory_(directory) {
  ++world.tree.node(node_).opens;
  process->files.push_back(this);
}

CrashableFileSystem::OpenFile::~OpenFile() {
  machine()->With([this](World& world) {
    if (!process->alive) return;  // Released by the crash.
    Release(world);
    std::erase(process->files, this);
  });
}

void CrashableFileSystem::OpenFile::Release(World& world) {
  DiskTree::Node& opened = node(world);
  --opened.opens;
  if (opened.lock_holder == this) opened.lock_holder = nullptr;
}

Future<absl::StatusOr<size_t>> CrashableFileSystem::OpenFile::Read(uint64_t offset,
                                                                   std::span<char> into) {
  auto effect = [this, offset, into](World& world, Outcome) -> absl::StatusOr<size_t> {
    return node(world).data.Read(offset, into);
  };
  return machine()->Start<absl::StatusOr<size_t>>(process, DiskOperation::kRead, path_, effect);
}

Future<absl::StatusOr<size_t>> CrashableFileSystem::OpenFile::ReadDirect(uint64_t offset,
                                                                         std::span<char> into) {
  auto effect = [this, offset, into](World& world, Outcome) -> absl::StatusOr<size_t> {
    if (!IsAligned(offset, into)) {
      return IoError(DiskOperationName(DiskOperation::kReadDirect), path_, EINVAL);
    }
    return node(world).data.ReadDirect(offset, into);
  };
  return machine()->Start<absl::StatusOr<size_t>>(process, DiskOperation::kReadDirect, path_,
                                                  effect);
}

absl::Status CrashableFileSystem::OpenFile::WriteEffect(
    World& world, Outcome outcome, uint64_t offset,
    std::span<const std::span<const char>> pieces) const {
  const std::string_view name = DiskOperationName(DiskOperation::kWrite);
  if (!writable) return IoError(name, path_, EBADF);
  uint64_t total = 0;
  for (const std::span<const char> piece : pieces) total += piece.size();
  const bool cut = outcome != Outcome::kDone && total > 0;
  const uint64_t limit = cut ? world.random.Below(total) : total;
  uint64_t free_blocks = world.FreeBlocks();
  uint64_t done = 0;
  for (const std::span<const char> piece : pieces) {
    const size_t wanted = std::min<uint64_t>(piece.size(), limit - done);
    const size_t written =
        node(world).data.Write(offset + done, piece.first(wanted), free_blocks, world.random);
    done += written;
    if (written < wanted) break;
  }
  if (done > 0) world.Notify(directory_);
  return done == limit ? absl::OkStatus() : IoError(name, path_, ENOSPC);
}

absl::Status CrashableFileSystem::OpenFile::SyncEffect(World& world, Outcome outcome) const {
  if (outcome == Outcome::kDone) {
    node(world).data.Sync();
  } else {
    node(world).data.FailSync(world.random);
  }
  return absl::OkStatus();  // The hook knows what it failed with.
}

Future<absl::Status> CrashableFileSystem::OpenFile::Write(
    uint64_t offset, std::span<const std::span<const char>> pieces) {
  auto effect = [this, offset, pieces](World& world, Outcome outcome) {
    return WriteEffect(world, outcome, offset, pieces);
  };
  return machine()->Start<absl::Status>(process, DiskOperation::kWrite, path_, std::move(effect));
}

Future<absl::Status> CrashableFileSystem::OpenFile::Sync() {
  return StartSync(DiskOperation::kSync);
}

Future<absl::Status> CrashableFileSystem::OpenFile::StartSync(DiskOperation operation) {
  syncing_.Enter("syncs", path_);
  auto call = [this, operation] {
    auto sync = [&](World& world, Outcome outcome) { return SyncEffect(world, outcome); };
    absl::Status status = machine()->Perform<absl::Status>(process, operation, path_, sync);
    syncing_.Leave();
    return status;
  };
  return BlockingCall(machine()->runtime(), Runtime::Urgency::kWhenIdle, std::move(call));
}

Future<WriteSyncResult> CrashableFileSystem::OpenFile::WriteAndSync(
    uint64_t offset, std::span<const std::span<const char>> pieces, Runtime::Urgency urgency) {
  syncing_.Enter("syncs", path_);
  auto call = [this, offset, pieces] {
    auto write = [&](World& world, Outcome outcome) {
      return WriteEffect(world, outcome, offset, pieces);
    };
    auto sync = [&](World& world, Outcome outcome) { return SyncEffect(world, outcome); };
    WriteSyncResult result;
    result.write = machine()->Perform<absl::Status>(process, DiskOperation::kWrite, path_, write);
    if (result.write.ok()) {
      result.sync = machine()->Perform<absl::Status>(process, DiskOperation::kSync, path_, sync);
    }
    syncing_.Leave();
    return result;
  };
  return BlockingCall(machine()->runtime(), urgency, std::move(call));
}

Future<absl::Status> CrashableFileSystem::OpenFile::Allocate(uint64_t size) {
  auto effect = [this, size](World& world, Outcome) {
    const std::string_view name = DiskOperationName(DiskOperation::kAllocate);
    if (!writable) return IoError(name, path_, EBADF);
    uint64_t free_blocks = world.FreeBlocks();
    if (!node(world).data.Allocate(size, free_blocks)) return IoError(name, path_, ENOSPC);
    world.Notify(directory_);
    return absl::OkStatus();
  };
  return machine()->Start<absl::Status>(process, DiskOperation::kAllocate, path_, effect);
}

Future<absl::Status> CrashableFileSystem::OpenFile::Truncate(uint64_t size) {
  auto effect = [this, size](World& world, Outcome) {
    // The kernel says EINVAL here, and EBADF above.
    if (!writable) return IoError(DiskOperationName(DiskOperation::kTruncate), path_, EINVAL);
    node(world).data.Truncate(size, world.random);
    world.Notify(directory_);
    return absl::OkStatus();
  };
  return machine()->Start<absl::Status>(process, DiskOperation::kTruncate, path_, effect);
}

Future<absl::StatusOr<uint64_t>> CrashableFileSystem::OpenFile::Size() {
  auto effect = [this](World& world, Outcome) -> absl::StatusOr<uint64_t> {
    return node(world).data.size();
  };
  return machine()->Start<absl::StatusOr<uint64_t>>(process, DiskOperation::kSize, path_, effect);
}

Future<absl::StatusOr<std::unique_ptr<MappedWord>>> CrashableFileSystem::OpenFile::MapWord(
    uint64_t offset) {
  using Result = absl::StatusOr<std::unique_ptr<MappedWord>>;
  auto effect = [this, offset](World& world, Outcome) -> Result {
    const SectorStore& data = node(world).data;
    absl::Status refused = CheckWordPlace(path_, offset, data.size(), data.Written(offset));
    if (!refused.ok()) return refused;
    return std::make_unique<Word>(this, offset);
  };
  return machine()->Start<Result>(process, DiskOperation::kMapWord, path_, effect);
}

Future<absl::StatusOr<bool>> CrashableFileSystem::OpenFile::TryLock() {
  auto effect = [this](World& world, Outcome) -> absl::StatusOr<bool> {
    CHECK(writable) << "lock of " << path_ << ", which was opened to read";
    DiskTree::Node& opened = node(world);
    if (opened.lock_holder == nullptr) opened.lock_holder = this;
    return opened.lock_holder == this;
  };
  return machine()->Start<absl::StatusOr<bool>>(process, DiskOperation::kTryLock, path_, effect);
}

Future<absl::StatusOr<bool>> CrashableFileSystem::OpenFile::IsLocked() {
  auto effect = [this](World& world, Outcome) -> absl::StatusOr<bool> {
    const void* holder = node(world).lock_holder;
    return holder != nullptr && holder != this;
  };
  return machine()->Start<absl::StatusOr<bool>>(process, DiskOperation::kIsLocked, path_, effect);
}

}  // namespace tidelog
