#include "impls/checkpoint/file/channel_files.h"

#include <optional>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::checkpoint {
namespace {

// No channel's name begins with a dot: no log and no channel is in its way.
constexpr std::string_view kRootName = ".checkpoints";
constexpr int kTries = 100;

Future<absl::Status> MakeDirectory(FileSystem* files, std::string parent, std::string path) {
  absl::Status made = co_await files->CreateDirectory(path);
  if (!made.ok() && !absl::IsAlreadyExists(made)) co_return made;
  // Also if it was there: who made it may have stopped before this.
  absl::Status synced = co_await files->SyncDirectory(parent);
  co_return synced;
}

}  // namespace

ChannelFiles::ChannelFiles(FileSystem* files, std::string log_directory, std::string channel)
    : files_(files),
      log_directory_(std::move(log_directory)),
      channel_(std::move(channel)),
      root_(absl::StrCat(log_directory_, "/", kRootName)),
      directory_(absl::StrCat(root_, "/", channel_)) {}

std::string ChannelFiles::PathOf(std::string_view name) const {
  return absl::StrCat(directory_, "/", name);
}

absl::Status ChannelFiles::StorageError(std::string_view what, const absl::Status& cause) const {
  const std::string text = absl::StrCat(what, " of channel ", channel_);
  const WalErrorCode code = GetWalErrorCode(cause);
  if (code == WalErrorCode::kCorrupt || code == WalErrorCode::kInner) {
    return WalErrorFrom(code, text, cause);
  }
  switch (cause.code()) {
    case absl::StatusCode::kResourceExhausted:
      return WalErrorFrom(WalErrorCode::kResourceExhausted, text, cause);
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kCancelled:
      return WalErrorFrom(WalErrorCode::kInner, text, cause);
    default:
      return WalErrorFrom(WalErrorCode::kUnavailable, text, cause);
  }
}

absl::Status ChannelFiles::ReadError(std::string_view what, const absl::Status& cause) const {
  if (!absl::IsResourceExhausted(cause)) return StorageError(what, cause);
  return WalErrorFrom(WalErrorCode::kUnavailable, absl::StrCat(what, " of channel ", channel_),
                      cause);
}

absl::Status ChannelFiles::CorruptError(std::string_view what, bool owner_can_help) const {
  return WalError(
      WalErrorCode::kCorrupt,
      absl::StrCat("the checkpoints of channel ", channel_, ", ", what, " in ", directory_, ": ",
                   owner_can_help ? "if an owner of the channel lives, let it move any checkpoint, "
                                    "which writes all of them anew; else, "
                                  : "",
                   "with no writer, put back a copy of the directory, or remove it, which loses "
                   "the chain of backends too, and let each reader register its checkpoint again "
                   "before the log is truncated"));
}

Future<absl::Status> ChannelFiles::MakeDirectories() const {
  absl::Status made = co_await MakeDirectory(files_, log_directory_, root_);
  TIDELOG_CO_RETURN_IF_ERROR(made);
  absl::Status channel_made = co_await MakeDirectory(files_, root_, directory_);
  co_return channel_made;
}

// Whole under a private name, then linked: nobody sees a part of it.  Who lost the race to make it,
// or was taken for a leftover by one who won it, finds it at the next try.
Future<absl::Status> ChannelFiles::MakeCurrent(Term term) const {
  const std::string private_path = PathOf(PrivateName(term));
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await files_->Open(private_path, OpenMode::kCreateExclusive);
  if (absl::IsAlreadyExists(file.status())) {
    // Of an earlier life of this term: there are no two at a time.
    (void)co_await files_->Unlink(private_path);
    co_return absl::OkStatus();
  }
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  const std::string bytes = EmptyCurrent();
  const std::span<const char> pieces[] = {std::span<const char>(bytes)};
  WriteSyncResult written = co_await (*file)->WriteAndSync(0, pieces, Runtime::Urgency::kWhenIdle);
  absl::Status status = written.write.ok() ? written.sync : written.write;
  if (status.ok()) status = co_await files_->Link(private_path, PathOf(kCurrentName));
  (void)co_await files_->Unlink(private_path);
  if (absl::IsAlreadyExists(status) || absl::IsNotFound(status)) co_return absl::OkStatus();
  co_return status;
}

