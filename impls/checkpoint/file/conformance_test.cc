// The contract of a CheckpointStore, kept in files: under seeds on a disk in memory, and on threads
// on this machine's.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/checkpoint/file/file_checkpoint_store.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/async/test_runtime.h"
#include "wal/async/thread_runtime.h"
#include "wal/checkpoint_store.h"
#include "wal/io/posix_file_system.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/testing/checkpoint_store_conformance.h"

namespace tidelog {
namespace {

using impls::checkpoint::FileCheckpointStore;

// Stores are processes of one simulated machine.
class SeededStorage final : public CheckpointStorage {
 public:
  explicit SeededStorage(uint64_t seed) : runtime_(seed), disk_(&runtime_, {.seed = seed}) {
    FileSystem* maker = disk_.NewProcess();
    CHECK_OK(runtime_.Run([&] { return maker->CreateDirectory("log"); }));
  }

  Runtime* runtime() override { return &runtime_; }
  CheckpointStore* MakeStore() override {
    stores_.push_back(std::make_unique<FileCheckpointStore>(disk_.NewProcess(), "log"));
    return stores_.back().get();
  }

 private:
  TestRuntime runtime_;
  CrashableFileSystem disk_;
  std::vector<std::unique_ptr<FileCheckpointStore>> stores_;
};

// Stores share a directory of this machine.
class ThreadedStorage final : public CheckpointStorage {
 public:
  ThreadedStorage() : runtime_(ThreadRuntime::Create()), files_(runtime_.get()) {
    std::string path = absl::StrCat(::testing::TempDir(), "/checkpoints-XXXXXX");
    CHECK(mkdtemp(path.data()) != nullptr);
    directory_ = path;
  }

  Runtime* runtime() override { return runtime_.get(); }
  CheckpointStore* MakeStore() override {
    stores_.push_back(std::make_unique<FileCheckpointStore>(&files_, directory_));
    return stores_.back().get();
  }

 private:
  const std::unique_ptr<ThreadRuntime> runtime_;
  PosixFileSystem files_;
  std::string directory_;
  std::vector<std::unique_ptr<FileCheckpointStore>> stores_;
};

std::unique_ptr<CheckpointStorage> MakeSeeded(uint64_t seed) {
  return std::make_unique<SeededStorage>(seed);
}
std::unique_ptr<CheckpointStorage> MakeThreaded(uint64_t) {
  return std::make_unique<ThreadedStorage>();
}

INSTANTIATE_TEST_SUITE_P(File, CheckpointStoreConformance,
                         ::testing::Values(CheckpointStorageParam{"seeded", &MakeSeeded, 50},
                                           CheckpointStorageParam{"threads", &MakeThreaded, 5}),
                         CheckpointStorageParam::NameOf);

}  // namespace
}  // namespace tidelog
