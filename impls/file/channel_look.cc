#include "impls/file/channel_look.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/log_directory.h"
#include "impls/file/manifest_reader.h"
#include "impls/file/names.h"
#include "impls/file/term_file.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

Finding Damage(std::string_view file, std::string sentence) {
  Finding finding;
  finding.severity = Severity::kCorrupt;
  finding.file = std::string(file);
  finding.sentence = std::move(sentence);
  return finding;
}

Future<absl::Status> LookAtManifest(FileSystem* files, std::string directory, ChannelLook* look) {
  absl::StatusOr<std::optional<Manifest>> manifest =
      co_await ReadNewestManifest(files, directory, look->info.channel, Published::kYes);
  const bool damaged = GetWalErrorCode(manifest.status()) == WalErrorCode::kCorrupt;
  if (!manifest.ok() && !damaged) co_return manifest.status();
  // Listed behind it, so that what it lists is there if it is anywhere.
  absl::StatusOr<std::vector<std::string>> names = co_await files->List(directory);
  TIDELOG_CO_RETURN_IF_ERROR(names.status());
  look->names = *std::move(names);
  if (damaged) {
    const std::optional<ManifestName> newest = NewestManifest(look->names);
    look->damage.push_back(Damage(newest.has_value() ? newest->FileName() : "manifest",
                                  std::string(manifest.status().message())));
    look->bad_manifest = true;
  } else {
    look->info.manifest = *std::move(manifest);
  }
  co_return absl::OkStatus();
}

// Behind LookAtManifest(): terms only grow, so that a claim in between does no harm.
Future<absl::Status> LookAtTerm(FileSystem* files, std::string directory, ChannelLook* look) {
  const std::optional<Manifest>& manifest = look->info.manifest;
  const bool published = NewestManifest(look->names).has_value();
  absl::StatusOr<std::unique_ptr<TermFile>> term =
      co_await TermFile::Open(files, directory, OpenMode::kRead);
  if (!term.ok()) look->term = TermState::kUnreadable;
  if (absl::IsNotFound(term.status())) {
    if (HadAnOwner(look->names)) look->damage.push_back(Damage(kTermName, "the file is missing"));
    co_return absl::OkStatus();
  }
  const bool damaged = GetWalErrorCode(term.status()) == WalErrorCode::kCorrupt;
  if (damaged || absl::IsFailedPrecondition(term.status())) {
    look->damage.push_back(Damage(kTermName, std::string(term.status().message())));
    co_return absl::OkStatus();
  }
  TIDELOG_CO_RETURN_IF_ERROR(term.status());
  const TermWord owner = (*term)->Load();
  look->info.owner = owner;
  look->born = (*term)->born();
  if (manifest.has_value()) {
    const absl::Status owned = CheckOwnerWord(owner, *manifest);
    if (!owned.ok()) {
      look->term = TermState::kBehind;
      look->damage.push_back(Damage(kTermName, std::string(owned.message())));
    }
  }
  if (look->born && !published) {
    look->bad_manifest = true;
    look->damage.push_back(Damage("manifest", "none is there, and there was one"));
  }
  co_return absl::OkStatus();
}

Future<absl::Status> LookAtLock(FileSystem* files, std::string directory, ChannelLook* look) {
  absl::StatusOr<std::unique_ptr<File>> lock =
      co_await files->Open(PathOf(directory, kLockName), OpenMode::kRead);
  if (absl::IsNotFound(lock.status())) co_return absl::OkStatus();
  TIDELOG_CO_RETURN_IF_ERROR(lock.status());
  absl::StatusOr<bool> locked = co_await (*lock)->IsLocked();
  TIDELOG_CO_RETURN_IF_ERROR(locked.status());
  look->info.live = *locked;
  co_return absl::OkStatus();
}

}  // namespace

Future<absl::StatusOr<ChannelLook>> LookAtChannel(FileSystem* files, std::string directory,
                                                  std::string channel) {
  ChannelLook look;
  look.info.channel = channel;
  absl::StatusOr<std::vector<std::string>> names = co_await files->List(directory);
  if (absl::IsNotFound(names.status()) || absl::IsFailedPrecondition(names.status())) {
    co_return WalErrorFrom(WalErrorCode::kChannelNotExist,
                           absl::StrCat("inspect channel ", channel), names.status());
  }
  TIDELOG_CO_RETURN_IF_ERROR(names.status());
  // First the lock: an owner that comes later begins with a claim, and writes to no segment of
  // before.
  absl::Status status = co_await LookAtLock(files, directory, &look);
  TIDELOG_CO_RETURN_IF_ERROR(status);
  status = co_await LookAtManifest(files, directory, &look);
  TIDELOG_CO_RETURN_IF_ERROR(status);
  status = co_await LookAtTerm(files, directory, &look);
  TIDELOG_CO_RETURN_IF_ERROR(status);
  co_return look;
}

}  // namespace tidelog::impls::file
