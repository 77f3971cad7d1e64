// What can go wrong with an operation on a simulated disk, as plain data.
//
// The disk asks a hook about each operation when it is about to take effect; who decides, by plan
// or at random, lives elsewhere.  A site is named by counters that do not depend on what other
// processes do: "the third sync of process 2".
#ifndef TIDELOG_SIM_DISK_DISK_FAULT_H_
#define TIDELOG_SIM_DISK_DISK_FAULT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "sim/kernel/process.h"
#include "wal/io/testing/disk_operation.h"
#include "wal/io/testing/sector_store.h"

namespace tidelog::sim {

// An operation about to take effect.  WriteAndSync() is two, a kWrite and, if that succeeds, a
// kSync.
struct DiskSite {
  uint64_t index = 0;       // Counts all operations on this disk, from 0.
  uint64_t of_process = 0;  // Counts those of this process, from 0.
  uint64_t of_kind = 0;     // Counts those of this process that are the same `operation`, from 0.
  DiskOperation operation{};
  ProcessId process{};
  std::string_view path;  // Of Link(): `from`.  Valid during the call of the hook.
  uint64_t offset = 0;    // Of reads, writes and words.
  uint64_t size = 0;      // Of reads and writes; of Allocate() and Truncate() the size asked for.
};

// What becomes of it; nothing special by default.
struct DiskVerdict {
  enum class Crash { kNone, kProcess, kMachine };
  enum class Progress { kNothing, kPart, kAll };
  enum class Stop { kNo, kBefore, kAfter };  // Of its effect.
  struct Misdirection {
    std::string path;  // Empty: the same file.
    uint64_t offset = 0;
  };

  // Not 0: it fails with it, as with the system call's errno.  A failing write does as much as
  // `progress` says, a failing sync what `sync` says, kSome by default; all others do nothing.
  int error_number = 0;

  // The process or the machine crashes in the operation, when `progress` is done.
  Crash crash = Crash::kNone;
  // Of a write kPart is a prefix, drawn by the disk; of anything else nothing or all.
  Progress progress = Progress::kPart;

  // Of a sync, of a file, a word or a directory: what it does, whatever it reports.  With no error,
  // anything but kDurable is a lie.  A file whose sync fails tells each other open file of it once,
  // at its next sync.  A kStartWriteBack that fails says nothing: the next sync of each does.
  std::optional<SyncFate> sync = std::nullopt;

  // A read yields what lies there.  A write is fine in the page cache, but what it made dirty goes
  // there on the medium, and never to its own place.
  std::optional<Misdirection> misdirect = std::nullopt;

  // Of kOpen (with creation), kLink, kUnlink, kCreateDirectory: the change of the name shows, and
  // no sync makes it durable.
  bool lose_name = false;

  // It takes so much longer.
  absl::Duration delay = absl::ZeroDuration();
  // It hangs, before its effect or with it done, until SimDisk::Release() or a crash.
  Stop hang = Stop::kNo;
  // Its process is paused (Kernel::Pause()) until somebody resumes it.
  Stop pause = Stop::kNo;
};

// Called in the memory of the world, outside of all processes' code; may call the kernel, but not
// the disk.  Must depend on its argument and on what was decided before, alone.
using DiskHook = absl::AnyInvocable<DiskVerdict(const DiskSite&)>;

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_DISK_DISK_FAULT_H_
