// ManifestStore: the owner's side of the manifests: publishing them, durably and in order.
#ifndef TIDELOG_IMPLS_FILE_MANIFEST_STORE_H_
#define TIDELOG_IMPLS_FILE_MANIFEST_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "impls/file/manifest.h"
#include "impls/file/term_file.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// Confined to one executor.  At most one operation at a time; SegmentChain sees to that.
class ManifestStore {
 public:
  // Publishes as the owner that `term` has claimed.  `newest` is what the log was found with; a new
  // log's has no segments and number 0.  `files` and `term` must outlive this.
  ManifestStore(FileSystem* files, std::string directory, const TermFile* term, Manifest newest);

  // The last one published, or tried so that others may have seen it.
  const std::shared_ptr<const Manifest>& current() const { return current_; }

  // Publishes `next` under the next name; name and incarnation are filled in.
  //
  // OK: it is durable, this was still the owner after that, and older ones are unlinked.  Errors:
  //   kChannelFenced      a higher term was found; `next` may be visible
  //   kResourceExhausted, kUnavailable    try again: either nothing happened, and current() is as
  //                       before, or others may have seen it, and current() is `next`
  //   kInner              it will fail again; like kUnavailable otherwise
  Future<absl::Status> Publish(Manifest next);

  // Makes the spare: a private file that is long enough for the next manifest, so that Publish()
  // needs no room.  No-op if there is one.  An error changes nothing.
  Future<absl::Status> PrepareSpare();

  bool has_spare() const { return spare_.has_value(); }

  // Unlinks the spare.
  Future<absl::Status> DropSpare();

  absl::Status FencedError() const;

 private:
  struct PrivateFile {
    std::string path;
    std::unique_ptr<File> file;
    uint64_t size = 0;
  };

  Future<absl::StatusOr<PrivateFile>> MakePrivate(std::string bytes);
  Future<absl::StatusOr<std::string>> WritePrivate(std::string bytes);
  Future<absl::Status> Link(std::string private_path, Manifest next);
  Future<absl::Status> UnlinkOlder();

  FileSystem* const files_;
  const std::string directory_;
  const TermFile* const term_;
  std::shared_ptr<const Manifest> current_;
  uint64_t number_;              // Of the last name tried in this term.
  uint64_t private_number_ = 0;  // Of the last private name used.
  std::optional<PrivateFile> spare_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_MANIFEST_STORE_H_
