// FileOptions: the settings of a file log.
#ifndef TIDELOG_IMPLS_FILE_OPTIONS_H_
#define TIDELOG_IMPLS_FILE_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "wal/types.h"

namespace tidelog::impls::file {

struct FileOptions {
  // What an acknowledgement waits for.
  enum class Sync {
    kAlways,       // The group's fdatasync.
    kUnsafeNever,  // Nothing: a crash of the machine loses what was acknowledged.  For tests.
  };
  // How a segment's blocks come to be before groups are written to it.  Measured on ext4: into
  // zeros that are on the disk already, a group of 1 KiB and its fdatasync take 140 us; into
  // reserved blocks 185 us, into a growing file 165 us, and from 4 KiB up the gap widens, as each
  // sync then commits the file's metadata too.
  enum class Preallocate { kZero, kReserve, kNone };

  std::string dir;                               // "dir", required: the log's directory.
  Sync sync = Sync::kAlways;                     // "sync": always, unsafe_never.
  uint64_t segment_bytes = 64u << 20;            // "segment_bytes": of a full-grown segment.
  Preallocate preallocate = Preallocate::kZero;  // "preallocate": zero, reserve, none.
  size_t read_ahead_bytes = 1u << 20;     // "read_ahead_bytes": what a scanner reads at once.
  size_t message_bytes_max = 16u << 20;   // "message_bytes_max": larger ones are kTooLarge.
  bool allow_remote_file_system = false;  // "allow_remote_file_system": true, false.

  // The first segment of an open is this long, each later one four times its predecessor, up to
  // segment_bytes: many idle channels cost little disk.
  uint64_t first_segment_bytes() const;
};

// kInvalidArgument: `dir` is missing, a key is unknown or a value bad; each by name.
absl::StatusOr<FileOptions> ParseFileOptions(const Config& config);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_OPTIONS_H_
