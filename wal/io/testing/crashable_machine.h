// The inside of CrashableFileSystem: one lock, one disk, and how an operation happens.
#ifndef TIDELOG_WAL_IO_TESTING_CRASHABLE_MACHINE_H_
#define TIDELOG_WAL_IO_TESTING_CRASHABLE_MACHINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"
#include "wal/io/blocking_call.h"
#include "wal/io/io_error.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/io/testing/disk_tree.h"

namespace tidelog {

// Safe from any thread.
class CrashableFileSystem::Machine {
 public:
  // Outcome of an operation, as its effect is told to bring it about.
  enum class Outcome { kDone, kPart, kFails };

  // A watcher's Next() to complete once the mutex is free.
  struct Wake {
    Promise<absl::Status> promise;
    absl::Status status;
  };

  // What the mutex guards.  Who has a World& holds the mutex.
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

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_CRASHABLE_MACHINE_H_
