// TermFile: the TERM file of a channel: who owns it, and whether anything was ever published.
//
// Two words, both changed only by compare-and-swap: the TermWord, and the BirthWord, whose number
// is drawn when the file is made.
#ifndef TIDELOG_IMPLS_FILE_TERM_FILE_H_
#define TIDELOG_IMPLS_FILE_TERM_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/term_word.h"
#include "wal/async/future.h"
#include "wal/base/mutant.h"
#include "wal/io/file_system.h"
#include "wal/types.h"

namespace tidelog::impls::file {

// Confined to one executor, but for StillOwner().  Outlived by its FileSystem.
class TermFile {
 public:
  // Takes a file and its two words, in order; Open() does that.
  TermFile(std::unique_ptr<File> file, std::unique_ptr<MappedWord> owner_word,
           std::unique_ptr<MappedWord> birth_word)
      : file_(std::move(file)),
        owner_word_(std::move(owner_word)),
        birth_word_(std::move(birth_word)) {}

  // Makes the file in `directory` if it is missing: whole, and durable with its name.
  // `random` names what is private until then, and is where the log's number comes from.
  static Future<absl::Status> Create(FileSystem* files, std::string directory, uint64_t random);

  // kCorrupt: it is too short, or the number of the log in it is damaged.  Others: the file
  // system's; NOT_FOUND if missing.
  static Future<absl::StatusOr<std::unique_ptr<TermFile>>> Open(FileSystem* files,
                                                                std::string directory,
                                                                OpenMode mode);

  TermWord Load() const { return TermWord::Unpack(owner_word_->Load()); }
  uint32_t log() const { return static_cast<uint32_t>(birth_word_->Load()); }
  bool born() const { return (birth_word_->Load() & kBornBit) != 0; }

  // Makes `term` the owner, durably, and yields who was before (A2, step 1 of a takeover).
  // kUnmatchedTerm: it cannot be; nothing changed.  kUnavailable: it may be, not durably.
  Future<absl::StatusOr<TermWord>> Claim(Term term);

  // The owner that Claim() made.
  const TermWord& owner() const { return owner_; }

  // True if nobody claimed the channel since.  One atomic load, sequentially consistent: what this
  // process made durable before was there before any later claim.
  bool StillOwner() const {
    return MutantIs(Mutant::kOwnerNeverLooks) || owner_.IsStill(owner_word_->Load());
  }

  // Leaves the mark of a clean close, durably.  kChannelFenced: somebody was faster.
  Future<absl::Status> MarkClean();

  // Remembers, durably, that a manifest was published: the log is born.
  Future<absl::Status> MarkBorn();

 private:
  static constexpr uint64_t kBornBit = uint64_t{1} << 32;

  const std::unique_ptr<File> file_;
  const std::unique_ptr<MappedWord> owner_word_;
  const std::unique_ptr<MappedWord> birth_word_;
  TermWord owner_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TERM_FILE_H_
