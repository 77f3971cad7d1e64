#include "impls/file/term_file.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/little_endian.h"
#include "impls/file/names.h"
#include "impls/file/term_word.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr size_t kFileSize = 16;
constexpr uint64_t kBirthWordAt = 8;
constexpr uint64_t kTries = 100;

absl::Status WordError(const absl::Status& status) {
  const bool cut = absl::IsOutOfRange(status) || absl::IsFailedPrecondition(status);
  if (!cut) return status;
  return WalErrorFrom(WalErrorCode::kCorrupt, absl::StrCat("the file ", kTermName, " is damaged"),
                      status);
}

}  // namespace

Future<absl::Status> TermFile::Create(FileSystem* files, std::string directory, uint64_t random) {
  std::string bytes(kFileSize, '\0');
  StoreLittleEndian<uint64_t>(bytes.data() + kBirthWordAt, static_cast<uint32_t>(random >> 32));
  // Nobody has a term yet; a number that is drawn keeps those who race here apart, and if two draw
  // the same one they move on.  And an owner that got through meanwhile sweeps what it takes for a
  // leftover, ours: then the file is there, and the next try finds it.
  absl::Status published = absl::AlreadyExistsError("");
  const auto try_again = [&published] {
    return absl::IsAlreadyExists(published) || absl::IsNotFound(published);
  };
  for (uint64_t i = 0; i < kTries && try_again(); ++i) {
    const PrivateName name{Term{0}, 0, (random & 0xFFFFFFFF) + 1 + i};
    published = co_await PublishFile(files, directory, PathOf(directory, name.FileName()),
                                     PathOf(directory, kTermName), bytes);
  }
  co_return published;
}

Future<absl::StatusOr<std::unique_ptr<TermFile>>> TermFile::Open(FileSystem* files,
                                                                 std::string directory,
                                                                 OpenMode mode) {
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await files->Open(PathOf(directory, kTermName), mode);
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  absl::StatusOr<std::unique_ptr<MappedWord>> owner = co_await (*file)->MapWord(0);
  if (!owner.ok()) co_return WordError(owner.status());
  absl::StatusOr<std::unique_ptr<MappedWord>> birth = co_await (*file)->MapWord(kBirthWordAt);
  if (!birth.ok()) co_return WordError(birth.status());
  if (!BirthWord::Unpack((*birth)->Load()).has_value()) {
    co_return WalError(WalErrorCode::kCorrupt,
                       absl::StrCat("the file ", kTermName,
                                    " is damaged: the number of the log in it, bytes [8, 16), does "
                                    "not fit its checksum"));
  }
  co_return std::make_unique<TermFile>(*std::move(file), *std::move(owner), *std::move(birth));
}

Future<absl::StatusOr<TermWord>> TermFile::Claim(Term term) {
  uint64_t now = owner_word_->Load();
  std::optional<TermWord> claimed;
  do {
    claimed = TermWord::Unpack(now).ClaimedBy(term);
    if (!claimed.has_value()) {
      const TermWord owner = TermWord::Unpack(now);
      co_return WalError(WalErrorCode::kUnmatchedTerm,
                         absl::StrCat("open at term ", ToInt(term), ": the channel was opened as ",
                                      owner.ToString(), "; open it with a higher term"));
    }
    // A swap that failed has loaded what is there now: look again, never force.
  } while (!owner_word_->CompareExchange(now, claimed->Pack()));
  owner_ = *claimed;
  absl::Status synced;
  if (!MutantIs(Mutant::kClaimNotSynced)) synced = co_await owner_word_->Sync();
  if (!synced.ok()) co_return StorageError("claim the channel", synced);
  co_return TermWord::Unpack(now);
}

Future<absl::Status> TermFile::MarkClean() {
  uint64_t now = owner_.Pack();
  if (!owner_word_->CompareExchange(now, owner_.Closed().Pack())) {
    co_return WalError(WalErrorCode::kChannelFenced,
                       absl::StrCat("close ", owner_.ToString(), ": the channel was opened as ",
                                    TermWord::Unpack(now).ToString()));
  }
  absl::Status synced = co_await owner_word_->Sync();
  if (!synced.ok()) co_return StorageError("mark the clean close", synced);
  co_return absl::OkStatus();
}

Future<absl::Status> TermFile::MarkBorn() {
  uint64_t now = birth_word_->Load();
  const uint64_t born = BirthWord{log(), true}.Pack();
  while ((now & kBornBit) == 0 && !birth_word_->CompareExchange(now, born)) {
  }
  absl::Status synced = co_await birth_word_->Sync();
  if (!synced.ok()) co_return StorageError("remember that the log was made", synced);
  co_return absl::OkStatus();
}

}  // namespace tidelog::impls::file
