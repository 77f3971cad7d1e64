#include "impls/file/log_directory.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/manifest_reader.h"
#include "impls/file/names.h"
#include "impls/file/term_file.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kMarkerBytesMax = 4096;
constexpr uint64_t kTries = 100;
// What a crash between making and linking the marker leaves, and what a new file system holds.
constexpr std::string_view kPrivateMarkerPrefix = ".TIDELOG-";
constexpr std::string_view kLostAndFound = "lost+found";

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status CheckFileSystem(const FileOptions& options, const FileSystemInfo& info,
                             bool to_write) {
  if (!info.local && !options.allow_remote_file_system) {
    return WalError(
        WalErrorCode::kInvalidArgument,
        absl::StrCat("file log ", options.dir, ": it lies on a file system of type ", info.type,
                     ", whose fences and syncs this log cannot rely on; use a local one, or set "
                     "allow_remote_file_system=true to take that risk"));
  }
  if (info.read_only && to_write) {
    return WalError(WalErrorCode::kInner,
                    absl::StrCat("file log ", options.dir,
                                 ": its file system is mounted read-only; mount it writable, or "
                                 "open the channel for reading"));
  }
  return absl::OkStatus();
}

absl::Status CheckUnmarked(const std::string& dir, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name == kLostAndFound || absl::StartsWith(name, kPrivateMarkerPrefix)) continue;
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("file log ", dir, ": the directory is not empty (it holds ", name,
                                 ") and not a log (it holds no ", kMarkerName,
                                 "); name an empty or a new one"));
  }
  return absl::OkStatus();
}

// Whether the marker is there, and good.
Future<absl::StatusOr<bool>> ReadMarker(FileSystem* files, std::string dir) {
  absl::StatusOr<std::string> text =
      co_await ReadWholeFile(files, PathOf(dir, kMarkerName), kMarkerBytesMax);
  if (absl::IsNotFound(text.status())) co_return false;
  if (!text.ok()) co_return StorageError(absl::StrCat("read the marker of ", dir), text.status());
  absl::Status good = CheckMarkerText(*text);
  if (!good.ok()) {
    co_return WalErrorFrom(GetWalErrorCode(good), absl::StrCat("file log ", dir), good);
  }
  co_return true;
}

bool HasTerm(const std::vector<std::string>& names) {
  return std::binary_search(names.begin(), names.end(), kTermName);
}

}  // namespace

Future<absl::Status> PrepareLogDirectory(FileSystem* files, FileOptions options, uint64_t random) {
  const std::string dir = options.dir;
  const std::string what = absl::StrCat("prepare the log directory ", dir);
  absl::Status made = co_await files->CreateDirectory(dir);
  if (!made.ok() && !absl::IsAlreadyExists(made)) {
    absl::StatusOr<FileSystemInfo> there = co_await files->Info(dir);
    if (!there.ok()) co_return StorageError(what, made);
  }
  absl::StatusOr<FileSystemInfo> info = co_await files->Info(dir);
  if (!info.ok()) co_return StorageError(what, info.status());
  TIDELOG_CO_RETURN_IF_ERROR(CheckFileSystem(options, *info, /*to_write=*/true));
  absl::StatusOr<bool> marked = co_await ReadMarker(files, dir);
  TIDELOG_CO_RETURN_IF_ERROR(marked.status());
  if (*marked) co_return absl::OkStatus();
  absl::StatusOr<std::vector<std::string>> names = co_await files->List(dir);
  if (!names.ok()) co_return StorageError(what, names.status());
  const bool marked_meanwhile = std::binary_search(names->begin(), names->end(), kMarkerName);
  absl::Status unmarked = marked_meanwhile ? absl::OkStatus() : CheckUnmarked(dir, *names);
  if (!unmarked.ok()) {
    // A listing may miss a marker that comes meanwhile, and show what is made after it.
    marked = co_await ReadMarker(files, dir);
    TIDELOG_CO_RETURN_IF_ERROR(marked.status());
    if (*marked) co_return absl::OkStatus();
    absl::Status lost = co_await CheckMarkerIsNotLost(files, dir);
    TIDELOG_CO_RETURN_IF_ERROR(lost);
    co_return unmarked;
  }
  // Whoever sees the marker may rely on the directory: so its name is durable first.
  absl::Status synced = co_await files->SyncDirectory(ParentOf(dir));
  if (!synced.ok()) co_return StorageError(what, synced);
  absl::Status published = absl::AlreadyExistsError("");
  for (uint64_t i = 0; i < kTries && absl::IsAlreadyExists(published); ++i) {
    const std::string private_path = PathOf(dir, absl::StrCat(kPrivateMarkerPrefix, random + i));
    published =
        co_await PublishFile(files, dir, private_path, PathOf(dir, kMarkerName), MarkerText());
  }
  if (!published.ok()) co_return StorageError(what, published);
  co_return absl::OkStatus();
}

Future<absl::Status> CheckLogDirectory(FileSystem* files, FileOptions options) {
  absl::StatusOr<bool> marked = co_await ReadMarker(files, options.dir);
  TIDELOG_CO_RETURN_IF_ERROR(marked.status());
  if (!*marked) {
    absl::Status unmarked = co_await CheckMarkerIsNotLost(files, options.dir);
    TIDELOG_CO_RETURN_IF_ERROR(unmarked);
    co_return WalError(
        WalErrorCode::kChannelNotExist,
        absl::StrCat("file log ", options.dir,
                     ": there is no log in it; opening a channel for writing makes one"));
  }
  absl::StatusOr<FileSystemInfo> info = co_await files->Info(options.dir);
  if (!info.ok()) {
    co_return StorageError(absl::StrCat("look at the log directory ", options.dir), info.status());
  }
  co_return CheckFileSystem(options, *info, /*to_write=*/false);
}

