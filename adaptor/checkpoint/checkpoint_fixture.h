// CheckpointTest: a log of term 1 with four messages, and a store of checkpoints in memory.
#ifndef TIDELOG_ADAPTOR_CHECKPOINT_CHECKPOINT_FIXTURE_H_
#define TIDELOG_ADAPTOR_CHECKPOINT_CHECKPOINT_FIXTURE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/testing/log_world.h"
#include "gtest/gtest.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message_id.h"
#include "wal/testing/memory_checkpoint_store.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() : world_({.checkpoints = &store_}), wal_(world_.MustOpen(Term{1})) {
    for (const char* payload : {"a", "b", "c", "d"}) {
      positions_.push_back(world_.MustAppend(*wal_, payload).position());
    }
  }
  ~CheckpointTest() override {
    store_.Release();
    (void)world_.Close(*wal_);
  }

  absl::Status Register(std::string_view name, const Position& position) {
    return world_.Run([&] { return wal_->RegisterCheckpoint(std::string(name), position); });
  }
  absl::Status Unregister(std::string_view name) {
    return world_.Run([&] { return wal_->UnregisterCheckpoint(std::string(name)); });
  }
  absl::StatusOr<Position> Truncate(const Position& through) {
    return world_.Run([&] { return wal_->Truncate(through); });
  }
  absl::StatusOr<std::vector<Checkpoint>> List(RoWal& wal) {
    return world_.Run([&] { return wal.Checkpoints(); });
  }
  // What a reader that goes on behind `position` is given.
  std::vector<std::string> ReadAfter(const Position& position) {
    return world_.ReadAll(*wal_, {.from = After{position}});
  }
  void Reopen(Term term) {
    world_.MustClose(*wal_);
    wal_ = world_.MustOpen(term);
  }

  MemoryCheckpointStore store_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
  std::vector<Position> positions_;  // Of a, b, c, d.
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHECKPOINT_CHECKPOINT_FIXTURE_H_
