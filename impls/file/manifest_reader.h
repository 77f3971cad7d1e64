// Finding and reading the newest manifest of a channel.
#ifndef TIDELOG_IMPLS_FILE_MANIFEST_READER_H_
#define TIDELOG_IMPLS_FILE_MANIFEST_READER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/manifest.h"
#include "impls/file/names.h"
#include "impls/file/term_word.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// The highest manifest among the names of a directory.
std::optional<ManifestName> NewestManifest(const std::vector<std::string>& names);

// Whether a channel is known to have a manifest.
enum class Published { kYes, kNotKnown };

// Reads the newest manifest in `directory`; none if there is none, which is said of a channel that
// is known to have one only after many looks.  A bad newest one is refused, never skipped.  `files`
// must outlive the operation.
//   kCorrupt      damaged, or of another channel
//   kUnavailable  the file system failed, or manifests came faster than they could be read
//   kInner        of a newer format version; the directory cannot be read
Future<absl::StatusOr<std::optional<Manifest>>> ReadNewestManifest(FileSystem* files,
                                                                   std::string directory,
                                                                   std::string channel,
                                                                   Published published);

// Whoever publishes a manifest has owned the channel before.  kCorrupt: `owner`, which was loaded
// behind `newest`, says otherwise, and so is damaged, or an older one that was put back.
absl::Status CheckOwnerWord(const TermWord& owner, const Manifest& newest);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_MANIFEST_READER_H_
