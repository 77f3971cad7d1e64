#include "impls/file/file_log.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/file_ro_wal.h"
#include "impls/file/file_wal.h"
#include "impls/file/log_directory.h"
#include "impls/file/manifest_reader.h"
#include "impls/file/names.h"
#include "impls/file/options.h"
#include "impls/file/takeover.h"
#include "impls/file/term_file.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"
#include "wal/base/status_macros.h"
#include "wal/io/file_system.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/helper/opener_lifetime.h"

namespace tidelog::impls::file {

namespace {

using walimpls::OpenerLifetime;
using walimpls::OpenOptions;
using walimpls::RoWalImpls;
using walimpls::WalImpls;

// A channel is a directory beside the file that marks the log.
absl::Status CheckNotTheMarker(std::string_view channel) {
  if (channel != kMarkerName) return absl::OkStatus();
  return WalError(
      WalErrorCode::kInvalidArgument,
      absl::StrCat("channel ", channel, ": the name is taken by the log itself; choose another"));
}

// Takes the advisory lock of a channel, that tells tools of a live writer; null if it cannot.  No
// safety rests on it.
Future<std::unique_ptr<File>> TakeLock(FileSystem* files, std::string directory) {
  const std::string path = PathOf(directory, kLockName);
  absl::StatusOr<std::unique_ptr<File>> lock = co_await files->Open(path, OpenMode::kReadWrite);
  if (absl::IsNotFound(lock.status())) {
    lock = co_await files->Open(path, OpenMode::kCreateExclusive);
  }
  if (!lock.ok()) co_return nullptr;
  absl::StatusOr<bool> taken = co_await (*lock)->TryLock();
  if (!taken.ok() || !*taken) co_return nullptr;
  co_return *std::move(lock);
}

class FileOpener final : public walimpls::OpenerImpls {
 public:
  FileOpener(const Environment& environment, FileOptions options)
      : environment_(environment), options_(std::move(options)), lifetime_(kName) {}

  Future<absl::StatusOr<std::unique_ptr<WalImpls>>> Open(PChannel channel,
                                                         OpenOptions options) override;
  Future<absl::StatusOr<std::unique_ptr<RoWalImpls>>> OpenReadOnly(PChannel channel,
                                                                   OpenOptions options) override;
  Future<absl::Status> Prepare(std::string channel) override;
  Future<absl::StatusOr<std::vector<std::string>>> Channels() override {
    return ListLogChannels(environment_.files, options_.dir);
  }

  Future<absl::Status> Close() override {
    Future<Unit> closed = lifetime_.Close();
    return AsStatus(std::move(closed));
  }

 private:
  static Future<absl::Status> AsStatus(Future<Unit> closed) {
    co_await std::move(closed);
    co_return absl::OkStatus();
  }

  const Environment environment_;
  const FileOptions options_;
  OpenerLifetime lifetime_;
};

Future<absl::StatusOr<std::unique_ptr<WalImpls>>> FileOpener::Open(PChannel channel,
                                                                   OpenOptions options) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateForWriting(channel));
  TIDELOG_CO_RETURN_IF_ERROR(CheckNotTheMarker(channel.name));
  std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel.name);
  if (!pass) co_return lifetime_.ClosedError(channel.name);
  FileSystem* const files = environment_.files;
  TakeoverRequest request;
  request.files = files;
  request.options = options_;
  request.channel = channel;
  request.epoch = options.epoch;
  request.observer = environment_.observer;
  request.random = environment_.runtime->MakeRandom(absl::StrCat("file log ", ToString(channel)));
  const uint64_t directory_number = request.random.Next();
  const uint64_t channel_number = request.random.Next();
  absl::Status prepared = co_await PrepareLogDirectory(files, options_, directory_number);
  TIDELOG_CO_RETURN_IF_ERROR(prepared);
  prepared = co_await PrepareChannel(files, options_.dir, channel.name, channel_number);
  TIDELOG_CO_RETURN_IF_ERROR(prepared);
  if (pass->closing()) co_return lifetime_.ClosedError(channel.name);
  absl::StatusOr<OwnedChannel> owned = co_await TakeOver(std::move(request));
  TIDELOG_CO_RETURN_IF_ERROR(owned.status());
  FileWal::Setup setup;
  setup.channel = channel;
  setup.strand = options.strand;
  setup.observer = environment_.observer;
  setup.options = options_;
  setup.lock = co_await TakeLock(files, PathOf(options_.dir, channel.name));
  if (!pass->TryBecomeLog()) co_return lifetime_.ClosedError(channel.name);
  // The last look at the term: the lock took time.
  if (!owned->term->StillOwner()) {
    co_return WalError(WalErrorCode::kUnmatchedTerm,
                       absl::StrCat("open ", ToString(channel), ": it was opened meanwhile as ",
                                    owned->term->Load().ToString()));
  }
  setup.owned = *std::move(owned);
  auto wal = std::make_unique<FileWal>(std::move(setup));
  wal->set_opener_pass(*std::move(pass));
  co_return wal;
}

