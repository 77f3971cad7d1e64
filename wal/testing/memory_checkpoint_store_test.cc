// The contract of a CheckpointStore, kept by the one in memory.
#include "wal/testing/memory_checkpoint_store.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "wal/async/runtime.h"
#include "wal/async/test_runtime.h"
#include "wal/checkpoint_store.h"
#include "wal/testing/checkpoint_store_conformance.h"

namespace tidelog {
namespace {

class MemoryStorage final : public CheckpointStorage {
 public:
  explicit MemoryStorage(uint64_t seed) : runtime_(seed) {}
  Runtime* runtime() override { return &runtime_; }
  CheckpointStore* MakeStore() override { return &store_; }

 private:
  TestRuntime runtime_;
  MemoryCheckpointStore store_;
};

std::unique_ptr<CheckpointStorage> MakeMemoryStorage(uint64_t seed) {
  return std::make_unique<MemoryStorage>(seed);
}

INSTANTIATE_TEST_SUITE_P(Memory, CheckpointStoreConformance,
                         ::testing::Values(CheckpointStorageParam{"memory", &MakeMemoryStorage}),
                         CheckpointStorageParam::NameOf);

}  // namespace
}  // namespace tidelog
