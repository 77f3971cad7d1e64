#include "impls/file/recovery_table.h"

#include <array>

#include "absl/log/check.h"

namespace tidelog::impls::file {

namespace {

enum Match { kNo, kYes, kAny };

struct Row {
  std::string_view label;
  Match missing, bad_header, sealed, reaches_seal, file_short, watermark_beyond, residue;
  TailVerdict verdict;
  std::string_view reason;
};

constexpr TailVerdict kComplete = TailVerdict::kComplete;
constexpr TailVerdict kTorn = TailVerdict::kTorn;
constexpr TailVerdict kCorrupt = TailVerdict::kCorrupt;

// @A  A file is made durable, its name too, before a manifest lists it, and unlinked only after a
//     durable manifest dropped it.  So no crash of ours takes a listed file away: somebody deleted
//     it, restored a part of a backup, or the file system lost it.
// @B  The same for its first block, which is written once, before the file is listed: it rotted, or
//     the file was swapped for another.
// @C  The usual end of a segment's life.  What lies behind the seal is of no interest: groups of an
//     owner that was fenced before it could acknowledge them, groups of a poisoned segment that
//     were written again elsewhere, the footer, or nothing, if somebody cut unused blocks off.
// @D  All below a seal was durable before the manifest with the seal was visible.  It rotted, or
//     the file was cut, or replaced by an older copy.
// @E  The file had its full size, durably, before it was listed, and no owner cuts it while it is
//     unsealed.  Bytes are gone, and nobody knows how many held acknowledged groups: that good
//     frames seem to end before the cut proves nothing, the cut may have been made where one ended.
// @F  A watermark says that all up to it was durable when its frame was written, and something at
// or
//     below it cannot be read now.  It rotted, or the device lies about flushes.
// @G  The usual mark of a crash.  A machine that stops may have put any subset of the sectors of
// the
//     last group down, and of the next one, which is written while the first is being synced; a
//     process that stops leaves a prefix.  Neither was acknowledged, since no watermark covers
//     it... or the last group was, and rotted, before a later frame could carry its watermark.  The
//     two look the same; wal/doc/adr/0004-torn-tail.md says why this is taken for the first.
// @H  The owner stopped between two groups, or before its first.
//
// A watermark beyond implies a residue, and one seal reached that there is a seal; the rows that
// begin with such an impossible combination decide it as their neighbours do.
constexpr std::array<Row, 8> kRows = {{
    //    missing header sealed reaches short  beyond residue
    {"@A", kYes, kAny, kAny, kAny, kAny, kAny, kAny, kCorrupt, "the file is missing"},
    {"@B", kNo, kYes, kAny, kAny, kAny, kAny, kAny, kCorrupt, "its header block is damaged"},
    {"@C", kNo, kNo, kYes, kYes, kAny, kAny, kAny, kComplete, "good up to its seal"},
    {"@D", kNo, kNo, kYes, kNo, kAny, kAny, kAny, kCorrupt, "good frames end before its seal"},
    {"@E", kNo, kNo, kNo, kAny, kYes, kAny, kAny, kCorrupt, "shorter than its header says"},
    {"@F", kNo, kNo, kNo, kAny, kNo, kYes, kAny, kCorrupt,
     "a later watermark says that more was durable"},
    {"@G", kNo, kNo, kNo, kAny, kNo, kNo, kYes, kTorn, "a group that did not land whole"},
    {"@H", kNo, kNo, kNo, kAny, kNo, kNo, kNo, kComplete, "ends with its last group"},
}};

constexpr bool Matches(Match pattern, bool fact) {
  return pattern == kAny || (pattern == kYes) == fact;
}

constexpr bool Matches(const Row& row, const TailFacts& facts) {
  return Matches(row.missing, facts.missing) && Matches(row.bad_header, facts.bad_header) &&
         Matches(row.sealed, facts.sealed) && Matches(row.reaches_seal, facts.reaches_seal) &&
         Matches(row.file_short, facts.file_short) &&
         Matches(row.watermark_beyond, facts.watermark_beyond) &&
         Matches(row.residue, facts.residue);
}

constexpr int kFactCount = 7;

constexpr bool EveryCombinationHasOneRow() {
  for (int bits = 0; bits < 1 << kFactCount; ++bits) {
    const TailFacts facts = {(bits & 1) != 0,  (bits & 2) != 0,  (bits & 4) != 0, (bits & 8) != 0,
                             (bits & 16) != 0, (bits & 32) != 0, (bits & 64) != 0};
    int matches = 0;
    for (const Row& row : kRows) matches += Matches(row, facts) ? 1 : 0;
    if (matches != 1) return false;
  }
  return true;
}
static_assert(EveryCombinationHasOneRow());
static_assert(sizeof(TailFacts) == kFactCount, "a new fact needs a column");

}  // namespace

RecoveryCase JudgeTail(const TailFacts& facts) {
  for (const Row& row : kRows) {
    if (Matches(row, facts)) return {row.label, row.verdict, row.reason};
  }
  CHECK(false) << "the table above is complete";
}

}  // namespace tidelog::impls::file
