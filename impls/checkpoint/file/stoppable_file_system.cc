#include "impls/checkpoint/file/stoppable_file_system.h"

#include <span>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace tidelog {
namespace {

// Stops, does the operation, stops.
template <class T>
Future<T> Stoppable(StopPlaces* places, absl::AnyInvocable<Future<T>()> operation) {
  co_await places->Pass();
  T result = co_await operation();
  co_await places->Pass();
  co_return result;
}

class StoppableWord final : public MappedWord {
 public:
  StoppableWord(std::unique_ptr<MappedWord> real, StopPlaces* places)
      : real_(std::move(real)), places_(places) {}

  uint64_t Load() const override { return real_->Load(); }
  bool CompareExchange(uint64_t& expected, uint64_t desired) override {
    return real_->CompareExchange(expected, desired);
  }
  Future<absl::Status> Sync() override {
    return Stoppable<absl::Status>(places_, [this] { return real_->Sync(); });
  }

 private:
  const std::unique_ptr<MappedWord> real_;
  StopPlaces* const places_;
};

class StoppableFile final : public File {
 public:
  StoppableFile(std::unique_ptr<File> real, StopPlaces* places)
      : real_(std::move(real)), places_(places) {}

  const std::string& path() const override { return real_->path(); }
  Future<absl::StatusOr<size_t>> Read(uint64_t offset, std::span<char> into) override {
    return Stoppable<absl::StatusOr<size_t>>(
        places_, [this, offset, into] { return real_->Read(offset, into); });
  }
  Future<absl::StatusOr<size_t>> ReadDirect(uint64_t offset, std::span<char> into) override {
    return real_->ReadDirect(offset, into);
  }
  Future<absl::Status> Write(uint64_t offset,
                             std::span<const std::span<const char>> pieces) override {
    return Stoppable<absl::Status>(places_,
                                   [this, offset, pieces] { return real_->Write(offset, pieces); });
  }
  Future<absl::Status> Sync() override {
    return Stoppable<absl::Status>(places_, [this] { return real_->Sync(); });
  }
  Future<WriteSyncResult> WriteAndSync(uint64_t offset,
                                       std::span<const std::span<const char>> pieces,
                                       Runtime::Urgency urgency) override {
    return Stoppable<WriteSyncResult>(places_, [this, offset, pieces, urgency] {
      return real_->WriteAndSync(offset, pieces, urgency);
    });
  }
  Future<Unit> StartWriteBack(uint64_t offset, uint64_t size) override {
    return real_->StartWriteBack(offset, size);
  }
  Future<absl::Status> Allocate(uint64_t size) override {
    return Stoppable<absl::Status>(places_, [this, size] { return real_->Allocate(size); });
  }
  Future<absl::Status> Truncate(uint64_t size) override { return real_->Truncate(size); }
  Future<absl::StatusOr<uint64_t>> Size() override {
    return Stoppable<absl::StatusOr<uint64_t>>(places_, [this] { return real_->Size(); });
  }
  Future<absl::StatusOr<std::unique_ptr<MappedWord>>> MapWord(uint64_t offset) override {
    co_await places_->Pass();
    absl::StatusOr<std::unique_ptr<MappedWord>> word = co_await real_->MapWord(offset);
    co_await places_->Pass();
    if (!word.ok()) co_return word;
    co_return std::make_unique<StoppableWord>(*std::move(word), places_);
  }
  Future<absl::StatusOr<bool>> TryLock() override { return real_->TryLock(); }
  Future<absl::StatusOr<bool>> IsLocked() override { return real_->IsLocked(); }

 private:
  const std::unique_ptr<File> real_;
  StopPlaces* const places_;
};

}  // namespace

void StopPlaces::GoOn() {
  stop_at_.reset();
  stopped_ = false;
  go_on_.NotifyAll();
}

Future<Unit> StopPlaces::Pass() {
  if (stop_at_.has_value() && passed_++ == *stop_at_) stopped_ = true;
  while (stopped_) co_await go_on_.Wait();
  co_return Unit{};
}

Future<absl::StatusOr<std::unique_ptr<File>>> StoppableFileSystem::Open(std::string path,
                                                                        OpenMode mode) {
  co_await places_->Pass();
  absl::StatusOr<std::unique_ptr<File>> file = co_await real_->Open(path, mode);
  co_await places_->Pass();
  if (!file.ok()) co_return file;
  co_return std::make_unique<StoppableFile>(*std::move(file), places_);
}

Future<absl::Status> StoppableFileSystem::Link(std::string from, std::string to) {
  return Stoppable<absl::Status>(places_, [this, from, to] { return real_->Link(from, to); });
}

Future<absl::Status> StoppableFileSystem::Unlink(std::string path) {
  return Stoppable<absl::Status>(places_, [this, path] { return real_->Unlink(path); });
}

Future<absl::StatusOr<std::vector<std::string>>> StoppableFileSystem::List(std::string path) {
  return Stoppable<absl::StatusOr<std::vector<std::string>>>(
      places_, [this, path] { return real_->List(path); });
}

Future<absl::Status> StoppableFileSystem::CreateDirectory(std::string path) {
  return Stoppable<absl::Status>(places_, [this, path] { return real_->CreateDirectory(path); });
}

Future<absl::Status> StoppableFileSystem::SyncDirectory(std::string path) {
  return Stoppable<absl::Status>(places_, [this, path] { return real_->SyncDirectory(path); });
}

Future<absl::StatusOr<FileSystemInfo>> StoppableFileSystem::Info(std::string path) {
  return real_->Info(std::move(path));
}

Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> StoppableFileSystem::Watch(
    std::string path) {
  return real_->Watch(std::move(path));
}

}  // namespace tidelog
