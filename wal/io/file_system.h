// The file-system seam: every system call on files that a log makes.
//
// Production uses PosixFileSystem; tests and the simulator an imitation that loses unsynced
// sectors, tears writes and fails on request (testing/crashable_file_system.h).  The operations
// are Linux's, not an idealised store's: a log is correct only if it copes with what these promise:
//
//   * A write is durable after a later Sync() of the same file succeeded, not before,
//     and then only its bytes: a new name needs SyncDirectory() as well.
//   * After a failed Sync() the page cache may hold bytes, marked clean, that the device
//     never got, and a second Sync() may succeed without writing them.
//   * After a failed SyncDirectory() a name that it was to make durable may be so or not; the next
//     one that succeeds makes it so.  (A file system that cannot write its journal stops.)
//   * ReadDirect() sees the device.  It first writes dirty pages of the range back, of whichever
//     process, but flushes no volatile cache: what it read may still be lost.
//
// Paths are absolute or relative to the working directory, without "..".
#ifndef TIDELOG_WAL_IO_FILE_SYSTEM_H_
#define TIDELOG_WAL_IO_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"

namespace tidelog {

// Offsets, sizes and addresses given to ReadDirect() are multiples of this: no device asks for
// more.
inline constexpr size_t kDirectAlignment = 4096;

// What a write followed by a sync did.  The two failures differ: after a failed write the
// file may hold any part of the bytes; after a failed sync nothing of the file that was not
// durable before can be trusted, ever, though it reads well.
struct WriteSyncResult {
  absl::Status write;
  absl::Status sync;  // Only meaningful if `write` is OK.
  bool ok() const { return write.ok() && sync.ok(); }
};

// Eight bytes of a file, mapped and shared by all processes that map them.  Loads and
// exchanges are sequentially consistent, and ordered with the system calls around them.
// Safe from any thread.
//
// A mapping has no errors, only SIGBUS: if the file is cut below the word, the device cannot
// read it, or there is no room for a block to store into.  So never truncate such a file, write
// the word before it is mapped, and sync it while there is room.  (On copy-on-write file systems,
// btrfs and zfs, an exchange on a full disk may fault all the same.)
class MappedWord {
 public:
  virtual ~MappedWord() = default;  // Requires: no Sync() in flight.
  virtual uint64_t Load() const = 0;
  // Replaces `expected` by `desired`; false, and the present value in `expected`, if it was
  // another.  No DirectoryWatcher is told.  Requires: the file was opened to write.
  virtual bool CompareExchange(uint64_t& expected, uint64_t desired) = 0;
  // Makes what was exchanged durable, as File::Sync() does and with its failures.
  virtual Future<absl::Status> Sync() = 0;
};

// An open file.  Operations may be in flight together, from any executor; each completes
// exactly once.  Memory that a span names, a list of pieces too, must stay valid until then.
//
// Errors carry the code of absl::ErrnoToStatus() and name operation and path, as in
// "fdatasync a/b.seg: No space left on device":
//   RESOURCE_EXHAUSTED   no space, over quota, or out of descriptors (Open)
//   FAILED_PRECONDITION  not a directory, is a directory, not opened to write
//   PERMISSION_DENIED    no right to, or a read-only file system
//   others               the device
// A failed Write() may have written any part; of a failed Sync(), see above.
class File {
 public:
  // Requires: no operation in flight (or the file is in a Quarantine).  Closes the descriptor.
  virtual ~File() = default;

  virtual const std::string& path() const = 0;

  // Reads up to into.size() bytes; fewer only at the end of the file.
  virtual Future<absl::StatusOr<size_t>> Read(uint64_t offset, std::span<char> into) = 0;

  // As Read(), past the page cache.  INVALID_ARGUMENT: not aligned to kDirectAlignment.
  // UNIMPLEMENTED: this file has no direct reads (tmpfs before Linux 6.6; ext4 that journals data;
  // encrypted files): the caller decides.
  virtual Future<absl::StatusOr<size_t>> ReadDirect(uint64_t offset, std::span<char> into) = 0;

  // Writes all pieces, one behind the other, from `offset` on.  Not atomic: concurrent readers may
  // see any part.
  virtual Future<absl::Status> Write(uint64_t offset,
                                     std::span<const std::span<const char>> pieces) = 0;

  // Makes data, and the size needed to read them, durable (fdatasync).  A failure voids every write
  // that no earlier success covered.  Requires: no other Sync() or WriteAndSync() of this File, or
  // Sync() of a word of it, is in flight.  (Linux reports a failed write-back once an open file: of
  // two overlapping syncs one would take the error and the other yield OK for bytes that are lost.)
  virtual Future<absl::Status> Sync() = 0;

