// DiskClient: the process's side of operations on a SimDisk: who waits for which answer.
#ifndef TIDELOG_SIM_DISK_DISK_CLIENT_H_
#define TIDELOG_SIM_DISK_DISK_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "sim/disk/disk_call.h"
#include "sim/disk/sim_disk.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/process.h"
#include "sim/kernel/remote_calls.h"
#include "wal/async/block_pool.h"
#include "wal/async/future.h"
#include "wal/io/testing/disk_operation.h"

namespace tidelog::sim {

// In the memory of a process, confined to the simulated thread.
class DiskClient final : public RemoteTable {
 public:
  // Who is told of changes to a directory.
  class Watcher {
   public:
    virtual void OnChange() = 0;

   protected:
    ~Watcher() = default;
  };

  DiskClient(SimDisk* disk, Process* process);
  // Requires: no operation is in flight.
  ~DiskClient();

  SimDisk* disk() const { return disk_; }

  // Starts an operation: `fill(DiskRequest&)` says which, in the memory of the world;
  // `finish(const DiskCall&)` makes a T of its answer, in that of the process, and is destroyed
  // before the future is ready.
  template <class T, class Fill, class Finish>
  Future<T> Start(DiskOperation operation, Fill fill, Finish finish) {
    struct Waiting final : Call {
      explicit Waiting(Finish f) : finish(std::move(f)) {}
      Finish finish;
      Promise<T> promise{"disk operation"};
    };
    auto* waiting = PoolMake<Waiting>(std::move(finish));
    waiting->receive = [](Call* call, const DiskCall& answer) {
      auto* self = static_cast<Waiting*>(call);
      T result = self->finish(answer);
      Promise<T> promise = std::move(self->promise);
      PoolDestroy(self);
      promise.Set(std::move(result));
    };
    Future<T> future = waiting->promise.future();
    const CallToken token = Keep(waiting);
    WorldScope world;
    DiskRequest* request = disk_->Begin(client_, operation);
    request->token = token;
    fill(*request);
    disk_->Submit(request);
    return future;
  }

  // As code of the process that the token names: its operation was answered.
  static void Receive(Process* process, const CallToken& token, const DiskCall& answer);

  void AddWatcher(uint64_t watch, Watcher* watcher);
  void RemoveWatcher(uint64_t watch);
  // As code of the process that the token names: the directory has changed.
  static void Tell(Process* process, const CallToken& token, uint64_t watch);

 private:
  struct Call {
    void (*receive)(Call*, const DiskCall&) = nullptr;
  };

  CallToken Keep(Call* call);

  // Its address stands for this type of table.
  static constexpr char kType = 0;

  SimDisk* const disk_;
  const uint32_t client_;
  CallToken token_;           // With the number of this table.
  std::vector<Call*> calls_;  // By number; null if it is free.
  std::vector<uint64_t> free_calls_;
  size_t waiting_count_ = 0;
  absl::flat_hash_map<uint64_t, Watcher*> watchers_;  // By number; never iterated.
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_DISK_DISK_CLIENT_H_
