// FileClaim: the claim of one channel's checkpoints in files.
#ifndef TIDELOG_IMPLS_CHECKPOINT_FILE_FILE_CLAIM_H_
#define TIDELOG_IMPLS_CHECKPOINT_FILE_FILE_CLAIM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "impls/checkpoint/file/channel_files.h"
#include "impls/checkpoint/file/checkpoint_format.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/io/file_system.h"
#include "wal/types.h"

namespace tidelog::impls::checkpoint {

// As CheckpointClaim.
//
// A change writes the whole content to a new file, durably, and then swaps the word in CURRENT from
// the file that counted to this one.  The swap is the compare-and-set: a writer that stopped in
// front of it, for however long, finds another word there when it goes on, if anybody has claimed
// meanwhile, and has changed nothing.  Nothing is locked, so who stops holds up nobody.
class FileClaim final : public CheckpointClaim {
 public:
  FileClaim(ChannelFiles channel, Term term) : channel_(std::move(channel)), term_(term) {}

  // As CheckpointStore::Claim().  Called once, before everything else.
  Future<absl::Status> Claim();

  const CheckpointSet& content() const override { return content_; }
  Future<absl::Status> Put(std::string name, Position position) override;
  Future<absl::Status> Remove(std::string name) override;
  Future<absl::Status> PutChain(std::string chain) override;

 private:
  // A file that does not count yet.
  struct NewFile {
    Version version;
    std::unique_ptr<File> file;
    uint64_t size = 0;
  };

  // Makes `next` count.  kChannelFenced: the word is not what it was.
  Future<absl::Status> Store(CheckpointSet next);
  Future<absl::StatusOr<NewFile>> MakeFile(uint64_t size);
  Future<absl::StatusOr<Version>> WriteFile(CheckpointSet next);
  Future<Unit> DropSuperseded();
  Future<Unit> PrepareSpare();
  Version NextVersion();
  absl::Status FencedError() const;

  const ChannelFiles channel_;
  const Term term_;
  std::unique_ptr<CurrentFile> current_;
  CheckpointSet content_;
  Version version_;                  // Of content_.
  std::optional<uint32_t> number_;   // The last one that a file of this term was made with.
  std::vector<Version> superseded_;  // May still count after a crash of the machine.
  // With room for the next content, so that checkpoints can be moved, and the log be truncated, on
  // a full disk.
  std::optional<NewFile> spare_;
};

}  // namespace tidelog::impls::checkpoint

#endif  // TIDELOG_IMPLS_CHECKPOINT_FILE_FILE_CLAIM_H_