  // Write() and then, if it succeeded, Sync(), without a return to the executor in between: one hop
  // a group commit.  `urgency` as in Runtime::RunBlocking().
  virtual Future<WriteSyncResult> WriteAndSync(uint64_t offset,
                                               std::span<const std::span<const char>> pieces,
                                               Runtime::Urgency urgency) = 0;

  // Begins to write dirty pages of the range back, and does not wait for the device: a Sync() that
  // comes later has less to do, and so holds up other files' syncs for less long.  A hint: it makes
  // nothing durable, and what fails the Sync() reports.
  virtual Future<Unit> StartWriteBack(uint64_t offset, uint64_t size) = 0;

  // Reserves blocks for [0, size), so that writes there do not run out of space, and makes the
  // file at least that long; bytes not written read as zero.  Where a file system cannot reserve
  // (EOPNOTSUPP), zeros are written from the present end on, and holes below it stay holes.
  // Error: the size is anything between the old one and `size`.
  virtual Future<absl::Status> Allocate(uint64_t size) = 0;

  virtual Future<absl::Status> Truncate(uint64_t size) = 0;
  virtual Future<absl::StatusOr<uint64_t>> Size() = 0;

  // Maps the aligned eight bytes at `offset`.  The file must outlive the word.
  // INVALID_ARGUMENT: not aligned.  OUT_OF_RANGE: the file ends before.  FAILED_PRECONDITION: they
  // lie in a hole or are merely allocated (see MappedWord): write them first.
  virtual Future<absl::StatusOr<std::unique_ptr<MappedWord>>> MapWord(uint64_t offset) = 0;

  // Takes an advisory lock on the whole file that dies with this File or the process (an
  // open-file-description lock): false if another File holds it.  It tells tools about a live
  // writer; no safety rests on it.  Requires: the file was opened to write.
  virtual Future<absl::StatusOr<bool>> TryLock() = 0;
  // True if another File, of whichever process, holds the lock of TryLock().
  virtual Future<absl::StatusOr<bool>> IsLocked() = 0;
};

// Tells of changes to one directory: entries made, linked, removed, and files in it written to,
// by whichever process of this machine, but not what is stored through a MappedWord.
// Confined to the executor it was made on.
class DirectoryWatcher {
 public:
  virtual ~DirectoryWatcher() = default;  // Requires: no Next() in flight.
  // Ready when something has changed since the watcher was made or the last Next() became ready;
  // changes are merged and may be spurious, never missed.  At most one in flight. NOT_FOUND: the
  // directory is gone.  CANCELLED: stopped.
  virtual Future<absl::Status> Next() = 0;
  // Ends a Next() in flight, and any later one, with CANCELLED.
  virtual void Stop() = 0;
};

enum class OpenMode {
  kRead,             // NOT_FOUND if missing.
  kReadWrite,        // NOT_FOUND if missing.
  kCreateExclusive,  // Read and write; ALREADY_EXISTS if there.
};

struct FileSystemInfo {
  std::string type;    // "ext4" (also ext2 and 3), "nfs", "fuse", ...; "0x<magic>" if unknown.
  bool local = false;  // Of this machine's kernel: mappings and locks are shared, syncs are real.
  bool read_only = false;
  uint64_t free_bytes = 0;  // For this user.
};

// Safe from any thread.  Outlives its files and watchers.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Future<absl::StatusOr<std::unique_ptr<File>>> Open(std::string path, OpenMode mode) = 0;

  // Gives the file at `from` the second name `to`: ALREADY_EXISTS if that is taken, by whomever.
  virtual Future<absl::Status> Link(std::string from, std::string to) = 0;

  // Removes a name of a file; an open file lives on without it.  NOT_FOUND if missing.
  virtual Future<absl::Status> Unlink(std::string path) = 0;

  // Names in a directory, without "." and "..", sorted bytewise.  What is there during the whole
  // call is among them; of what is made or removed meanwhile, any part.  So two names of which the
  // second is linked before the first is unlinked may both be missed.
  virtual Future<absl::StatusOr<std::vector<std::string>>> List(std::string path) = 0;

  // ALREADY_EXISTS if there; NOT_FOUND if the parent is not.
  virtual Future<absl::Status> CreateDirectory(std::string path) = 0;

  // Makes the names in a directory durable, as they are now.
  virtual Future<absl::Status> SyncDirectory(std::string path) = 0;

  // About the file system that `path`, which must be there, lies on.
  virtual Future<absl::StatusOr<FileSystemInfo>> Info(std::string path) = 0;

  // Begins to watch a directory.  NOT_FOUND; RESOURCE_EXHAUSTED: over the system's limit of
  // watches.
  virtual Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> Watch(std::string path) = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_FILE_SYSTEM_H_
