// The files of a channel.
//
//   DIR/TIDELOG                                  marks DIR as a file log: one line of text
//   DIR/CHANNEL/TERM                             the owner word (term_word.h)
//   DIR/CHANNEL/LOCK                             advisory lock of a live writer, for tools
//   DIR/CHANNEL/manifest-TERM-N                  the newest one (highest TERM, then N) is the truth
//   DIR/CHANNEL/TERM-INCARNATION-NUMBER.seg      a segment
//   DIR/CHANNEL/TERM-INCARNATION-NUMBER.idx      a later owner's index of another's segment
//   DIR/CHANNEL/private-TERM-INCARNATION-K       not yet published, or spare; readers ignore it
//   DIR/CHANNEL/repaired-TERM-INCARNATION/       what a repair replaced, as it was; nobody reads it
//
// Numbers are decimal and padded with zeros to a fixed width, so that names sort as their numbers
// do; Parse() takes nothing else, so that a number has one name.  Segments and private files carry
// term and incarnation of their maker: a process unlinks its own names, or those its own durable
// manifest dropped, and nobody writes another's.
#ifndef TIDELOG_IMPLS_FILE_NAMES_H_
#define TIDELOG_IMPLS_FILE_NAMES_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {

// Of every file of a log.  Readers take this version and all before it, and refuse later ones.
inline constexpr uint32_t kFormatVersion = 1;

inline constexpr std::string_view kMarkerName = "TIDELOG";
inline constexpr std::string_view kTermName = "TERM";
inline constexpr std::string_view kLockName = "LOCK";

// What the file kMarkerName holds: "tidelog file log, format 1\n".
std::string MarkerText();
// kCorrupt: `text` is no marker.  kInner: of a newer format version, named.
absl::Status CheckMarkerText(std::string_view text);

struct SegmentName {
  Term term{};
  uint32_t incarnation = 0;
  uint32_t number = 0;                // From 1, never used twice by one incarnation.
  bool IsValid() const;               // Small enough for a file's name; the rest requires it.
  std::string FileName() const;       // "...seg"
  std::string IndexFileName() const;  // "...idx"
  static std::optional<SegmentName> Parse(std::string_view file_name);       // Of a "...seg".
  static std::optional<SegmentName> ParseIndex(std::string_view file_name);  // Of an "...idx".
  friend auto operator<=>(const SegmentName&, const SegmentName&) = default;
};

struct ManifestName {
  Term term{};
  uint64_t number = 0;  // From 1; never restarts within a term, whatever the incarnation.
  std::string FileName() const;
  static std::optional<ManifestName> Parse(std::string_view file_name);
  friend auto operator<=>(const ManifestName&, const ManifestName&) = default;
};

struct PrivateName {
  Term term{};
  uint32_t incarnation = 0;
  uint64_t number = 0;
  std::string FileName() const;
  static std::optional<PrivateName> Parse(std::string_view file_name);
  friend auto operator<=>(const PrivateName&, const PrivateName&) = default;
};

// The directory in which a repair keeps what it replaced, named after the repairer.
struct AsideName {
  Term term{};
  uint32_t incarnation = 0;
  std::string FileName() const;
  static std::optional<AsideName> Parse(std::string_view file_name);
  friend auto operator<=>(const AsideName&, const AsideName&) = default;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_NAMES_H_
