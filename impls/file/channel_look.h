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

enum class TermState {
  kGood,
  kBehind,      // It says an owner that is older than the newest manifest.
  kUnreadable,  // Missing where it should be there, or cut.
};

struct ChannelLook {
  ChannelInfo info;
  std::vector<std::string> names;  // In the channel's directory, sorted.
  std::vector<Finding> damage;     // Of TERM and manifest.
  TermState term = TermState::kGood;
  bool born = false;          // TERM says that there was a manifest once.
  bool bad_manifest = false;  // The newest one, or the only one is gone.
};

// Errors: as ReadChannelInfo()'s, but for kCorrupt, which is damage here.  `files` must outlive it.
Future<absl::StatusOr<ChannelLook>> LookAtChannel(FileSystem* files, std::string directory,
                                                  std::string channel);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_CHANNEL_LOOK_H_
