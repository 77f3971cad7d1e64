// CrashableFileSystem: the disk of one machine, in memory, for tests of what is left when a process
// or the machine stops, a sync fails or the disk is full.
//
//   CrashableFileSystem disk(&runtime, {.seed = 7});
//   FileSystem* writer = disk.NewProcess();
//   disk.SetFaultHook(CrashAt(12, DiskFault::Crash::kMachine));
//   ...                      // The writer works until its operations end with CANCELLED.
//   FileSystem* survivor = disk.NewProcess();
//
// What it models, beside what file_system.h promises:
//   * A process crash ends its operations, files, words, locks and watchers.  The page cache lives.
//   * A machine crash ends all processes, and of each sector that was written and not synced any
//     version since the last sync is left; likewise of each name, until its directory is synced.
//   * A failed sync leaves each dirty sector written or lost, but clean: it still reads well, a
//     second sync succeeds, and a direct read, DropCleanPages() or a crash shows the loss.  A
//     failed SyncDirectory() does the same to names.
//   * Bytes that a direct read pushed out lie in the device's volatile cache.
//   * Space is taken in blocks of 4 KiB.  A write that does not fit is done as far as it does.
// Not modelled: misdirected writes, rot, hung operations; that a sync flushes other files' bytes
// from the device's cache, and that a failed one is reported to each open file (here: to the caller
// only).
//
// Operations take effect one at a time, each in one step, when Runtime::RunBlocking() runs them;
// so under a seeded runtime they take virtual time and overtake one another.
#ifndef TIDELOG_WAL_IO_TESTING_CRASHABLE_FILE_SYSTEM_H_
#define TIDELOG_WAL_IO_TESTING_CRASHABLE_FILE_SYSTEM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "wal/async/runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/disk_operation.h"  // IWYU pragma: export

namespace tidelog {

// An operation about to take effect.
struct DiskEvent {
  uint64_t index = 0;  // Counts all operations of all processes, from 0.
  DiskOperation operation{};
  std::string_view path;          // Of Link(): `from`.  Valid during the call of the hook.
  FileSystem* process = nullptr;  // Whose it is.
};

// What becomes of it; nothing special by default.
struct DiskFault {
  enum class Crash { kNone, kProcess, kMachine };
  enum class Progress { kNothing, kPart, kAll };

  // Not 0: the operation fails with it, as with the system call's errno.  A failing write does a
  // prefix, a failing sync loses what it may, all others do nothing.
  int error_number = 0;

  // The process or the machine crashes in the operation, when this much of it is done: of a write
  // kPart is a prefix, of anything else either nothing or all.  Nobody is told that it was done.
  Crash crash = Crash::kNone;
  Progress progress = Progress::kNothing;
};

// Safe from any thread, except that NewProcess() and the crashes must not be called by the hook.
// Repeats itself exactly under a deterministic runtime.  Outlives everything opened on it.
class CrashableFileSystem {
 public:
  struct Options {
    uint64_t seed = 1;
    uint64_t capacity_bytes = uint64_t{1} << 40;
  };
  using FaultHook = std::function<DiskFault(const DiskEvent&)>;

  // An empty root directory, which is the working directory of all.  `runtime` must outlive this.
  CrashableFileSystem(Runtime* runtime, Options options);
  CrashableFileSystem(const CrashableFileSystem&) = delete;
  CrashableFileSystem& operator=(const CrashableFileSystem&) = delete;
  // Requires: every file and watcher is gone, and no operation is in flight.
  ~CrashableFileSystem();

  // The file system as one more process sees it.  Owned by this, also when it has crashed.
  FileSystem* NewProcess();

  // Ends a process.  Its operations, those in flight too, end with CANCELLED and do nothing; its
  // words are private copies from now on.  Its code may so run to its end without touching the
  // disk.
  void CrashProcess(FileSystem* process);

  // Ends all processes, and loses what is not durable, as the seed decides.
  void CrashMachine();

  // False once `process` has crashed.
  bool IsAlive(const FileSystem* process) const;

  // Called before each operation of a living process takes effect; null for none.
  void SetFaultHook(FaultHook hook);

  // How many operations there were: a run without faults tells a test at how many it can crash.
  uint64_t operation_count() const;

  // A capacity below what is used is a full disk.
  void SetCapacity(uint64_t bytes);
  uint64_t used_bytes() const;

  // Memory pressure: everything clean is read from the device again.
  void DropCleanPages();

 private:
  class Machine;
  class Process;
  class OpenFile;
  class Word;
  class Watcher;
  const std::unique_ptr<Machine> machine_;
};

// Hooks for the usual cases.  The one operation with this index:
CrashableFileSystem::FaultHook CrashAt(
    uint64_t index, DiskFault::Crash crash,
    DiskFault::Progress progress = DiskFault::Progress::kNothing);
CrashableFileSystem::FaultHook FailAt(uint64_t index, int error_number);
// Each `operation` with probability numerator / denominator, drawn from a stream of its own.
CrashableFileSystem::FaultHook FailSometimes(uint64_t seed, DiskOperation operation,
                                             uint64_t numerator, uint64_t denominator,
                                             int error_number);

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_CRASHABLE_FILE_SYSTEM_H_
