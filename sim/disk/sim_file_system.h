// SimFileSystem: the FileSystem of a simulated process, on the disk of its machine.
//
// Lies in the process's memory, as all that it hands out: when the process is killed they vanish,
// and the disk closes and unlocks what they stood for.
#ifndef TIDELOG_SIM_DISK_SIM_FILE_SYSTEM_H_
#define TIDELOG_SIM_DISK_SIM_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/disk/disk_client.h"
#include "sim/disk/sim_disk.h"
#include "sim/kernel/process.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::sim {

// Confined to the simulated thread.
class SimFileSystem final : public FileSystem {
 public:
  // Called as code of `process`.  `disk` outlives it.
  SimFileSystem(SimDisk* disk, Process* process) : client_(disk, process) {}
  // Requires: every file and watcher is gone, and no operation is in flight.
  ~SimFileSystem() override = default;

  Future<absl::StatusOr<std::unique_ptr<File>>> Open(std::string path, OpenMode mode) override;
  Future<absl::Status> Link(std::string from, std::string to) override;
  Future<absl::Status> Unlink(std::string path) override;
  Future<absl::StatusOr<std::vector<std::string>>> List(std::string path) override;
  Future<absl::Status> CreateDirectory(std::string path) override;
  Future<absl::Status> SyncDirectory(std::string path) override;
  Future<absl::StatusOr<FileSystemInfo>> Info(std::string path) override;
  Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> Watch(std::string path) override;

 private:
  Future<absl::Status> StartOnName(DiskOperation operation, std::string path);

  DiskClient client_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_DISK_SIM_FILE_SYSTEM_H_
