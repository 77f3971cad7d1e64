#include "wal/io/testing/failing_file_system.h"

#include <cstdint>
#include <span>
#include <utility>

#include "wal/async/runtime.h"
#include "wal/io/io_error.h"

namespace tidelog {

class FailingFileSystem::FailingFile final : public File {
 public:
  FailingFile(FailingFileSystem* files, std::unique_ptr<File> real)
      : files_(files), real_(std::move(real)) {}

  const std::string& path() const override { return real_->path(); }

  Future<absl::StatusOr<size_t>> Read(uint64_t offset, std::span<char> into) override {
    const absl::Status asked = Ask(DiskOperation::kRead);
    if (!asked.ok()) return MakeReadyFuture<absl::StatusOr<size_t>>(asked);
    return real_->Read(offset, into);
  }
  Future<absl::StatusOr<size_t>> ReadDirect(uint64_t offset, std::span<char> into) override {
    const absl::Status asked = Ask(DiskOperation::kReadDirect);
    if (!asked.ok()) return MakeReadyFuture<absl::StatusOr<size_t>>(asked);
    return real_->ReadDirect(offset, into);
  }
  Future<absl::Status> Write(uint64_t offset,
                             std::span<const std::span<const char>> pieces) override {
    const absl::Status asked = Ask(DiskOperation::kWrite);
    if (!asked.ok()) return WriteHalf(offset, pieces, asked);
    return real_->Write(offset, pieces);
  }
  Future<absl::Status> Sync() override {
    const absl::Status asked = Ask(DiskOperation::kSync);
    if (!asked.ok()) return MakeReadyFuture<absl::Status>(asked);
    return real_->Sync();
  }
  Future<WriteSyncResult> WriteAndSync(uint64_t offset,
                                       std::span<const std::span<const char>> pieces,
                                       Runtime::Urgency urgency) override {
    const absl::Status write = Ask(DiskOperation::kWrite);
    const absl::Status sync = write.ok() ? Ask(DiskOperation::kSync) : absl::OkStatus();
    if (write.ok() && sync.ok()) return real_->WriteAndSync(offset, pieces, urgency);
    return FailWriteAndSync(offset, pieces, write, sync);
  }
  Future<Unit> StartWriteBack(uint64_t offset, uint64_t size) override {
    return real_->StartWriteBack(offset, size);
  }
  Future<absl::Status> Allocate(uint64_t size) override {
    const absl::Status asked = Ask(DiskOperation::kAllocate);
    if (!asked.ok()) return MakeReadyFuture<absl::Status>(asked);
    return real_->Allocate(size);
  }
  Future<absl::Status> Truncate(uint64_t size) override {
    const absl::Status asked = Ask(DiskOperation::kTruncate);
    if (!asked.ok()) return MakeReadyFuture<absl::Status>(asked);
    return real_->Truncate(size);
  }
  Future<absl::StatusOr<uint64_t>> Size() override { return real_->Size(); }
  Future<absl::StatusOr<std::unique_ptr<MappedWord>>> MapWord(uint64_t offset) override {
    return real_->MapWord(offset);
  }
  Future<absl::StatusOr<bool>> TryLock() override { return real_->TryLock(); }
  Future<absl::StatusOr<bool>> IsLocked() override { return real_->IsLocked(); }

 private:
  absl::Status Ask(DiskOperation operation) { return files_->Ask(operation, real_->path()); }

  Future<absl::Status> WriteHalf(uint64_t offset, std::span<const std::span<const char>> pieces,
                                 absl::Status error) {
    if (!pieces.empty()) {
      const std::span<const char> half[] = {pieces[0].first(pieces[0].size() / 2)};
      (void)co_await real_->Write(offset, half);
    }
    co_return error;
  }
  Future<WriteSyncResult> FailWriteAndSync(uint64_t offset,
                                           std::span<const std::span<const char>> pieces,
                                           absl::Status write, absl::Status sync) {
    WriteSyncResult result{write, sync};
    if (write.ok()) {
      result.write = co_await real_->Write(offset, pieces);
    } else {
      (void)co_await WriteHalf(offset, pieces, write);
    }
    co_return result;
  }

  FailingFileSystem* const files_;
  const std::unique_ptr<File> real_;
};

void FailingFileSystem::SetHook(Hook hook) {
  absl::MutexLock lock(&mutex_);
  hook_ = std::move(hook);
}

absl::Status FailingFileSystem::Ask(DiskOperation operation, std::string_view path) {
  absl::MutexLock lock(&mutex_);
  const int error_number = hook_ ? hook_(operation, path) : 0;
  if (error_number == 0) return absl::OkStatus();
  return IoError(DiskOperationName(operation), path, error_number);
}

Future<absl::StatusOr<std::unique_ptr<File>>> FailingFileSystem::Open(std::string path,
                                                                      OpenMode mode) {
  absl::Status asked = Ask(DiskOperation::kOpen, path);
  if (!asked.ok()) co_return asked;
  absl::StatusOr<std::unique_ptr<File>> file = co_await real_->Open(std::move(path), mode);
  if (!file.ok()) co_return file.status();
  co_return std::make_unique<FailingFile>(this, *std::move(file));
}

Future<absl::Status> FailingFileSystem::Link(std::string from, std::string to) {
  const absl::Status asked = Ask(DiskOperation::kLink, to);
  if (!asked.ok()) return MakeReadyFuture<absl::Status>(asked);
  return real_->Link(std::move(from), std::move(to));
}

Future<absl::Status> FailingFileSystem::Unlink(std::string path) {
  const absl::Status asked = Ask(DiskOperation::kUnlink, path);
  if (!asked.ok()) return MakeReadyFuture<absl::Status>(asked);
  return real_->Unlink(std::move(path));
}

Future<absl::StatusOr<std::vector<std::string>>> FailingFileSystem::List(std::string path) {
  return real_->List(std::move(path));
}

Future<absl::Status> FailingFileSystem::CreateDirectory(std::string path) {
  const absl::Status asked = Ask(DiskOperation::kCreateDirectory, path);
  if (!asked.ok()) return MakeReadyFuture<absl::Status>(asked);
  return real_->CreateDirectory(std::move(path));
}

Future<absl::Status> FailingFileSystem::SyncDirectory(std::string path) {
  const absl::Status asked = Ask(DiskOperation::kSyncDirectory, path);
  if (!asked.ok()) return MakeReadyFuture<absl::Status>(asked);
  return real_->SyncDirectory(std::move(path));
}

Future<absl::StatusOr<FileSystemInfo>> FailingFileSystem::Info(std::string path) {
  return real_->Info(std::move(path));
}

Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> FailingFileSystem::Watch(
    std::string path) {
  return real_->Watch(std::move(path));
}

}  // namespace tidelog
