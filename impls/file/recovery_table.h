// What recovery does with a listed segment: a table of cases, proved complete by the compiler.
//
// SegmentScan establishes the facts; the opener, readers and the verifier all judge by this table,
// so that they cannot disagree about what is lost and what was never there.
#ifndef TIDELOG_IMPLS_FILE_RECOVERY_TABLE_H_
#define TIDELOG_IMPLS_FILE_RECOVERY_TABLE_H_

#include <string_view>

namespace tidelog::impls::file {

// What was found when the frames of a segment that the manifest lists were read in order, up to the
// first that is not good.  A fact that cannot be established (those behind `missing`) is false.
struct TailFacts {
  bool missing = false;       // The manifest lists a file that is not there.
  bool bad_header = false;    // Its first block is damaged, or another segment's.
  bool sealed = false;        // The manifest says where it ends.
  bool reaches_seal = false;  // Sealed: good frames lead to exactly that end.
  bool file_short = false;    // The file is shorter than its header says.
  // Behind the last good commit frame lies something that was written and does not count: bytes
  // other than zeros; in a recycled file, where old bytes lie there, a frame of this very segment.
  bool residue = false;
  // A commit frame found anywhere behind carries a watermark above the last good commit frame's
  // last id.
  bool watermark_beyond = false;
};

enum class TailVerdict {
  kComplete,  // It ends at the last good commit frame (or its seal), and nothing was dropped.
  kTorn,      // It ends there; what follows was never acknowledged: dropped, and reported.
  kCorrupt,   // Something that may have been acknowledged cannot be read: refuse, with the range.
};

// A row of the table.
struct RecoveryCase {
  std::string_view label;  // "@A"
  TailVerdict verdict;
  std::string_view reason;  // For people: "a listed segment is missing".
};

// The one case that the facts match.
RecoveryCase JudgeTail(const TailFacts& facts);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_RECOVERY_TABLE_H_
