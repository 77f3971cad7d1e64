// BackendChain: which backends a log has lain in, one behind the other (G6).
#ifndef TIDELOG_ADAPTOR_CHAIN_BACKEND_CHAIN_H_
#define TIDELOG_ADAPTOR_CHAIN_BACKEND_CHAIN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "wal/backend_switch.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// One backend's part of the log.
struct ChainLink {
  uint32_t epoch = 0;    // In its ids (MessageId::Origin).
  BackendTarget target;  // Of epoch 0 the name only: its settings are those of whoever opens.
  Term first_term{};     // Under which it was put into the chain; 0 of epoch 0.
  TimeTick after{};      // Every tick in it is above this, and every one before it is not.
  // What its ids call its log (MessageId::Origin).  None: nobody has come so far as to append to
  // it, and perhaps nothing is there; or it is where the log began, and still is.
  std::optional<uint32_t> log = std::nullopt;
  friend bool operator==(const ChainLink&, const ChainLink&) = default;
};

// At least one link, epochs without gaps; of all but the last it is known which log they are.  The
// first is the oldest that still has data; the last is
// where the log is appended to.
struct BackendChain {
  std::vector<ChainLink> links;

  const ChainLink& first() const { return links.front(); }
  const ChainLink& last() const { return links.back(); }
  // Null: it is not in the chain, any more or yet.
  const ChainLink* Find(uint32_t epoch) const;
  // "file of epoch 0, then file dir=/b of epoch 1 from term 7 on".
  std::string ToString() const;

  friend bool operator==(const BackendChain&, const BackendChain&) = default;
};

// Of a log that was never switched: one link, of epoch 0.
BackendChain UnswitchedChain(std::string_view backend);

// "file dir=/b".
std::string TargetText(const BackendTarget& target);

// As it lies in CheckpointSet::chain; wal/doc/checkpoint_format.md shows every byte.
std::string EncodeChain(const BackendChain& chain);

// What EncodeChain() made `bytes` of; of no bytes UnswitchedChain(backend).  kInner: of a later
// format, by number.  kCorrupt: of nothing.
absl::StatusOr<BackendChain> DecodeChain(std::string_view bytes, std::string_view backend);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHAIN_BACKEND_CHAIN_H_
