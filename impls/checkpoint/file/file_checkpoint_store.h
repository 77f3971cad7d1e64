// FileCheckpointStore: checkpoints in files, beside the file log whose readers they are.
//
//   DIR/.checkpoints/CHANNEL/CURRENT                  which of the others counts
//   DIR/.checkpoints/CHANNEL/checkpoints-TERM-NUMBER  all checkpoints of the channel
//
// wal/doc/checkpoint_format.md shows the bytes, README.md why it is right.
#ifndef TIDELOG_IMPLS_CHECKPOINT_FILE_FILE_CHECKPOINT_STORE_H_
#define TIDELOG_IMPLS_CHECKPOINT_FILE_FILE_CHECKPOINT_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/io/file_system.h"
#include "wal/types.h"

namespace tidelog::impls::checkpoint {

// As CheckpointStore.  Any number of them, in whichever processes of a machine, share a directory.
class FileCheckpointStore final : public CheckpointStore {
 public:
  // Makes nothing before the first claim.  `log_directory` is there by then, on a local file
  // system, as a file log wants it.  `files` outlives this.
  FileCheckpointStore(FileSystem* files, std::string log_directory);

  Future<absl::StatusOr<std::unique_ptr<CheckpointClaim>>> Claim(PChannel channel) override;
  Future<absl::StatusOr<CheckpointSet>> Read(std::string channel) override;

 private:
  FileSystem* const files_;
  const std::string log_directory_;
};

}  // namespace tidelog::impls::checkpoint

#endif  // TIDELOG_IMPLS_CHECKPOINT_FILE_FILE_CHECKPOINT_STORE_H_