Future<absl::StatusOr<std::unique_ptr<RoWalImpls>>> FileOpener::OpenReadOnly(PChannel channel,
                                                                             OpenOptions options) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel.name));
  TIDELOG_CO_RETURN_IF_ERROR(CheckNotTheMarker(channel.name));
  std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel.name);
  if (!pass) co_return lifetime_.ClosedError(channel.name);
  FileSystem* const files = environment_.files;
  const std::string directory = PathOf(options_.dir, channel.name);
  const std::string what = absl::StrCat("open ", channel.name, " for reading");
  absl::Status checked = co_await CheckLogDirectory(files, options_);
  TIDELOG_CO_RETURN_IF_ERROR(checked);
  absl::StatusOr<std::unique_ptr<TermFile>> term =
      co_await TermFile::Open(files, directory, OpenMode::kRead);
  const absl::Status missing = WalError(
      WalErrorCode::kChannelNotExist, absl::StrCat(what, ": nobody has opened it for writing yet"));
  if (absl::IsNotFound(term.status())) {
    absl::StatusOr<std::vector<std::string>> names = co_await ListChannelFiles(files, directory);
    const bool lost = names.ok() && HadAnOwner(*names) &&
                      !std::binary_search(names->begin(), names->end(), kTermName);
    co_return lost ? LostTermError(channel.name, options_.dir) : missing;
  }
  if (!term.ok()) co_return ReadError(what, term.status());
  const bool born = (*term)->born();
  absl::StatusOr<std::optional<Manifest>> manifest = co_await ReadNewestManifest(
      files, directory, channel.name, born ? Published::kYes : Published::kNotKnown);
  TIDELOG_CO_RETURN_IF_ERROR(manifest.status());
  if (!manifest->has_value() && !born) co_return missing;
  if (!manifest->has_value()) {
    co_return WalError(WalErrorCode::kCorrupt,
                       absl::StrCat(what, ": it was written to, and has no manifest any more"));
  }
  absl::Status owned = CheckOwnerWord((*term)->Load(), **manifest);
  if (!owned.ok()) co_return WalErrorFrom(WalErrorCode::kCorrupt, what, owned);
  if (!pass->TryBecomeLog()) co_return lifetime_.ClosedError(channel.name);
  auto view = std::make_shared<LogView>();
  view->files = files;
  view->directory = directory;
  view->origin = {LogKind::kFile, (*term)->log(), options.epoch};
  view->read_ahead_bytes = options_.read_ahead_bytes;
  view->SetManifest(std::make_shared<const Manifest>(**std::move(manifest)));
  auto wal =
      std::make_unique<FileRoWal>(channel, TraitsOf(options_), std::move(view), *std::move(term));
  wal->set_opener_pass(*std::move(pass));
  co_return wal;
}

// The directories, the marker and a TERM that nobody has claimed, all durable.
Future<absl::Status> FileOpener::Prepare(std::string channel) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel));
  TIDELOG_CO_RETURN_IF_ERROR(CheckNotTheMarker(channel));
  std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel);
  if (!pass) co_return lifetime_.ClosedError(channel);
  RandomStream random =
      environment_.runtime->MakeRandom(absl::StrCat("prepare file log ", channel));
  const uint64_t directory_number = random.Next();
  const uint64_t channel_number = random.Next();
  absl::Status prepared =
      co_await PrepareLogDirectory(environment_.files, options_, directory_number);
  TIDELOG_CO_RETURN_IF_ERROR(prepared);
  prepared = co_await PrepareChannel(environment_.files, options_.dir, channel, channel_number);
  co_return prepared;
}

class FileBuilder final : public walimpls::OpenerBuilderImpls {
 public:
  std::string_view name() const override { return kName; }

  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> Build(const Environment& environment,
                                                               const Config& config) override {
    CHECK(environment.runtime != nullptr && environment.files != nullptr &&
          environment.observer != nullptr);
    TIDELOG_ASSIGN_OR_RETURN(FileOptions options, ParseFileOptions(config));
    return std::make_unique<FileOpener>(environment, std::move(options));
  }
};

}  // namespace

std::unique_ptr<walimpls::OpenerBuilderImpls> MakeBuilder() {
  return std::make_unique<FileBuilder>();
}

}  // namespace tidelog::impls::file
