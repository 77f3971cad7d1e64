// ChannelLook: TERM, LOCK, names and newest manifest of a channel, and what is wrong with them.
#ifndef TIDELOG_IMPLS_FILE_CHANNEL_LOOK_H_
#define TIDELOG_IMPLS_FILE_CHANNEL_LOOK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "impls/file/inspect.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

struct ChannelLook {
  ChannelInfo info;
  std::vector<std::string> names;  // In the channel's directory, sorted.
  std::vector<Finding> damage;     // Of TERM and manifest.
};

// Errors: as ReadChannelInfo()'s, but for kCorrupt, which is damage here.  `files` must outlive it.
Future<absl::StatusOr<ChannelLook>> LookAtChannel(FileSystem* files, std::string directory,
                                                  std::string channel);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_CHANNEL_LOOK_H_
