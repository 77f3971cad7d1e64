// LogDirectory: the directory that holds a file log: its marker, its channels.
#ifndef TIDELOG_IMPLS_FILE_LOG_DIRECTORY_H_
#define TIDELOG_IMPLS_FILE_LOG_DIRECTORY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/options.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// Makes the directory a log's, if it is missing (its parent is there) or empty, and checks that it
// is one: local, writable, marked.  Any number may do so at once.  `random` names what is private.
//   kInvalidArgument    it holds something else, or lies on a network or FUSE file system
//   kInner              of a newer format version; read-only; no permission; no parent
//   kCorrupt            the marker is damaged, or lost
//   kUnavailable, kResourceExhausted
Future<absl::Status> PrepareLogDirectory(FileSystem* files, FileOptions options, uint64_t random);

// The same for reading: changes nothing.  kChannelNotExist: there is no log.
Future<absl::Status> CheckLogDirectory(FileSystem* files, FileOptions options);

// Whether these files of a channel's directory were made by an owner, which had a TERM.
bool HadAnOwner(const std::vector<std::string>& names);
// Their names; if a TERM ought to be among them and is not, it is missing.  (A listing may miss one
// that comes meanwhile, and show what is made after it.)  Errors: the file system's.
Future<absl::StatusOr<std::vector<std::string>>> ListChannelFiles(FileSystem* files,
                                                                  std::string directory);
// What is said then.
absl::Status LostTermError(std::string_view channel, std::string_view dir);

// OK, unless a directory without a marker holds a channel: the marker is lost (kCorrupt).
Future<absl::Status> CheckMarkerIsNotLost(FileSystem* files, std::string dir);

// Makes a channel's directory, with a TERM in it, if it is missing.  All of it is durable then.
Future<absl::Status> PrepareChannel(FileSystem* files, std::string dir, std::string channel,
                                    uint64_t random);

// The channels of a log, sorted; those that cannot be read too.  None if there is no log.
Future<absl::StatusOr<std::vector<std::string>>> ListLogChannels(FileSystem* files,
                                                                 std::string dir);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_LOG_DIRECTORY_H_
