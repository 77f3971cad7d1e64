// StoreWorld: one simulated machine with a directory of checkpoints on its disk, and what may be in
// it, by what was told of each change.
#ifndef TIDELOG_IMPLS_CHECKPOINT_FILE_STORE_TEST_WORLD_H_
#define TIDELOG_IMPLS_CHECKPOINT_FILE_STORE_TEST_WORLD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/checkpoint/file/file_checkpoint_store.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/checkpoint_store.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/types.h"

namespace tidelog::impls::checkpoint {

inline constexpr std::string_view kChannel = "orders";
inline constexpr std::string_view kDirectory = "log/.checkpoints/orders";

// A position whose id and tick are `number`.
Position At(uint64_t number);
// "TERM: NAME=NUMBER NAME=NUMBER".
std::string TextOf(const CheckpointSet& set);

class StoreWorld {
 public:
  explicit StoreWorld(uint64_t seed);
  ~StoreWorld();

  TestRuntime& runtime() { return runtime_; }
  CrashableFileSystem& disk() { return disk_; }

  template <class F>
  auto Run(F make_future) {
    return runtime_.Run(std::move(make_future));
  }

  // What a new process reads.
  std::string Stored();
  std::vector<std::string> FileNames();
  // Changes bytes of a file from `offset` on; creates it, if it is missing.
  void Overwrite(std::string_view name, uint64_t offset, std::string_view bytes);
  void Unlink(std::string_view name);

 private:
  TestRuntime runtime_;
  CrashableFileSystem disk_;
};

// One process's store, and its claim.  Its changes are noted in `possible`, which all processes of
// a test share: the first is what was last told done; others may be there too.
class StoreProcess {
 public:
  StoreProcess(StoreWorld* world, std::vector<CheckpointSet>* possible);
  StoreProcess(StoreWorld* world, std::vector<CheckpointSet>* possible, FileSystem* files);

  FileSystem* files() { return files_; }
  CheckpointStore& store() { return store_; }
  CheckpointClaim* claim() { return claim_.get(); }

  absl::Status Claim(int64_t term);
  absl::Status Put(std::string_view name, uint64_t number);
  absl::Status Remove(std::string_view name);

 private:
  void Begin(const CheckpointSet& target);
  void End(const absl::Status& status, const CheckpointSet& target);

  StoreWorld& world_;
  std::vector<CheckpointSet>& possible_;
  FileSystem* const files_;
  FileCheckpointStore store_;
  std::unique_ptr<CheckpointClaim> claim_;
};

// Whether `text` is that of one of them.
bool IsPossible(const std::vector<CheckpointSet>& possible, std::string_view text);
std::string TextOf(const std::vector<CheckpointSet>& possible);

}  // namespace tidelog::impls::checkpoint

#endif  // TIDELOG_IMPLS_CHECKPOINT_FILE_STORE_TEST_WORLD_H_
