// HeldCheckpoints: what of the log the checkpoints of its readers hold (G2, G3).
#ifndef TIDELOG_ADAPTOR_CHECKPOINT_HELD_CHECKPOINTS_H_
#define TIDELOG_ADAPTOR_CHECKPOINT_HELD_CHECKPOINTS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "adaptor/chain/backend_chain.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// Confined to the strand of the log; one change at a time.
class HeldCheckpoints {
 public:
  explicit HeldCheckpoints(std::unique_ptr<CheckpointClaim> claim);

  // As CheckpointClaim's.  While one is on its way, all that storage may have is held.
  Future<absl::Status> Put(std::string name, Position position);
  Future<absl::Status> Remove(std::string name);

  // Whether a change ended unknown, and none has been done since.
  bool has_unsettled() const { return has_unsettled_; }

  // Lowers `mark`, under which the log is about to be truncated, to where whoever reads on behind
  // any of them finds everything.  At the oldest is enough: After(mark) is not gone.
  void HoldBack(Position* mark) const;

  // The least tick of those of this log; none: there are none.
  std::optional<TimeTick> OldestTick(const MessageId::Origin& origin) const;

  // The oldest position in a link of `chain` that lies in front of `epoch` (G6): whoever goes on
  // from there reads all that is behind.
  std::optional<Position> InOlderLink(const BackendChain& chain, uint32_t epoch) const;

  // Those with positions of other logs: they hold nothing of this one, nor of the links in front of
  // it.
  std::vector<std::string> NamesOfForeign(const MessageId::Origin& origin,
                                          const BackendChain& chain) const;

  // The chain of backends (G6), as it is stored, and another in its place: as CheckpointClaim's.
  const std::string& chain() const { return claim_->content().chain; }
  Future<absl::Status> PutChain(std::string chain);

  // "indexer at POSITION, mirror at POSITION".
  std::string ToString() const;

 private:
  // Storage has what the claim says, and nothing else.
  void Settle();

  const std::unique_ptr<CheckpointClaim> claim_;
  // By name, all positions that storage may have for it: more than one when a change is on its way,
  // or ended unknown, until the next one that is done, of whichever name, has settled it: that
  // stores all of them.
  absl::btree_map<std::string, std::vector<Position>> possible_;
  bool has_unsettled_ = false;
};

// What an open ends with when a store has ended `step` of it so: what it does not say by its
// contract, nobody knows.
absl::Status StoreError(std::string_view step, const absl::Status& status);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHECKPOINT_HELD_CHECKPOINTS_H_
