// PosixFile: an open file of PosixFileSystem, and its words.
#ifndef TIDELOG_WAL_IO_POSIX_FILE_H_
#define TIDELOG_WAL_IO_POSIX_FILE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/one_at_a_time.h"
#include "wal/io/posix_descriptor.h"

namespace tidelog {

class PosixFile final : public File {
 public:
  // `runtime` must outlive this.
  PosixFile(Runtime* runtime, std::string path, PosixDescriptor descriptor, bool writable);

  const std::string& path() const override { return path_; }
  Future<absl::StatusOr<size_t>> Read(uint64_t offset, std::span<char> into) override;
  Future<absl::StatusOr<size_t>> ReadDirect(uint64_t offset, std::span<char> into) override;
  Future<absl::Status> Write(uint64_t offset,
                             std::span<const std::span<const char>> pieces) override;
  Future<absl::Status> Sync() override;
  Future<WriteSyncResult> WriteAndSync(uint64_t offset,
                                       std::span<const std::span<const char>> pieces,
                                       Runtime::Urgency urgency) override;
  Future<Unit> StartWriteBack(uint64_t offset, uint64_t size) override;
  Future<absl::Status> Allocate(uint64_t size) override;
  Future<absl::Status> Truncate(uint64_t size) override;
  Future<absl::StatusOr<uint64_t>> Size() override;
  Future<absl::StatusOr<std::unique_ptr<MappedWord>>> MapWord(uint64_t offset) override;
  Future<absl::StatusOr<bool>> TryLock() override;
  Future<absl::StatusOr<bool>> IsLocked() override;

 private:
  // The operations themselves, on a thread where they may block.
  absl::StatusOr<size_t> ReadDirectNow(uint64_t offset, std::span<char> into);
  absl::Status WriteNow(uint64_t offset, std::span<const std::span<const char>> pieces) const;
  absl::Status SyncNow() const;
  absl::Status AllocateNow(uint64_t size) const;
  absl::Status WriteZeros(uint64_t size) const;
  absl::StatusOr<std::unique_ptr<MappedWord>> MapWordNow(uint64_t offset);
  absl::StatusOr<int> DirectDescriptor();

  absl::Status Error(std::string_view operation) const;  // Of errno.
  template <class Call>
  auto Start(Call call);

  Runtime* const runtime_;
  const std::string path_;
  const PosixDescriptor descriptor_;
  const bool writable_;
  OneAtATime syncing_;

  // O_DIRECT belongs to an open file description, so direct reads have their own, opened by the
  // first of them.
  absl::Mutex direct_mutex_;
  PosixDescriptor direct_ ABSL_GUARDED_BY(direct_mutex_);
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_POSIX_FILE_H_
