// The inside of CrashableFileSystem: one lock, one disk, and what the processes hold of it.
#ifndef TIDELOG_WAL_IO_TESTING_CRASHABLE_MACHINE_H_
#define TIDELOG_WAL_IO_TESTING_CRASHABLE_MACHINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"
#include "wal/io/blocking_call.h"
#include "wal/io/file_system.h"
#include "wal/io/io_error.h"
#include "wal/io/one_at_a_time.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/io/testing/disk_tree.h"

namespace tidelog {

// What the members of the classes below that say "of the machine" are guarded by is its mutex;
// they are reached only with a World& in hand, which only the holder of the mutex has.
class CrashableFileSystem::Machine {
 public:
  // Outcome of an operation, as its effect is told to bring it about.
  enum class Outcome { kDone, kPart, kFails };

  // A watcher's Next() to complete once the mutex is free.
  struct Wake {
    Promise<absl::Status> promise;
    absl::Status status;
  };

  struct World {
    explicit World(uint64_t seed) : random(seed, "crashable file system") {}
    uint64_t FreeBlocks() const;
    void Notify(NodeId directory);

    DiskTree tree;
    RandomStream random;
    uint64_t capacity_blocks = 0;
    uint64_t operations = 0;
    FaultHook hook;
    std::vector<std::unique_ptr<Process>> processes;  // Dead ones too.
    std::vector<Watcher*> watchers;                   // Of living processes, oldest first.
    std::vector<Wake> wakes;
  };

  Machine(Runtime* runtime, const Options& options);

  Runtime* runtime() { return runtime_; }

  // Runs `access`, which is called with World&, under the lock; then wakes whom it wants to wake.
  template <typename Access>
  auto With(Access access) {
    std::vector<Wake> wakes;
    auto finish = [&wakes] {
      for (Wake& wake : wakes) wake.promise.Set(std::move(wake.status));
    };
    if constexpr (std::is_void_v<decltype(access(std::declval<World&>()))>) {
      {
        absl::MutexLock lock(&mutex_);
        access(world_);
        wakes.swap(world_.wakes);
      }
      finish();
    } else {
      auto result = [&] {
        absl::MutexLock lock(&mutex_);
        auto inner = access(world_);
        wakes.swap(world_.wakes);
        return inner;
      }();
      finish();
      return result;
    }
  }

  // One operation of `process`: asks the hook, and lets `effect(World&, Outcome)` happen or not.
  template <typename T, typename Effect>
  T Perform(Process* process, DiskOperation operation, std::string_view path, Effect& effect) {
    std::optional<T> unseen;  // Outlives the lock: to drop an opened file takes it.
    return With([&](World& world) -> T {
      const std::optional<DiskFault> fault = Arrive(world, process, operation, path);
      if (!fault.has_value()) return CrashedError(operation, path);
      if (fault->crash != DiskFault::Crash::kNone) {
        const std::optional<Outcome> outcome = BeforeCrash(world, operation, fault->progress);
        if (outcome.has_value()) unseen.emplace(effect(world, *outcome));
        Crash(world, fault->crash == DiskFault::Crash::kMachine ? nullptr : process);
        return CrashedError(operation, path);
      }
      if (fault->error_number == 0) return effect(world, Outcome::kDone);
      if (FailsHalfDone(operation)) unseen.emplace(effect(world, Outcome::kFails));
      return IoError(DiskOperationName(operation), path, fault->error_number);
    });
  }

  // As Perform(), where Runtime::RunBlocking() says.
  template <typename T, typename Effect>
  Future<T> Start(Process* process, DiskOperation operation, std::string path, Effect effect) {
    auto call = [this, process, operation, path = std::move(path),
                 effect = std::move(effect)]() mutable -> T {
      return Perform<T>(process, operation, path, effect);
    };
    return BlockingCall(runtime_, Runtime::Urgency::kWhenIdle, std::move(call));
  }

  // Ends `process`, or all of them and the machine if it is null.
  static void Crash(World& world, Process* process);

 private:
  // Nothing if the process is dead.
  static std::optional<DiskFault> Arrive(World& world, Process* process, DiskOperation operation,
                                         std::string_view path);
  static std::optional<Outcome> BeforeCrash(World& world, DiskOperation operation,
                                            DiskFault::Progress progress);
  static bool FailsHalfDone(DiskOperation operation);
  static absl::Status CrashedError(DiskOperation operation, std::string_view path);

