// What a simulated process holds of its disk: files, words and watchers.  Of SimFileSystem.
#ifndef TIDELOG_SIM_DISK_SIM_FILE_H_
#define TIDELOG_SIM_DISK_SIM_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/disk/disk_client.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/disk_operation.h"

namespace tidelog::sim {

// In the memory of the process, confined to the simulated thread.
class SimFile final : public File {
 public:
  // `number` is what the disk knows the open file by.
  SimFile(DiskClient* client, uint64_t number, std::string path, bool writable)
      : client_(client), number_(number), path_(std::move(path)), writable_(writable) {}
  ~SimFile() override;

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

  // `operation` is kSync or kSyncWord.
  Future<absl::Status> StartSync(DiskOperation operation);
  uint64_t number() const { return number_; }
  bool writable() const { return writable_; }
  SimDisk* disk() const { return client_->disk(); }

 private:
  // As DiskClient::Start().
  template <class T, class Fill, class Finish>
  Future<T> Start(DiskOperation operation, Fill fill, Finish finish);
  Future<absl::StatusOr<size_t>> StartRead(DiskOperation operation, uint64_t offset,
                                           std::span<char> into);
  Future<absl::StatusOr<bool>> StartLock(DiskOperation operation);
  Future<absl::Status> StartResize(DiskOperation operation, uint64_t size);
  void EnterSync();
  absl::Status StatusOf(DiskOperation operation, int error_number) const;

  DiskClient* const client_;
  const uint64_t number_;
  const std::string path_;
  const bool writable_;
  bool syncing_ = false;
  size_t in_flight_count_ = 0;
};

class SimWord final : public MappedWord {
 public:
  SimWord(SimFile* file, uint64_t offset) : file_(file), offset_(offset) {}

  uint64_t Load() const override;
  bool CompareExchange(uint64_t& expected, uint64_t desired) override;
  Future<absl::Status> Sync() override { return file_->StartSync(DiskOperation::kSyncWord); }

 private:
  SimFile* const file_;
  const uint64_t offset_;
};

class SimWatcher final : public DirectoryWatcher, private DiskClient::Watcher {
 public:
  SimWatcher(DiskClient* client, uint64_t watch);
  ~SimWatcher() override;

  Future<absl::Status> Next() override;
  void Stop() override;

 private:
  void OnChange() override;

  DiskClient* const client_;
  const uint64_t watch_;
  bool changed_ = false;
  bool stopped_ = false;
  std::optional<Promise<absl::Status>> waiting_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_DISK_SIM_FILE_H_
