// MemoryCheckpointStore: checkpoints in memory, for tests of what stands on a store.
#ifndef TIDELOG_WAL_TESTING_MEMORY_CHECKPOINT_STORE_H_
#define TIDELOG_WAL_TESTING_MEMORY_CHECKPOINT_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"
#include "wal/checkpoint_store.h"
#include "wal/types.h"

namespace tidelog {

// As CheckpointStore, for one thread.
class MemoryCheckpointStore final : public CheckpointStore {
 public:
  Future<absl::StatusOr<std::unique_ptr<CheckpointClaim>>> Claim(PChannel channel) override;
  Future<absl::StatusOr<CheckpointSet>> Read(std::string channel) override;

  // The next `count` changes end with `error`, and are done all the same if it says so.
  void FailChanges(int count, absl::Status error, bool are_done = false);
  // The next claims end with it, and claim nothing.
  void FailClaims(int count, absl::Status error);
  // The next reads do.
  void FailReads(int count, absl::Status error);
  // The next read yields it: what is on its way, and may never be done.
  void ShowOnce(CheckpointSet set) { shown_ = std::move(set); }
  // Claims and changes wait, until Release().
  void Hold() { held_ = true; }
  void HoldReads() { reads_are_held_ = true; }
  void Release();

  const CheckpointSet& Of(const std::string& channel) { return sets_[channel]; }

 private:
  class MemoryClaim;
  struct Failures {
    int count = 0;
    absl::Status error;
    bool are_done = false;
  };
  Future<Unit> Pass();

  absl::btree_map<std::string, CheckpointSet> sets_;
  absl::btree_map<std::string, uint64_t> revisions_;  // Of claims and changes that were done.
  std::optional<CheckpointSet> shown_;
  Failures changes_;
  Failures claims_;
  Failures reads_;
  bool held_ = false;
  bool reads_are_held_ = false;
  Signal released_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_TESTING_MEMORY_CHECKPOINT_STORE_H_
