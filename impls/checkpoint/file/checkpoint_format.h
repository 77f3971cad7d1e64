// The form in which checkpoints lie in files.  wal/doc/checkpoint_format.md shows every byte.
#ifndef TIDELOG_IMPLS_CHECKPOINT_FILE_CHECKPOINT_FORMAT_H_
#define TIDELOG_IMPLS_CHECKPOINT_FILE_CHECKPOINT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/checkpoint_store.h"
#include "wal/types.h"

namespace tidelog::impls::checkpoint {

// Names one file of checkpoints: the how-many-th of a term.  All zero: there is none yet.
//
// Numbers begin again at 0 after kNumberMax.  By then whatever had that number is long removed, and
// a term has one writer, which waits for each of its changes: nobody is left who could take the new
// one for the old.  That is true by what a store requires of who claims (the log was fenced for the
// term, so there are no two claims of it at a time), and as long as an owner looks whether he is
// fenced (Info()) in front of each change: who was stopped there for a whole round of numbers, and
// was closed and opened again under the same term meanwhile, would find his word again.
struct Version {
  Term term{};
  uint32_t number = 0;

  static constexpr int kNumberBits = 17;
  static constexpr uint32_t kNumberMax = (1u << kNumberBits) - 1;

  // As it lies in CURRENT: the term in the high bits.
  uint64_t Pack() const { return static_cast<uint64_t>(ToInt(term)) << kNumberBits | number; }
  static Version Unpack(uint64_t word) {
    return {Term{static_cast<int64_t>(word >> kNumberBits)},
            static_cast<uint32_t>(word & kNumberMax)};
  }

  // "checkpoints-000000000000007-000002".
  std::string FileName() const;
  static std::optional<Version> Parse(std::string_view file_name);

  friend bool operator==(const Version&, const Version&) = default;
};

inline constexpr std::string_view kCurrentName = "CURRENT";
// What CURRENT is made as, by a claimer of that term: "private-000000000000007".
std::string PrivateName(Term term);
std::optional<Term> ParsePrivateName(std::string_view file_name);

// CURRENT: the word, and this behind it.
inline constexpr std::string_view kCurrentMagic = "TLCHECK\n";
inline constexpr size_t kCurrentSize = 16;
// Of nobody: what it holds when it is made.
std::string EmptyCurrent();

// No file is larger.
inline constexpr size_t kCheckpointFileMax = size_t{1} << 20;

// A file of checkpoints.
std::string EncodeCheckpoints(std::string_view channel, const Version& version,
                              const CheckpointSet& set);

// What EncodeCheckpoints() made `bytes` of, zeros behind it aside.  kInner: of a later format, by
// number.  kCorrupt: of nothing, or of another channel or version.
absl::StatusOr<CheckpointSet> DecodeCheckpoints(std::string_view channel, const Version& version,
                                                std::string_view bytes);

}  // namespace tidelog::impls::checkpoint

#endif  // TIDELOG_IMPLS_CHECKPOINT_FILE_CHECKPOINT_FORMAT_H_
