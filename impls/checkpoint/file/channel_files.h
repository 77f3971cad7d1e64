// ChannelFiles: the directory of one channel's checkpoints, and CurrentFile: which file in it
// counts.
#ifndef TIDELOG_IMPLS_CHECKPOINT_FILE_CHANNEL_FILES_H_
#define TIDELOG_IMPLS_CHECKPOINT_FILE_CHANNEL_FILES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/checkpoint/file/checkpoint_format.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/io/file_system.h"
#include "wal/types.h"

namespace tidelog::impls::checkpoint {

// The file CURRENT, open, and the word in it.
class CurrentFile {
 public:
  CurrentFile(std::unique_ptr<File> file, std::unique_ptr<MappedWord> word)
      : file_(std::move(file)), word_(std::move(word)) {}

  MappedWord& word() { return *word_; }

 private:
  const std::unique_ptr<File> file_;  // Outlives the word.
  const std::unique_ptr<MappedWord> word_;
};

// A value.  Each method is an operation of its own; none claims anything.  Errors are those of a
// CheckpointStore, not done, unless they say something else.
class ChannelFiles {
 public:
  // `log_directory` is there.  `files` outlives this.
  ChannelFiles(FileSystem* files, std::string log_directory, std::string channel);

  const std::string& channel() const { return channel_; }
  FileSystem* files() const { return files_; }
  const std::string& directory() const { return directory_; }
  std::string PathOf(std::string_view name) const;

  // Opens CURRENT for writing, and makes it, and the directory, if it is missing.  All of it is
  // durable then.
  Future<absl::StatusOr<std::unique_ptr<CurrentFile>>> OpenOrMakeCurrent(Term term) const;

  // Opens CURRENT.  Null: it is missing, and no checkpoint was ever stored.
  Future<absl::StatusOr<std::unique_ptr<CurrentFile>>> OpenCurrent(OpenMode mode) const;

  // What counts now, and the word that says so.
  Future<absl::StatusOr<CheckpointSet>> ReadCurrent(CurrentFile* current, uint64_t* seen) const;

  // Unlinks what lower terms, and earlier lives of this one, have left.  Requires: `kept` is what
  // durably counts, or did.  What cannot be unlinked the next sweep finds.
  Future<Unit> Sweep(Version kept) const;

  // What a failed operation on files means.
  absl::Status StorageError(std::string_view what, const absl::Status& cause) const;
  // As above, of one that writes nothing: it does not need room, so what is exhausted passes.
  absl::Status ReadError(std::string_view what, const absl::Status& cause) const;

 private:
  Future<absl::Status> MakeDirectories() const;
  Future<absl::Status> MakeCurrent(Term term) const;
  Future<absl::StatusOr<std::string>> ReadWhole(std::string name) const;
  Future<absl::StatusOr<bool>> HasCheckpoints() const;
  // Whether there is a whole file with something in it.
  Future<absl::StatusOr<bool>> HasContent() const;
  // `owner_can_help`: what is damaged is no part of what a change of a claim stands on.
  absl::Status CorruptError(std::string_view what, bool owner_can_help) const;

  FileSystem* files_;
  std::string log_directory_;
  std::string channel_;
  std::string root_;       // Of all channels.
  std::string directory_;  // Of this one.
};

}  // namespace tidelog::impls::checkpoint

#endif  // TIDELOG_IMPLS_CHECKPOINT_FILE_CHANNEL_FILES_H_
