// SimDisk: the disk and page cache of one simulated machine, in virtual time and with every fault.
//
//   SimDisk disk(&kernel, {});
//   Process* writer = kernel.Spawn("writer");
//   writer->Enter([&] { files = std::make_unique<SimFileSystem>(&disk, writer)...; });
//   disk.SetHook([](const DiskSite& site) { ... });
//
// An operation is copied from the process into the world, takes effect after a virtual latency as
// an event of the world, and is answered by another event of the process.  So operations in flight
// overtake one another, a process may be paused or die at each point between, and what it had in
// flight when it died was done, done in part, or not, by luck.
//
// The processes that ever used it are the processes of this machine: when one has died, its open
// files, locks, watchers and operations are gone before anybody can look.  README.md says what is
// modelled and what is not.
#ifndef TIDELOG_SIM_DISK_SIM_DISK_H_
#define TIDELOG_SIM_DISK_SIM_DISK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "sim/disk/disk_call.h"
#include "sim/disk/disk_fault.h"
#include "sim/disk/disk_model.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "wal/async/random_stream.h"
#include "wal/io/testing/disk_operation.h"
#include "wal/io/testing/sector_store.h"

namespace tidelog::sim {

// Confined to one thread.  In the memory of the world; the kernel outlives it, and takes no step
// once it is destroyed.
class SimDisk {
 public:
  // Evenly distributed, but for a quarter that takes the least.
  struct Latency {
    absl::Duration least;
    absl::Duration most;
  };
  struct Options {
    std::string name = "disk";  // Of its streams of random numbers.
    uint64_t tear_bytes = SectorStore::kSectorSize;
    Latency cached{absl::Nanoseconds(500), absl::Microseconds(30)};  // Done in the page cache.
    Latency device{absl::Microseconds(5), absl::Milliseconds(1)};    // Syncs and direct reads.
    // Of the writes over several pages, and of the lists of directories, so many in 1,000 take
    // effect in two steps, as Linux allows.
    uint64_t two_steps_in_1000 = 250;
  };

  SimDisk(Kernel* kernel, const Options& options);
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;
  ~SimDisk();

  // Null for none.
  void SetHook(DiskHook hook) { hook_ = std::move(hook); }

  // A power cut for the machine: kills its processes, and leaves of what is not durable what luck
  // leaves.  Outside of all processes' code.
  void CrashMachine();

  // Lets an operation that hangs go on; by the index of its site, or all.  False: it does not hang.
  bool Release(uint64_t index);
  void ReleaseAll();

  // From now on no hook is asked; what one has said of operations in flight and has not come yet
  // never comes, and what hangs goes on.
  void EndFaults();

  // Bytes in all, and for this user; less than is used is a full disk.
  void SetCapacity(uint64_t bytes) { model_.capacity_blocks = Blocks(bytes); }
  void SetQuota(uint64_t bytes) { model_.quota_blocks = Blocks(bytes); }
  // As after an error that made the kernel remount it: what is dirty stays in the page cache.
  void SetReadOnly(bool read_only) { model_.read_only = read_only; }

  // Memory pressure: what is clean is read from the device again.
  void DropCleanPages() { model_.DropCleanPages(); }
  // A latent error of the sector at `offset`: it cannot be read until it is rewritten.  It leaves
  // the page cache.  False: there is no such file, or nothing was written there.
  bool BreakSector(std::string_view path, uint64_t offset);
  // Flips bits of a byte on the medium, below the page cache.
  bool Rot(std::string_view path, uint64_t offset, uint8_t mask);
  // A write-back fails that nobody waits for; the next sync of each open file reports it.
  bool FailWriteBack(std::string_view path, int error_number, SyncFate fate);

  // Operations that took effect, or were asked about; what could fail in a run.
  uint64_t operation_count() const { return operation_count_; }
  // Operations that are not answered; those of dead processes do not count.
  size_t in_flight_count();
  size_t hung_count();
  // Files that are open.
  size_t open_count();
  uint64_t used_bytes() const { return model_.used_blocks() * SectorStore::kBlockSize; }

  // For SimFileSystem, in code of a process and under a WorldScope.

  // What tells this disk whose an operation is.
  uint32_t ClientOf(Process* process);
  // A blank request, to be filled and submitted at once.
  DiskRequest* Begin(uint32_t client, DiskOperation operation);
  void Submit(DiskRequest* request);
  uint64_t LoadWord(uint64_t file, uint64_t offset);
  bool ExchangeWord(uint64_t file, uint64_t offset, uint64_t& expected, uint64_t desired);
  void CloseFile(uint64_t file) { model_.CloseFile(file); }
  void CloseWatch(uint64_t watch) { model_.CloseWatch(watch); }
  void AttachWatch(uint64_t watch);
  void NoteTold(uint64_t watch) { model_.NoteTold(watch); }

 private:
  struct Client {
    Process* process = nullptr;
    bool buried = false;
    uint64_t operation_count = 0;
    std::array<uint64_t, kDiskOperationCount> kind_counts{};
  };
  // A call by number: what events hold.
  struct Handle {
    uint32_t slot;
    uint32_t generation;
  };

  static uint64_t Blocks(uint64_t bytes);
  static bool IsSync(DiskOperation operation);

  DiskCall* Find(Handle handle);
  static Handle HandleOf(const DiskCall& call) { return {call.slot, call.generation}; }
  void Plan(DiskCall* call, const Latency& latency);
  void PlanAt(DiskCall* call, absl::Duration when);
  absl::Duration Draw(const Latency& latency);

  // The life of a call, by its steps.
  void Arrive(Handle handle);
  void AskHook(DiskCall* call);
  bool StopsAt(DiskCall* call, DiskVerdict::Stop point);
  bool TakeEffect(DiskCall* call);
  bool TakesTwoSteps(const DiskCall& call);
  void ApplyFirstStep(DiskCall* call);
  void Fail(DiskCall* call);
  void ApplyPart(DiskCall* call, DiskVerdict::Progress progress);
  void Apply(DiskCall* call, const DiskModel::Effect& effect);
  DiskModel::Effect EffectOf(const DiskCall& call) const;
  void CrashIn(DiskCall* call);
  void Finish(DiskCall* call);
  void Answer(DiskCall* call);
  void Free(DiskCall* call);

  void BuryDead();
  void Bury(uint32_t client);
  void TellWatchers();
  void Note(uint64_t what, uint64_t payload);

  Kernel* const kernel_;
  const Options options_;
  RandomStream latency_;
  RandomStream luck_;
  DiskModel model_;
  DiskHook hook_;
  uint64_t operation_count_ = 0;
  std::vector<Client> clients_;
  std::vector<uint32_t> alive_;  // Clients that are not buried, in ascending order.
  std::vector<std::unique_ptr<DiskCall>> calls_;  // By slot.
  std::vector<uint32_t> free_slots_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_DISK_SIM_DISK_H_