  Runtime* const runtime_;
  absl::Mutex mutex_;
  World world_ ABSL_GUARDED_BY(mutex_);
};

// Members below are of the machine, but for those that are const.

class CrashableFileSystem::Process final : public FileSystem {
 public:
  explicit Process(Machine* machine) : machine(machine) {}

  Future<absl::StatusOr<std::unique_ptr<File>>> Open(std::string path, OpenMode mode) override;
  Future<absl::Status> Link(std::string from, std::string to) override;
  Future<absl::Status> Unlink(std::string path) override;
  Future<absl::StatusOr<std::vector<std::string>>> List(std::string path) override;
  Future<absl::Status> CreateDirectory(std::string path) override;
  Future<absl::Status> SyncDirectory(std::string path) override;
  Future<absl::StatusOr<FileSystemInfo>> Info(std::string path) override;
  Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> Watch(std::string path) override;

  Machine* const machine;
  bool alive = true;
  std::vector<OpenFile*> files;
  std::vector<Word*> words;
};

class CrashableFileSystem::OpenFile final : public File {
 public:
  using World = Machine::World;
  using Outcome = Machine::Outcome;

  // Counts itself among the openings of `node`.
  OpenFile(World& world, Process* process, std::string path, NodeId node, NodeId directory,
           bool writable);
  ~OpenFile() override;

  const std::string& path() const override { return path_; }
  Future<absl::StatusOr<size_t>> Read(uint64_t offset, std::span<char> into) override;
  Future<absl::StatusOr<size_t>> ReadDirect(uint64_t offset, std::span<char> into) override;
  Future<absl::Status> Write(uint64_t offset,
                             std::span<const std::span<const char>> pieces) override;
  Future<absl::Status> Sync() override;
  Future<WriteSyncResult> WriteAndSync(uint64_t offset,
                                       std::span<const std::span<const char>> pieces,
                                       Runtime::Urgency urgency) override;
  Future<absl::Status> Allocate(uint64_t size) override;
  Future<absl::Status> Truncate(uint64_t size) override;
  Future<absl::StatusOr<uint64_t>> Size() override;
  Future<absl::StatusOr<std::unique_ptr<MappedWord>>> MapWord(uint64_t offset) override;
  Future<absl::StatusOr<bool>> TryLock() override;
  Future<absl::StatusOr<bool>> IsLocked() override;

  // Gives up what the process holds by it.  Requires: the process is alive.
  void Release(World& world);
  DiskTree::Node& node(World& world) const { return world.tree.node(node_); }
  Future<absl::Status> StartSync(DiskOperation operation);

  Process* const process;
  const bool writable;

 private:
  absl::Status SyncEffect(World& world, Outcome outcome) const;
  absl::Status WriteEffect(World& world, Outcome outcome, uint64_t offset,
                           std::span<const std::span<const char>> pieces) const;
  Machine* machine() const { return process->machine; }

  const std::string path_;
  const NodeId node_;
  OneAtATime syncing_;
  const NodeId directory_;  // Where it was opened: whose watchers are told.
};

class CrashableFileSystem::Word final : public MappedWord {
 public:
  using World = Machine::World;

  Word(OpenFile* file, uint64_t offset);  // Under the machine's mutex.
  ~Word() override;

  uint64_t Load() const override;
  bool CompareExchange(uint64_t& expected, uint64_t desired) override;
  Future<absl::Status> Sync() override;

  // Makes it a private copy: its process has crashed.
  void Detach(World& world);

 private:
  uint64_t LoadLocked(World& world) const;

  OpenFile* const file_;
  Process* const process_;
  const uint64_t offset_;
  std::optional<uint64_t> copy_;  // Of a dead process.
};

class CrashableFileSystem::Watcher final : public DirectoryWatcher {
 public:
  using World = Machine::World;

  Watcher(World& world, Process* process, NodeId directory);
  ~Watcher() override;

  Future<absl::Status> Next() override;
  void Stop() override;

  void Notify(World& world);
  // Every Next() yields `status` from now on.
  void End(World& world, absl::Status status);

  Process* const process;
  const NodeId directory;

 private:
  bool changed_ = false;
  absl::Status ended_;
  std::optional<Promise<absl::Status>> waiting_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_CRASHABLE_MACHINE_H_