bool HadAnOwner(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return ManifestName::Parse(name).has_value() || SegmentName::Parse(name).has_value();
  });
}

Future<absl::StatusOr<std::vector<std::string>>> ListChannelFiles(FileSystem* files,
                                                                  std::string directory) {
  absl::StatusOr<std::vector<std::string>> names = co_await files->List(directory);
  if (!names.ok()) co_return names;
  if (HasTerm(*names) || !HadAnOwner(*names)) co_return names;
  absl::StatusOr<std::vector<std::string>> again = co_await files->List(directory);
  co_return again;
}

absl::Status LostTermError(std::string_view channel, std::string_view dir) {
  return WalError(WalErrorCode::kCorrupt,
                  absl::StrCat("channel ", channel, " of ", dir,
                               ": it has files of an owner, and its ", kTermName, " is missing"));
}

Future<absl::Status> CheckMarkerIsNotLost(FileSystem* files, std::string dir) {
  absl::StatusOr<std::vector<std::string>> names = co_await files->List(dir);
  if (!names.ok()) co_return absl::OkStatus();  // Whoever reads it next says why.
  std::string channel;
  for (const std::string& name : *names) {
    if (!ValidateChannelName(name).ok()) continue;
    absl::StatusOr<std::vector<std::string>> inside = co_await files->List(PathOf(dir, name));
    if (inside.ok() && HasTerm(*inside)) channel = name;
  }
  if (channel.empty()) co_return absl::OkStatus();
  // Made before any channel: if it is not there now, it was lost.
  absl::StatusOr<bool> marked = co_await ReadMarker(files, dir);
  TIDELOG_CO_RETURN_IF_ERROR(marked.status());
  if (*marked) co_return absl::OkStatus();
  std::string line = MarkerText();
  line.pop_back();
  co_return WalError(
      WalErrorCode::kCorrupt,
      absl::StrCat("file log ", dir, ": it holds channel ", channel, ", and its marker, the file ",
                   kMarkerName, ", is missing; if this is the log, make it again, with the line \"",
                   line, "\""));
}

Future<absl::Status> PrepareChannel(FileSystem* files, std::string dir, std::string channel,
                                    uint64_t random) {
  const std::string what = absl::StrCat("make channel ", channel, " of ", dir);
  const std::string directory = PathOf(dir, channel);
  // Whoever finds a name takes it for durable, so each is before the next is made, the marker
  // before the channel too; what a crashed process made and did not sync is synced here.
  absl::StatusOr<FileSystemInfo> there = co_await files->Info(directory);
  absl::Status synced = co_await files->SyncDirectory(dir);
  if (!synced.ok()) co_return StorageError(what, synced);
  if (!there.ok()) {
    absl::Status made = co_await files->CreateDirectory(directory);
    if (!made.ok() && !absl::IsAlreadyExists(made)) co_return StorageError(what, made);
    synced = co_await files->SyncDirectory(dir);
    if (!synced.ok()) co_return StorageError(what, synced);
  }
  absl::StatusOr<std::vector<std::string>> names = co_await ListChannelFiles(files, directory);
  if (!names.ok()) co_return StorageError(what, names.status());
  if (HasTerm(*names)) {
    absl::Status term_synced = co_await files->SyncDirectory(directory);
    if (!term_synced.ok()) co_return StorageError(what, term_synced);
    co_return absl::OkStatus();
  }
  if (HadAnOwner(*names)) co_return LostTermError(channel, dir);
  absl::Status created = co_await TermFile::Create(files, directory, random);
  if (!created.ok()) co_return StorageError(what, created);
  co_return absl::OkStatus();
}

Future<absl::StatusOr<std::vector<std::string>>> ListLogChannels(FileSystem* files,
                                                                 std::string dir) {
  std::vector<std::string> channels;
  absl::StatusOr<bool> marked = co_await ReadMarker(files, dir);
  TIDELOG_CO_RETURN_IF_ERROR(marked.status());
  if (!*marked) {
    absl::Status unmarked = co_await CheckMarkerIsNotLost(files, dir);
    TIDELOG_CO_RETURN_IF_ERROR(unmarked);
    co_return channels;
  }
  absl::StatusOr<std::vector<std::string>> names = co_await files->List(dir);
  if (!names.ok())
    co_return StorageError(absl::StrCat("list the channels of ", dir), names.status());
  for (const std::string& name : *names) {
    if (name == kMarkerName || !ValidateChannelName(name).ok()) continue;
    absl::StatusOr<std::vector<std::string>> inside = co_await files->List(PathOf(dir, name));
    if (!inside.ok()) continue;  // No directory, or gone.
    bool made = NewestManifest(*inside).has_value();
    if (!made) {
      absl::StatusOr<std::unique_ptr<TermFile>> term =
          co_await TermFile::Open(files, PathOf(dir, name), OpenMode::kRead);
      made = term.ok() ? (*term)->born() : GetWalErrorCode(term.status()) == WalErrorCode::kCorrupt;
    }
    if (made) channels.push_back(name);
  }
  co_return channels;
}

}  // namespace tidelog::impls::file
