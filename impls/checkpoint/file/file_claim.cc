#include "impls/checkpoint/file/file_claim.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::checkpoint {
namespace {

constexpr uint64_t kBlock = 4096;

// What the next content, with some more checkpoints, fits into.
uint64_t SizeWithRoom(uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock + kBlock; }

}  // namespace

absl::Status FileClaim::FencedError() const {
  const Version now = Version::Unpack(current_->word().Load());
  return WalError(
      WalErrorCode::kChannelFenced,
      absl::StrCat("the checkpoints of channel ", channel_.channel(), " were claimed under term ",
                   ToInt(now.term), ", above this one, ", ToInt(term_)));
}

Future<absl::Status> FileClaim::Claim() {
  absl::StatusOr<std::unique_ptr<CurrentFile>> current = co_await channel_.OpenOrMakeCurrent(term_);
  TIDELOG_CO_RETURN_IF_ERROR(current.status());
  current_ = *std::move(current);
  while (true) {
    uint64_t seen = 0;
    absl::StatusOr<CheckpointSet> read = co_await channel_.ReadCurrent(current_.get(), &seen);
    TIDELOG_CO_RETURN_IF_ERROR(read.status());
    version_ = Version::Unpack(seen);
    if (version_.term > term_) co_return FencedError();
    if (version_.term == term_) number_ = version_.number;
    CheckpointSet next = *std::move(read);
    next.term = term_;
    absl::Status stored = co_await Store(std::move(next));
    // Somebody has changed them since they were read: his change must not be lost.
    if (GetWalErrorCode(stored) == WalErrorCode::kChannelFenced) continue;
    TIDELOG_CO_RETURN_IF_ERROR(stored);
    co_await channel_.Sweep(version_);
    co_await PrepareSpare();
    co_return absl::OkStatus();
  }
}

Future<absl::Status> FileClaim::Put(std::string name, Position position) {
  CheckpointSet next = content_;
  TIDELOG_CO_RETURN_IF_ERROR(next.Put(name, position));
  absl::Status stored = co_await Store(std::move(next));
  if (stored.ok()) co_await PrepareSpare();
  co_return stored;
}

Future<absl::Status> FileClaim::Remove(std::string name) {
  CheckpointSet next = content_;
  next.Remove(name);
  // Where an earlier call ended unknown, what is not here may still be there.
  const bool settled = superseded_.empty();
  if (settled && next == content_ && current_->word().Load() == version_.Pack()) {
    co_return absl::OkStatus();
  }
  absl::Status stored = co_await Store(std::move(next));
  if (stored.ok()) co_await PrepareSpare();
  co_return stored;
}

Future<absl::Status> FileClaim::PutChain(std::string chain) {
  CheckpointSet next = content_;
  TIDELOG_CO_RETURN_IF_ERROR(next.PutChain(chain));
  absl::Status stored = co_await Store(std::move(next));
  if (stored.ok()) co_await PrepareSpare();
  co_return stored;
}

Future<absl::Status> FileClaim::Store(CheckpointSet next) {
  if (current_->word().Load() != version_.Pack()) co_return FencedError();
  absl::StatusOr<Version> written = co_await WriteFile(next);
  if (!written.ok()) co_return channel_.StorageError("store the checkpoints", written.status());
  uint64_t expected = version_.Pack();
  if (!current_->word().CompareExchange(expected, written->Pack())) {
    // Never counted, and never will: the word has a higher term in it.
    (void)co_await channel_.files()->Unlink(channel_.PathOf(written->FileName()));
    co_return FencedError();
  }
  // Others may see it from now on.
  if (version_.Pack() != 0) superseded_.push_back(version_);
  version_ = *written;
  content_ = std::move(next);
  absl::Status synced = co_await current_->word().Sync();
  if (!synced.ok()) {
    // Until a later sync succeeds a crash may bring back any of the superseded ones: they stay.
    co_return WalErrorFrom(WalErrorCode::kOutcomeUnknown,
                           absl::StrCat("store the checkpoints of channel ", channel_.channel(),
                                        ": they are there, and a crash may take them back"),
                           synced);
  }
  co_await DropSuperseded();
  co_return absl::OkStatus();
}

Version FileClaim::NextVersion() {
  Version next{term_, 0};
  do {
    next.number = number_.has_value() ? (*number_ + 1) & Version::kNumberMax : 0;
    number_ = next.number;
  } while (next == version_ ||
           std::find(superseded_.begin(), superseded_.end(), next) != superseded_.end());
  return next;
}

Future<absl::StatusOr<FileClaim::NewFile>> FileClaim::MakeFile(uint64_t size) {
  NewFile made;
  made.version = NextVersion();
  const std::string path = channel_.PathOf(made.version.FileName());
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await channel_.files()->Open(path, OpenMode::kCreateExclusive);
  if (absl::IsAlreadyExists(file.status())) {
    // Left by an earlier life of this term, or by a round of the numbers; it does not count.
    (void)co_await channel_.files()->Unlink(path);
    file = co_await channel_.files()->Open(path, OpenMode::kCreateExclusive);
  }
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  made.file = *std::move(file);
  made.size = size;
  absl::Status allocated = co_await made.file->Allocate(size);
  if (allocated.ok()) co_return made;
  made.file.reset();
  (void)co_await channel_.files()->Unlink(path);
  co_return allocated;
}

Future<absl::StatusOr<Version>> FileClaim::WriteFile(CheckpointSet next) {
  std::optional<NewFile> file;
  if (spare_.has_value()) file.swap(spare_);
  // The version is part of what is written; its length does not depend on it by much.
  const uint64_t size =
      EncodeCheckpoints(channel_.channel(), {kTermMax, Version::kNumberMax}, next).size();
  if (file.has_value() && file->size < size) {
    (void)co_await channel_.files()->Unlink(channel_.PathOf(file->version.FileName()));
    file.reset();
  }
  if (!file.has_value()) {
    absl::StatusOr<NewFile> made = co_await MakeFile(SizeWithRoom(size));
    TIDELOG_CO_RETURN_IF_ERROR(made.status());
    file = *std::move(made);
  }
  const std::string bytes = EncodeCheckpoints(channel_.channel(), file->version, next);
  const std::span<const char> pieces[] = {std::span<const char>(bytes)};
  WriteSyncResult written =
      co_await file->file->WriteAndSync(0, pieces, Runtime::Urgency::kWhenIdle);
  absl::Status status = written.write.ok() ? written.sync : written.write;
  if (status.ok()) status = co_await channel_.files()->SyncDirectory(channel_.directory());
  const Version version = file->version;
  file.reset();
  if (status.ok()) co_return version;
  // What a failed sync has left in it cannot be trusted.
  (void)co_await channel_.files()->Unlink(channel_.PathOf(version.FileName()));
  co_return status;
}

Future<Unit> FileClaim::DropSuperseded() {
  const std::vector<Version> gone = std::exchange(superseded_, {});
  for (const Version& version : gone) {
    (void)co_await channel_.files()->Unlink(channel_.PathOf(version.FileName()));
  }
  co_return Unit{};
}

// Behind the sweep, which makes room.  Without one the next change makes its own file.
Future<Unit> FileClaim::PrepareSpare() {
  if (spare_.has_value()) co_return Unit{};
  const uint64_t size = EncodeCheckpoints(channel_.channel(), version_, content_).size();
  absl::StatusOr<NewFile> made = co_await MakeFile(SizeWithRoom(size));
  if (made.ok()) spare_ = *std::move(made);
  co_return Unit{};
}

}  // namespace tidelog::impls::checkpoint