Future<absl::StatusOr<std::unique_ptr<CurrentFile>>> ChannelFiles::OpenOrMakeCurrent(
    Term term) const {
  const std::string what = "make the directory of the checkpoints";
  absl::Status made = co_await MakeDirectories();
  if (!made.ok()) co_return StorageError(what, made);
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<std::unique_ptr<CurrentFile>> current =
        co_await OpenCurrent(OpenMode::kReadWrite);
    TIDELOG_CO_RETURN_IF_ERROR(current.status());
    if (*current != nullptr) {
      // Nothing may be stored behind a name that is not durable.
      absl::Status synced = co_await files_->SyncDirectory(directory_);
      if (!synced.ok()) co_return StorageError(what, synced);
      co_return current;
    }
    made = co_await MakeCurrent(term);
    if (!made.ok()) co_return StorageError(what, made);
  }
  co_return StorageError(what, absl::UnavailableError("it vanishes as often as it is made"));
}

Future<absl::StatusOr<bool>> ChannelFiles::HasCheckpoints() const {
  absl::StatusOr<std::vector<std::string>> names = co_await files_->List(directory_);
  if (absl::IsNotFound(names.status())) co_return false;
  TIDELOG_CO_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    if (Version::Parse(name).has_value()) co_return true;
  }
  co_return false;
}

Future<absl::StatusOr<std::unique_ptr<CurrentFile>>> ChannelFiles::OpenCurrent(
    OpenMode mode) const {
  const std::string what = "look for the checkpoints";
  bool has_checkpoints = false;
  absl::StatusOr<std::unique_ptr<File>> file = co_await files_->Open(PathOf(kCurrentName), mode);
  if (absl::IsNotFound(file.status())) {
    absl::StatusOr<bool> others = co_await HasCheckpoints();
    if (!others.ok()) co_return ReadError(what, others.status());
    if (!*others) co_return std::unique_ptr<CurrentFile>();
    // Or it was made between the two looks.
    has_checkpoints = true;
    file = co_await files_->Open(PathOf(kCurrentName), mode);
  }
  if (absl::IsNotFound(file.status()) && has_checkpoints) {
    co_return CorruptError("whose file CURRENT is missing,", /*owner_can_help=*/false);
  }
  if (!file.ok()) co_return ReadError(what, file.status());
  std::string magic(kCurrentMagic.size(), '\0');
  absl::StatusOr<size_t> read =
      co_await (*file)->Read(kCurrentSize - kCurrentMagic.size(), std::span<char>(magic));
  if (!read.ok()) co_return ReadError(what, read.status());
  if (*read < magic.size() || magic != kCurrentMagic) {
    co_return CorruptError("whose file CURRENT is damaged,", /*owner_can_help=*/false);
  }
  absl::StatusOr<std::unique_ptr<MappedWord>> word = co_await (*file)->MapWord(0);
  if (absl::IsOutOfRange(word.status()) || absl::IsFailedPrecondition(word.status())) {
    co_return CorruptError("whose file CURRENT is damaged,", /*owner_can_help=*/false);
  }
  if (!word.ok()) co_return ReadError(what, word.status());
  co_return std::make_unique<CurrentFile>(*std::move(file), *std::move(word));
}

