#include "impls/file/manifest_reader.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

// A hundred bytes a segment, so this is room for millions.
constexpr uint64_t kManifestBytesMax = uint64_t{1} << 30;
// An owner publishes a few manifests a second at the very most.
constexpr int kTries = 100;
// How many listings must miss a manifest that ought to be there, until it counts as lost: each time
// another one may have been linked, and the one before it unlinked, behind the listing's back.
constexpr int kMissesMax = 50;

absl::StatusOr<Manifest> Decode(const std::string& channel, const ManifestName& name,
                                const std::string& bytes) {
  absl::StatusOr<Manifest> manifest = DecodeManifest(bytes);
  absl::Status status = manifest.status();
  if (status.ok()) status = CheckManifest(*manifest);
  if (status.ok() && (manifest->name != name || manifest->channel != channel)) {
    status = WalError(WalErrorCode::kCorrupt,
                      absl::StrCat("manifest: it says that it is ", manifest->name.FileName(),
                                   " of channel ", manifest->channel));
  }
  if (status.ok()) return manifest;
  return WalErrorFrom(GetWalErrorCode(status),
                      absl::StrCat("read ", name.FileName(), " of channel ", channel), status);
}

}  // namespace

std::optional<ManifestName> NewestManifest(const std::vector<std::string>& names) {
  std::optional<ManifestName> newest;
  for (const std::string& name : names) {
    const std::optional<ManifestName> parsed = ManifestName::Parse(name);
    if (parsed.has_value() && (!newest.has_value() || *newest < *parsed)) newest = parsed;
  }
  return newest;
}

Future<absl::StatusOr<std::optional<Manifest>>> ReadNewestManifest(FileSystem* files,
                                                                   std::string directory,
                                                                   std::string channel,
                                                                   Published published) {
  // A listing may miss a manifest that is linked, and the one before it that is unlinked,
  // meanwhile: only what two listings in a row agree on is the newest.
  std::optional<ManifestName> before;
  bool listed_before = false;
  int misses_left = published == Published::kYes ? kMissesMax : 0;
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<std::vector<std::string>> names = co_await files->List(directory);
    if (!names.ok()) {
      co_return ReadError(absl::StrCat("list channel ", channel), names.status());
    }
    const std::optional<ManifestName> newest = NewestManifest(*names);
    const bool agreed = listed_before && newest == before;
    before = newest;
    listed_before = true;
    if (!agreed) continue;
    if (!newest.has_value() && misses_left-- > 0) continue;
    if (!newest.has_value()) co_return std::optional<Manifest>();
    absl::StatusOr<std::string> bytes =
        co_await ReadWholeFile(files, PathOf(directory, newest->FileName()), kManifestBytesMax);
    if (absl::IsNotFound(bytes.status())) continue;  // A newer one has replaced it.
    if (!bytes.ok()) {
      co_return ReadError(absl::StrCat("read the manifest of channel ", channel), bytes.status());
    }
    absl::StatusOr<Manifest> manifest = Decode(channel, *newest, *bytes);
    TIDELOG_CO_RETURN_IF_ERROR(manifest.status());
    co_return std::optional<Manifest>(*std::move(manifest));
  }
  co_return WalError(WalErrorCode::kUnavailable,
                     absl::StrCat("read the manifest of channel ", channel,
                                  ": it changed at each of ", kTries, " tries"));
}

absl::Status CheckOwnerWord(const TermWord& owner, const Manifest& newest) {
  if (std::pair(newest.name.term, newest.incarnation) <= std::pair(owner.term, owner.incarnation)) {
    return absl::OkStatus();
  }
  return WalError(WalErrorCode::kCorrupt,
                  absl::StrCat("the file ", kTermName,
                               " is damaged, or an older one that was put back: it says ",
                               owner.ToString(), ", and the newest manifest is of ",
                               ToInt(newest.name.term), "/", newest.incarnation));
}

}  // namespace tidelog::impls::file
