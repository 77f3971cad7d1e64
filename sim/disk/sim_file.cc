#include "sim/disk/sim_file.h"

#include <cstring>

#include "absl/log/check.h"
#include "sim/kernel/arena.h"
#include "wal/io/io_error.h"

namespace tidelog::sim {
namespace {

using Pieces = std::span<const std::span<const char>>;

// As the kernel wants it for O_DIRECT.
bool IsAligned(uint64_t offset, std::span<const char> memory) {
  return offset % kDirectAlignment == 0 && memory.size() % kDirectAlignment == 0 &&
         reinterpret_cast<uintptr_t>(memory.data()) % kDirectAlignment == 0;
}

void CopyTo(DiskRequest& request, uint64_t offset, Pieces pieces) {
  uint64_t size = 0;
  for (const std::span<const char> piece : pieces) size += piece.size();
  request.offset = offset;
  request.size = size;
  request.bytes.Resize(size);
  char* to = request.bytes.span().data();
  for (const std::span<const char> piece : pieces) {
    if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
    to += piece.size();
  }
}

// The system call may copy at any time until it returns: what is written must not change before.
void CheckUnchanged(const DiskRequest& request, Pieces pieces, const std::string& path) {
  const char* copy = request.bytes.span().data();
  for (const std::span<const char> piece : pieces) {
    CHECK(piece.empty() || std::memcmp(copy, piece.data(), piece.size()) == 0)
        << "bytes were changed while they were being written to " << path;
    copy += piece.size();
  }
}

}  // namespace

SimFile::~SimFile() {
  CHECK_EQ(in_flight_count_, 0u) << path_ << " was destroyed with operations in flight";
  WorldScope world;
  disk()->CloseFile(number_);
}

template <class T, class Fill, class Finish>
Future<T> SimFile::Start(DiskOperation operation, Fill fill, Finish finish) {
  ++in_flight_count_;
  auto fill_all = [this, &fill](DiskRequest& request) {
    request.on_file = true;
    request.file = number_;
    fill(request);
  };
  auto finish_all = [this, finish = std::move(finish)](const DiskCall& answer) -> T {
    --in_flight_count_;
    return finish(answer);
  };
  return client_->Start<T>(operation, fill_all, std::move(finish_all));
}

absl::Status SimFile::StatusOf(DiskOperation operation, int error_number) const {
  if (error_number == 0) return absl::OkStatus();
  return IoError(DiskOperationName(operation), path_, error_number);
}

Future<absl::StatusOr<size_t>> SimFile::StartRead(DiskOperation operation, uint64_t offset,
                                                  std::span<char> into) {
  auto fill = [&](DiskRequest& request) {
    request.offset = offset;
    request.size = into.size();
    request.aligned = IsAligned(offset, into);
  };
  auto finish = [this, operation, into](const DiskCall& answer) -> absl::StatusOr<size_t> {
    if (answer.reply.error_number != 0) return StatusOf(operation, answer.reply.error_number);
    const size_t count = answer.reply.value;
    if (count > 0) std::memcpy(into.data(), answer.request.bytes.span().data(), count);
    return count;
  };
  return Start<absl::StatusOr<size_t>>(operation, fill, finish);
}

Future<absl::StatusOr<size_t>> SimFile::Read(uint64_t offset, std::span<char> into) {
  return StartRead(DiskOperation::kRead, offset, into);
}

Future<absl::StatusOr<size_t>> SimFile::ReadDirect(uint64_t offset, std::span<char> into) {
  return StartRead(DiskOperation::kReadDirect, offset, into);
}

Future<absl::Status> SimFile::Write(uint64_t offset, Pieces pieces) {
  auto fill = [&](DiskRequest& request) { CopyTo(request, offset, pieces); };
  auto finish = [this, pieces](const DiskCall& answer) {
    CheckUnchanged(answer.request, pieces, path_);
    return StatusOf(DiskOperation::kWrite, answer.reply.error_number);
  };
  return Start<absl::Status>(DiskOperation::kWrite, fill, finish);
}

void SimFile::EnterSync() {
  CHECK(!std::exchange(syncing_, true)) << "two overlapping syncs of " << path_;
}

Future<absl::Status> SimFile::Sync() { return StartSync(DiskOperation::kSync); }

Future<absl::Status> SimFile::StartSync(DiskOperation operation) {
  EnterSync();
  auto finish = [this, operation](const DiskCall& answer) {
    syncing_ = false;
    return StatusOf(operation, answer.reply.error_number);
  };
  return Start<absl::Status>(
      operation, [](DiskRequest&) {}, finish);
}

Future<WriteSyncResult> SimFile::WriteAndSync(uint64_t offset, Pieces pieces, Runtime::Urgency) {
  EnterSync();
  auto fill = [&](DiskRequest& request) {
    CopyTo(request, offset, pieces);
    request.then_sync = true;
  };
  auto finish = [this, pieces](const DiskCall& answer) {
    syncing_ = false;
    CheckUnchanged(answer.request, pieces, path_);
    return WriteSyncResult{.write = StatusOf(DiskOperation::kWrite, answer.reply.error_number),
                           .sync = StatusOf(DiskOperation::kSync, answer.reply.sync_error_number)};
  };
  return Start<WriteSyncResult>(DiskOperation::kWrite, fill, finish);
}

Future<Unit> SimFile::StartWriteBack(uint64_t offset, uint64_t size) {
  auto fill = [&](DiskRequest& request) {
    request.offset = offset;
    request.size = size;
  };
  return Start<Unit>(DiskOperation::kStartWriteBack, fill, [](const DiskCall&) { return Unit{}; });
}

Future<absl::Status> SimFile::StartResize(DiskOperation operation, uint64_t size) {
  auto fill = [&](DiskRequest& request) { request.size = size; };
  auto finish = [this, operation](const DiskCall& answer) {
    return StatusOf(operation, answer.reply.error_number);
  };
  return Start<absl::Status>(operation, fill, finish);
}

Future<absl::Status> SimFile::Allocate(uint64_t size) {
  return StartResize(DiskOperation::kAllocate, size);
}

Future<absl::Status> SimFile::Truncate(uint64_t size) {
  return StartResize(DiskOperation::kTruncate, size);
}

Future<absl::StatusOr<uint64_t>> SimFile::Size() {
  auto finish = [this](const DiskCall& answer) -> absl::StatusOr<uint64_t> {
    const int error = answer.reply.error_number;
    if (error != 0) return StatusOf(DiskOperation::kSize, error);
    return answer.reply.value;
  };
  return Start<absl::StatusOr<uint64_t>>(
      DiskOperation::kSize, [](DiskRequest&) {}, finish);
}

Future<absl::StatusOr<std::unique_ptr<MappedWord>>> SimFile::MapWord(uint64_t offset) {
  using Result = absl::StatusOr<std::unique_ptr<MappedWord>>;
  auto fill = [&](DiskRequest& request) { request.offset = offset; };
  auto finish = [this, offset](const DiskCall& answer) -> Result {
    const DiskReply& reply = answer.reply;
    if (reply.error_number != 0) return StatusOf(DiskOperation::kMapWord, reply.error_number);
    absl::Status refused = CheckWordPlace(path_, offset, reply.value, reply.written);
    if (!refused.ok()) return refused;
    return std::make_unique<SimWord>(this, offset);
  };
  return Start<Result>(DiskOperation::kMapWord, fill, finish);
}

Future<absl::StatusOr<bool>> SimFile::StartLock(DiskOperation operation) {
  auto finish = [this, operation](const DiskCall& answer) -> absl::StatusOr<bool> {
    const int error = answer.reply.error_number;
    if (error != 0) return StatusOf(operation, error);
    return answer.reply.value != 0;
  };
  return Start<absl::StatusOr<bool>>(
      operation, [](DiskRequest&) {}, finish);
}

Future<absl::StatusOr<bool>> SimFile::TryLock() {
  CHECK(writable_) << "lock of " << path_ << ", which was opened to read";
  return StartLock(DiskOperation::kTryLock);
}

Future<absl::StatusOr<bool>> SimFile::IsLocked() { return StartLock(DiskOperation::kIsLocked); }

uint64_t SimWord::Load() const {
  WorldScope world;
  return file_->disk()->LoadWord(file_->number(), offset_);
}

bool SimWord::CompareExchange(uint64_t& expected, uint64_t desired) {
  WorldScope world;
  CHECK(file_->writable()) << "exchange in " << file_->path() << ", which was opened to read";
  return file_->disk()->ExchangeWord(file_->number(), offset_, expected, desired);
}

SimWatcher::SimWatcher(DiskClient* client, uint64_t watch) : client_(client), watch_(watch) {
  client_->AddWatcher(watch_, this);
}

SimWatcher::~SimWatcher() {
  CHECK(!waiting_.has_value()) << "a DirectoryWatcher was destroyed with a Next() in flight";
  client_->RemoveWatcher(watch_);
}

Future<absl::Status> SimWatcher::Next() {
  CHECK(!waiting_.has_value()) << "two Next() of one DirectoryWatcher";
  Promise<absl::Status> promise("change of a directory");
  Future<absl::Status> future = promise.future();
  if (stopped_) {
    promise.Set(absl::CancelledError("watch: stopped"));
  } else if (std::exchange(changed_, false)) {
    promise.Set(absl::OkStatus());
  } else {
    waiting_.emplace(std::move(promise));
  }
  return future;
}

void SimWatcher::Stop() {
  stopped_ = true;
  if (!waiting_.has_value()) return;
  Promise<absl::Status> promise = *std::move(waiting_);
  waiting_.reset();
  promise.Set(absl::CancelledError("watch: stopped"));
}

void SimWatcher::OnChange() {
  if (!waiting_.has_value()) {
    changed_ = true;
    return;
  }
  Promise<absl::Status> promise = *std::move(waiting_);
  waiting_.reset();
  promise.Set(absl::OkStatus());
}

}  // namespace tidelog::sim