Future<absl::StatusOr<std::string>> ChannelFiles::ReadWhole(std::string name) const {
  absl::StatusOr<std::unique_ptr<File>> file = co_await files_->Open(PathOf(name), OpenMode::kRead);
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  absl::StatusOr<uint64_t> size = co_await (*file)->Size();
  TIDELOG_CO_RETURN_IF_ERROR(size.status());
  if (*size > kCheckpointFileMax) {
    co_return WalError(WalErrorCode::kCorrupt, absl::StrCat(name, ": ", *size, " bytes"));
  }
  std::string bytes(*size, '\0');
  absl::StatusOr<size_t> read = co_await (*file)->Read(0, std::span<char>(bytes));
  TIDELOG_CO_RETURN_IF_ERROR(read.status());
  bytes.resize(*read);
  co_return bytes;
}

Future<absl::StatusOr<bool>> ChannelFiles::HasContent() const {
  absl::StatusOr<std::vector<std::string>> names = co_await files_->List(directory_);
  TIDELOG_CO_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    const std::optional<Version> version = Version::Parse(name);
    if (!version.has_value()) continue;
    absl::StatusOr<std::string> bytes = co_await ReadWhole(name);
    const absl::StatusOr<CheckpointSet> set =
        bytes.ok() ? DecodeCheckpoints(channel_, *version, *bytes) : bytes.status();
    // What never counted may be in parts, or go meanwhile.
    if (absl::IsNotFound(set.status())) continue;
    if (GetWalErrorCode(set.status()) == WalErrorCode::kCorrupt) continue;
    TIDELOG_CO_RETURN_IF_ERROR(set.status());
    if (!set->checkpoints.empty() || !set->chain.empty()) co_return true;
  }
  co_return false;
}

Future<absl::StatusOr<CheckpointSet>> ChannelFiles::ReadCurrent(CurrentFile* current,
                                                                uint64_t* seen) const {
  while (true) {
    *seen = current->word().Load();
    const Version version = Version::Unpack(*seen);
    if (*seen == 0) {
      // Nobody stores anything before a claim of his own has counted, durably.
      absl::StatusOr<bool> has_content = co_await HasContent();
      if (current->word().Load() != *seen) continue;
      if (!has_content.ok()) co_return ReadError("look for the checkpoints", has_content.status());
      if (!*has_content) co_return CheckpointSet();
      co_return CorruptError("beside which CURRENT says that there never were any,",
                             /*owner_can_help=*/false);
    }
    absl::StatusOr<std::string> bytes = co_await ReadWhole(version.FileName());
    absl::StatusOr<CheckpointSet> set =
        bytes.ok() ? DecodeCheckpoints(channel_, version, *bytes) : bytes.status();
    if (set.ok()) co_return set;
    // A file goes only when the word has left it: then another one counts.
    if (current->word().Load() != *seen) continue;
    if (absl::IsNotFound(set.status())) {
      co_return CorruptError(
          absl::StrCat("which CURRENT says are in ", version.FileName(), ": that file is missing,"),
          /*owner_can_help=*/true);
    }
    if (GetWalErrorCode(set.status()) == WalErrorCode::kCorrupt) {
      co_return CorruptError(absl::StrCat("which are damaged (", set.status().message(), "),"),
                             /*owner_can_help=*/true);
    }
    co_return ReadError("read the checkpoints", set.status());
  }
}

// A claimer of a higher term may be about to make what it has written count; of this term and lower
// ones nobody is: the word has this term in it, or a higher one, for good.
Future<Unit> ChannelFiles::Sweep(Version kept) const {
  absl::StatusOr<std::vector<std::string>> names = co_await files_->List(directory_);
  if (!names.ok()) co_return Unit{};
  for (const std::string& name : *names) {
    const std::optional<Version> version = Version::Parse(name);
    const std::optional<Term> maker = ParsePrivateName(name);
    const bool left = (version && version->term <= kept.term && *version != kept) ||
                      (maker && *maker <= kept.term);
    if (left) (void)co_await files_->Unlink(PathOf(name));
  }
  co_return Unit{};
}

}  // namespace tidelog::impls::checkpoint
