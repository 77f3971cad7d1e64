#include "impls/checkpoint/file/file_checkpoint_store.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "impls/checkpoint/file/channel_files.h"
#include "impls/checkpoint/file/file_claim.h"
#include "wal/base/status_macros.h"

namespace tidelog::impls::checkpoint {

FileCheckpointStore::FileCheckpointStore(FileSystem* files, std::string log_directory)
    : files_(files), log_directory_(std::move(log_directory)) {}

Future<absl::StatusOr<std::unique_ptr<CheckpointClaim>>> FileCheckpointStore::Claim(
    PChannel channel) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateForWriting(channel));
  auto claim =
      std::make_unique<FileClaim>(ChannelFiles(files_, log_directory_, channel.name), channel.term);
  absl::Status claimed = co_await claim->Claim();
  TIDELOG_CO_RETURN_IF_ERROR(claimed);
  co_return std::unique_ptr<CheckpointClaim>(std::move(claim));
}

Future<absl::StatusOr<CheckpointSet>> FileCheckpointStore::Read(std::string channel) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel));
  const ChannelFiles files(files_, log_directory_, channel);
  absl::StatusOr<std::unique_ptr<CurrentFile>> current =
      co_await files.OpenCurrent(OpenMode::kRead);
  TIDELOG_CO_RETURN_IF_ERROR(current.status());
  if (*current == nullptr) co_return CheckpointSet();
  uint64_t seen = 0;
  absl::StatusOr<CheckpointSet> set = co_await files.ReadCurrent(current->get(), &seen);
  co_return set;
}

}  // namespace tidelog::impls::checkpoint
