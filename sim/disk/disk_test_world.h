// DiskTestWorld: a kernel, one machine's disk, and processes on it, for tests.
//
//   DiskTestWorld world({.seed = 1});
//   DiskTestHost* host = world.Spawn("a");
//   File* file = host->Create("a", "0123");
//   EXPECT_THAT(host->Await([&] { return file->Sync(); }), IsOk());
#ifndef TIDELOG_SIM_DISK_DISK_TEST_WORLD_H_
#define TIDELOG_SIM_DISK_DISK_TEST_WORLD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/disk/disk_fault.h"
#include "sim/disk/sim_disk.h"
#include "sim/disk/sim_file_system.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/deep_copy.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/disk_operation.h"

namespace tidelog::sim {

// A process of the machine.  In the memory of the world; what it has lies in the process's.
class DiskTestHost {
 public:
  DiskTestHost(Kernel* kernel, SimDisk* disk, std::string_view name);
  // Ends the process, if it is alive, and fails the test if it leaves anything behind.
  ~DiskTestHost();

  Process* process() const { return process_; }
  Executor* executor() const { return program_->executor.get(); }
  FileSystem* files() const { return program_->files.get(); }

  // Runs the world until the future is ready.
  template <class F>
  auto Await(F make_future) {
    return Blocking(executor(), std::move(make_future));
  }

  // Only starts it: `result`, in the world, has what came of it once there is something.
  template <class F>
  void Go(F make_future, std::optional<absl::Status>* result) {
    process_->Enter([&] {
      Then<absl::Status>(make_future(), executor(), [result](absl::Status status) {
        WorldScope world;
        *result = DeepCopy(status);
      });
      return 0;
    });
  }

  // Files are the process's, and open until it ends or Close().
  absl::StatusOr<File*> Open(std::string_view path, OpenMode mode);
  File* MustOpen(std::string_view path, OpenMode mode);
  File* Create(std::string_view path, std::string_view contents = "");
  void Close(File* file);

  absl::Status Write(File* file, uint64_t offset, std::string_view bytes);
  WriteSyncResult WriteAndSync(File* file, uint64_t offset, std::string_view bytes);
  absl::StatusOr<std::string> Read(File* file, uint64_t offset, size_t size);
  absl::StatusOr<std::string> ReadDirect(File* file, uint64_t offset, size_t size);
  absl::Status Sync(File* file);
  absl::Status SyncDirectory(std::string_view path);
  absl::Status Link(std::string_view from, std::string_view to);
  absl::Status Unlink(std::string_view path);
  // Names, with blanks between them.
  std::string List(std::string_view path);

 private:
  struct Program {
    std::unique_ptr<SimFileSystem> files;
    std::unique_ptr<Executor> executor;
    std::vector<std::unique_ptr<File>> opened;
  };

  Kernel* const kernel_;
  Process* const process_;
  Program* program_ = nullptr;  // Gone with the process.
};

// One letter a sector of `bytes`: '-' for zeros, '!' for a torn one; and such bytes.
std::string Letters(std::string_view bytes);
std::string Sectors(std::string_view letters);

class DiskTestWorld {
 public:
  explicit DiskTestWorld(const Kernel::Options& options, const SimDisk::Options& disk_options = {})
      : kernel(options), disk(&kernel, disk_options) {}

  DiskTestHost* Spawn(std::string_view name) {
    hosts_.push_back(std::make_unique<DiskTestHost>(&kernel, &disk, name));
    return hosts_.back().get();
  }

  // The `nth` operation of this kind of a process, from 0, and no other has `verdict`.
  void FaultAt(const DiskTestHost* host, DiskOperation operation, uint64_t nth,
               DiskVerdict verdict);
  // The next one.
  void FaultNext(const DiskTestHost* host, DiskOperation operation, DiskVerdict verdict);
  // Runs until nothing is left to do but what waits for ever.
  void RunDry() {
    while (kernel.Step()) {
    }
  }

  Kernel kernel;
  SimDisk disk;

 private:
  std::vector<std::unique_ptr<DiskTestHost>> hosts_;
};

// What `run` returns over many seeds.
template <class Run>
std::set<std::string> Outcomes(Run run) {
  constexpr uint64_t kSeeds = 60;
  std::set<std::string> outcomes;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    DiskTestWorld world({.seed = seed});
    outcomes.insert(run(world));
  }
  return outcomes;
}

// What another process finds in a file.
std::string Found(DiskTestWorld& world, std::string_view path);

// A file that is there for good, with its name.
File* CreateDurably(DiskTestHost* host, std::string_view path, std::string_view contents);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_DISK_DISK_TEST_WORLD_H_
