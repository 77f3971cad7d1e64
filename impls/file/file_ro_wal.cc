#include "impls/file/file_ro_wal.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/file_scanner.h"
#include "impls/file/manifest_reader.h"
#include "impls/file/names.h"
#include "impls/file/unlisted_segments.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

// An owner that truncates may unlink what was just listed; it does not do so all the time.
constexpr int kTries = 20;

Future<LogInfo::Holder> FindHolder(FileSystem* files, std::string directory) {
  absl::StatusOr<std::unique_ptr<File>> lock =
      co_await files->Open(PathOf(directory, kLockName), OpenMode::kRead);
  if (absl::IsNotFound(lock.status())) co_return LogInfo::Holder::kNone;
  if (!lock.ok()) co_return LogInfo::Holder::kUnknown;
  absl::StatusOr<bool> locked = co_await (*lock)->IsLocked();
  if (!locked.ok()) co_return LogInfo::Holder::kUnknown;
  co_return *locked ? LogInfo::Holder::kLive : LogInfo::Holder::kNone;
}

}  // namespace

// Damage that a newer manifest does not explain.
Future<absl::Status> FileRoWal::CheckNothingUnlisted(Manifest manifest) {
  absl::StatusOr<std::vector<std::string>> names = co_await view_->files->List(view_->directory);
  if (!names.ok()) {
    co_return ReadError(absl::StrCat("list channel ", channel_.name), names.status());
  }
  absl::StatusOr<UnlistedSegments> unlisted =
      co_await FindUnlistedSegments(view_->files, view_->directory, manifest, *std::move(names));
  TIDELOG_CO_RETURN_IF_ERROR(unlisted.status());
  if (!unlisted->ManifestIsLost()) co_return absl::OkStatus();
  co_return WalError(
      WalErrorCode::kCorrupt,
      absl::StrCat("look at ", ToString(channel_), ": ", unlisted->ToString(manifest.name),
                   ", and some were durable: an older manifest was put back"));
}

Future<absl::StatusOr<VisibleTail>> FileRoWal::FindTail() {
  std::optional<ManifestName> failed_under;
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<std::optional<Manifest>> newest =
        co_await ReadNewestManifest(view_->files, view_->directory, channel_.name, Published::kYes);
    TIDELOG_CO_RETURN_IF_ERROR(newest.status());
    if (!newest->has_value()) {
      co_return WalError(WalErrorCode::kCorrupt,
                         absl::StrCat("look at ", ToString(channel_), ": its manifest is gone"));
    }
    if ((*newest)->name > view_->manifest->name) {
      view_->SetManifest(std::make_shared<const Manifest>(**newest));
    }
    absl::StatusOr<VisibleTail> tail =
        co_await ProbeTail(view_->files, view_->directory, **newest, view_->origin);
    absl::Status status = tail.status();
    if (status.ok()) status = co_await CheckNothingUnlisted(**newest);
    if (absl::IsNotFound(status)) {
      status = WalErrorFrom(WalErrorCode::kCorrupt,
                            absl::StrCat("look at ", ToString(channel_), ": a segment that ",
                                         (*newest)->name.FileName(), " lists is missing"),
                            status);
    }
    // A newer manifest explains what has changed under this one; if there is none, it is damage.
    if (GetWalErrorCode(status) == WalErrorCode::kCorrupt && failed_under != (*newest)->name) {
      failed_under = (*newest)->name;
      continue;
    }
    TIDELOG_CO_RETURN_IF_ERROR(status);
    // A watermark that is not synced yet may be lost with its page; what it covered is durable.
    if (tail.ok() && tail->last_id < told_.last_id) co_return told_;
    if (tail.ok()) told_ = *tail;
    co_return tail;
  }
  co_return WalError(WalErrorCode::kUnavailable,
                     absl::StrCat("look at ", ToString(channel_),
                                  ": segments went faster than they could be read"));
}

Future<absl::StatusOr<walimpls::LogState>> FileRoWal::Info() {
  const std::optional<Gate::Pass> pass = lifetime_.TryEnter();
  if (!pass.has_value()) co_return lifetime_.ClosedError("look at");
  absl::StatusOr<VisibleTail> tail = co_await FindTail();
  TIDELOG_CO_RETURN_IF_ERROR(tail.status());
  walimpls::LogState state;
  const std::shared_ptr<const Manifest> manifest = view_->manifest;
  if (manifest->mark.tick != 0) {
    state.truncated = Position{view_->IdOf(manifest->mark.id), TimeTick{manifest->mark.tick}};
  }
  if (tail->last_id != 0) {
    state.tail = tail->position;
    state.tail_id = view_->IdOf(tail->last_id);
    state.newest_tick = tail->tick;
    state.tail_is_cut = tail->is_cut;
  }
  state.newest_term = term_->Load().term;
  state.holder = co_await FindHolder(view_->files, view_->directory);
  state.details["segments"] = absl::StrCat(manifest->segments.size());
  state.details["directory"] = view_->directory;
  state.details["manifest"] = manifest->name.FileName();
  co_return state;
}

Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> FileRoWal::Read(
    walimpls::ScanOptions options) {
  const std::optional<Gate::Pass> pass = lifetime_.TryEnter();
  if (!pass.has_value()) co_return lifetime_.ClosedError("read");
  uint64_t latest = 0;
  if (std::holds_alternative<walimpls::ScanLatest>(options.from)) {
    absl::StatusOr<VisibleTail> tail = co_await FindTail();
    TIDELOG_CO_RETURN_IF_ERROR(tail.status());
    latest = tail->last_id;
    if (lifetime_.closing()) co_return lifetime_.ClosedError("read");
  }
  follower_.Start();
  co_return MakeScanner(view_, &lifetime_, options, latest);
}

Future<absl::Status> FileRoWal::Close(walimpls::CloseMode) {
  follower_.Stop();
  co_await lifetime_.Close();
  co_return absl::OkStatus();
}

}  // namespace tidelog::impls::file
