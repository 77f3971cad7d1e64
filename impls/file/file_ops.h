// Small steps on files that several parts of the file log take.
#ifndef TIDELOG_IMPLS_FILE_FILE_OPS_H_
#define TIDELOG_IMPLS_FILE_FILE_OPS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// "DIR/NAME".
std::string PathOf(std::string_view directory, std::string_view name);

// What a failed file operation means to the log.  kResourceExhausted: no room; kInner: it will fail
// again (a read-only file system, no permission, a directory that is gone); kCorrupt: `cause` is;
// else kUnavailable.
absl::Status StorageError(std::string_view what, const absl::Status& cause);

// The same of an operation that takes no room: what it lacks, descriptors or watches, passes, and
// so kUnavailable stands for kResourceExhausted.
absl::Status ReadError(std::string_view what, const absl::Status& cause);

// All bytes of a file.  kCorrupt: they are more than `bytes_max`.  Others: the file system's.
Future<absl::StatusOr<std::string>> ReadWholeFile(FileSystem* files, std::string path,
                                                  uint64_t bytes_max);

// Creates the file at `path`, writes `bytes` and syncs it; the name is not synced.
// ALREADY_EXISTS: nothing happened.  Other errors: part of a file may lie there.
Future<absl::Status> WriteNewFile(FileSystem* files, std::string path, std::string bytes);

// Makes a file appear whole: written and synced at `private_path`, then linked to `path`, and its
// `directory` synced.  OK also if `path` was there.  ALREADY_EXISTS: `private_path` is taken, and
// nothing happened.
Future<absl::Status> PublishFile(FileSystem* files, std::string directory, std::string private_path,
                                 std::string path, std::string bytes);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_FILE_OPS_H_
