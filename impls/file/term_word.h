// TermWord and BirthWord: the two words of a channel's TERM file: who owns the channel, and which
// log it is.
//
// The TermWord is changed only by compare-and-swap on the mapped word, by every process alike:
// claim, close mark and consuming the mark.  Claims only go up, so a claimer that was stopped for
// long can never put a lower term over a higher one.  Words are integers of the machine,
// little-endian on all that are supported.
#ifndef TIDELOG_IMPLS_FILE_TERM_WORD_H_
#define TIDELOG_IMPLS_FILE_TERM_WORD_H_

#include <cstdint>
#include <optional>
#include <string>

#include "wal/types.h"

namespace tidelog::impls::file {

// Packed as term:47 incarnation:16 clean:1, most significant first, so that words order as their
// owners do.
struct TermWord {
  Term term{};               // 0: never owned.
  uint32_t incarnation = 0;  // Counts the opens of one term: 1 for the first, at most the maximum.
  bool clean = false;        // The owner closed and owed nothing; one re-open may consume this.

  static constexpr uint32_t kIncarnationMax = 0xFFFF;

  static TermWord Unpack(uint64_t word);
  // Requires: 0 <= term <= kTermMax, incarnation <= kIncarnationMax.
  uint64_t Pack() const;

  // What an open at `claimer` must swap this word for (A2).  None means kUnmatchedTerm: `claimer`
  // is below this term, or equal to it without a clean mark, or its incarnations are used up.
  // Requires: 1 <= claimer <= kTermMax.
  std::optional<TermWord> ClaimedBy(Term claimer) const;

  // What the owner of this word swaps it for when it closes and owes nothing.
  TermWord Closed() const { return {term, incarnation, true}; }

  // True if the owner of this word, seeing `now`, still owns the channel: term and incarnation are
  // its own and it has not closed.
  bool IsStill(uint64_t now) const { return Pack() == now; }

  // "7/2", "7/2 clean", "none".
  std::string ToString() const;

  friend bool operator==(const TermWord&, const TermWord&) = default;
};

// Packed as published:32 number:32.  `published` is 0 until the log has had a manifest, and a
// checksum of the number from then on: a number that rotted would tell readers that they look at
// another log, whose positions theirs are not.
struct BirthWord {
  uint32_t number = 0;  // Of the log: what tells it from others (MessageId::Origin).
  bool born = false;    // It has had a manifest: without one it is damaged, not new.

  // None: the word is damaged.
  static std::optional<BirthWord> Unpack(uint64_t word);
  uint64_t Pack() const;

  friend bool operator==(const BirthWord&, const BirthWord&) = default;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TERM_WORD_H_
