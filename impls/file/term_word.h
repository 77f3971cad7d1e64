// TermWord: the eight bytes of a channel's TERM file: who owns the channel.
//
// Changed only by compare-and-swap on the mapped word, by every process alike: claim, close mark
// and consuming the mark.  Claims only go up, so a claimer that was stopped for long can never put
// a lower term over a higher one.  The word is an integer of the machine, little-endian on all that
// are supported.
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

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TERM_WORD_H_
