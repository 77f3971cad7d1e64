#include "impls/file/manifest_store.h"

#include <span>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/names.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

// A manifest may grow by this much, some dozens of segments, and still fit into the spare.
constexpr uint64_t kSpareRoom = 4096;

Future<WriteSyncResult> WriteDurably(File* file, std::span<const std::span<const char>> pieces) {
  if (MutantIs(Mutant::kManifestNotSynced)) {
    WriteSyncResult unsynced;
    unsynced.write = co_await file->Write(0, pieces);
    co_return unsynced;
  }
  WriteSyncResult result = co_await file->WriteAndSync(0, pieces, Runtime::Urgency::kWhenIdle);
  co_return result;
}

}  // namespace

ManifestStore::ManifestStore(FileSystem* files, std::string directory, const TermFile* term,
                             Manifest newest)
    : files_(files),
      directory_(std::move(directory)),
      term_(term),
      number_(newest.name.term == term->owner().term ? newest.name.number : 0) {
  current_ = std::make_shared<const Manifest>(std::move(newest));
}

absl::Status ManifestStore::FencedError() const {
  return WalError(
      WalErrorCode::kChannelFenced,
      absl::StrCat("channel ", current_->channel, " opened as ", term_->owner().ToString(),
                   ": it was opened as ", term_->Load().ToString()));
}

Future<absl::StatusOr<ManifestStore::PrivateFile>> ManifestStore::MakePrivate(std::string bytes) {
  const TermWord& owner = term_->owner();
  const PrivateName name{owner.term, owner.incarnation, ++private_number_};
  PrivateFile made;
  made.path = PathOf(directory_, name.FileName());
  made.size = bytes.size();
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await files_->Open(made.path, OpenMode::kCreateExclusive);
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  made.file = *std::move(file);
  const std::span<const char> pieces[] = {std::span<const char>(bytes)};
  WriteSyncResult result = co_await WriteDurably(made.file.get(), pieces);
  if (result.ok()) co_return made;
  made.file.reset();
  (void)co_await files_->Unlink(made.path);  // Nobody reads private names.
  TIDELOG_CO_RETURN_IF_ERROR(result.write);
  co_return result.sync;
}

Future<absl::StatusOr<std::string>> ManifestStore::WritePrivate(std::string bytes) {
  if (spare_.has_value() && spare_->size >= bytes.size()) {
    PrivateFile spare = *std::move(spare_);
    spare_.reset();
    // It only gets shorter, and its blocks are there: a full disk does not matter.
    absl::Status cut = co_await spare.file->Truncate(bytes.size());
    WriteSyncResult result;
    if (cut.ok()) {
      const std::span<const char> pieces[] = {std::span<const char>(bytes)};
      result = co_await WriteDurably(spare.file.get(), pieces);
    }
    if (cut.ok() && result.ok()) co_return spare.path;
    // What a failed sync left in it cannot be trusted: never again.
    spare.file.reset();
    (void)co_await files_->Unlink(spare.path);
  }
  absl::StatusOr<PrivateFile> made = co_await MakePrivate(std::move(bytes));
  TIDELOG_CO_RETURN_IF_ERROR(made.status());
  co_return std::move(made->path);
}

Future<absl::Status> ManifestStore::Publish(Manifest next) {
  const std::string what = absl::StrCat("publish a manifest of channel ", current_->channel);
  next.name = {term_->owner().term, ++number_};
  next.incarnation = term_->owner().incarnation;
  if (!term_->StillOwner()) co_return FencedError();
  absl::StatusOr<std::string> path = co_await WritePrivate(EncodeManifest(next));
  if (!path.ok()) co_return StorageError(what, path.status());
  if (!term_->StillOwner()) {
    (void)co_await files_->Unlink(*path);
    co_return FencedError();
  }
  absl::Status linked = co_await Link(*path, std::move(next));
  (void)co_await files_->Unlink(*path);
  if (!linked.ok()) {
    if (!term_->StillOwner()) co_return FencedError();
    co_return linked;
  }
  if (!term_->StillOwner()) co_return FencedError();
  // From here on an acknowledgement may rely on it.
  absl::Status unlinked = co_await UnlinkOlder();
  if (!unlinked.ok()) co_return StorageError(what, unlinked);
  co_return absl::OkStatus();
}

Future<absl::Status> ManifestStore::Link(std::string private_path, Manifest next) {
  const std::string name = next.name.FileName();
  const std::string what = absl::StrCat("publish ", name, " of channel ", current_->channel);
  absl::Status linked = co_await files_->Link(private_path, PathOf(directory_, name));
  if (absl::IsAlreadyExists(linked)) {
    co_return WalError(WalErrorCode::kInner,
                       absl::StrCat(what, ": somebody else has made it, at the same term"));
  }
  if (linked.code() == absl::StatusCode::kResourceExhausted) co_return StorageError(what, linked);
  // Others may have seen it from now on, whatever the file system said.
  current_ = std::make_shared<const Manifest>(std::move(next));
  if (!linked.ok()) co_return StorageError(what, linked);
  if (MutantIs(Mutant::kManifestNameNotSynced)) co_return absl::OkStatus();
  absl::Status synced = co_await files_->SyncDirectory(directory_);
  if (!synced.ok()) co_return StorageError(what, synced);
  co_return absl::OkStatus();
}

// Older ones go before anything relies on the new one: if that is ever lost, the log has no
// manifest, which is noticed, and not an old one, which would not be.
Future<absl::Status> ManifestStore::UnlinkOlder() {
  absl::StatusOr<std::vector<std::string>> names = co_await files_->List(directory_);
  TIDELOG_CO_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    const std::optional<ManifestName> manifest = ManifestName::Parse(name);
    if (!manifest.has_value() || *manifest >= current_->name) continue;
    absl::Status unlinked = co_await files_->Unlink(PathOf(directory_, name));
    if (!absl::IsNotFound(unlinked)) TIDELOG_CO_RETURN_IF_ERROR(unlinked);
  }
  co_return absl::OkStatus();
}

Future<absl::Status> ManifestStore::PrepareSpare() {
  if (spare_.has_value()) co_return absl::OkStatus();
  std::string zeros(EncodeManifest(*current_).size() + kSpareRoom, '\0');
  absl::StatusOr<PrivateFile> made = co_await MakePrivate(std::move(zeros));
  TIDELOG_CO_RETURN_IF_ERROR(made.status());
  spare_ = *std::move(made);
  co_return absl::OkStatus();
}

Future<absl::Status> ManifestStore::DropSpare() {
  if (!spare_.has_value()) co_return absl::OkStatus();
  const std::string path = spare_->path;
  spare_.reset();
  absl::Status unlinked = co_await files_->Unlink(path);
  co_return unlinked;
}

}  // namespace tidelog::impls::file
