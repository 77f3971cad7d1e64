// HeldCheckpoints: what of the log the checkpoints of its readers hold (G2, G3).
#ifndef TIDELOG_ADAPTOR_CHECKPOINT_HELD_CHECKPOINTS_H_
#define TIDELOG_ADAPTOR_CHECKPOINT_HELD_CHECKPOINTS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message_id.h"

namespace tidelog::adaptor {

// Confined to the strand of the log; one change at a time.
class HeldCheckpoints {
 public:
  explicit HeldCheckpoints(std::unique_ptr<CheckpointClaim> claim);

  // As CheckpointClaim's.
  Future<absl::Status> Put(std::string name, Position position);
  Future<absl::Status> Remove(std::string name);

  // Lowers `mark`, under which the log is about to be truncated, to where whoever reads on behind
  // any of them finds everything.  At the oldest is enough: After(mark) is not gone.
  void HoldBack(Position* mark) const;

  // Those with positions of another log: they hold nothing of this one.
  std::vector<std::string> NamesOfForeign(const MessageId::Origin& origin) const;

  // "indexer at POSITION, mirror at POSITION".
  std::string ToString() const;

 private:
  const std::unique_ptr<CheckpointClaim> claim_;
  // By name, all positions that storage may have for it: more than one when a change ended unknown,
  // until a later one of the same name has settled it.
  absl::btree_map<std::string, std::vector<Position>> possible_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHECKPOINT_HELD_CHECKPOINTS_H_
