// The contract of a CheckpointStore as tests, one a sentence, that every store runs.
//
//   INSTANTIATE_TEST_SUITE_P(File, CheckpointStoreConformance,
//                            ::testing::Values(CheckpointStorageParam{"file", &MakeFileStorage}),
//                            CheckpointStorageParam::NameOf);
//
// They touch nothing but the interface, and run on any Runtime.
#ifndef TIDELOG_WAL_TESTING_CHECKPOINT_STORE_CONFORMANCE_H_
#define TIDELOG_WAL_TESTING_CHECKPOINT_STORE_CONFORMANCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/checkpoint_store.h"
#include "wal/types.h"

namespace tidelog {

// What the stores of a test share, empty when made, and what runs them.
class CheckpointStorage {
 public:
  virtual ~CheckpointStorage() = default;
  virtual Runtime* runtime() = 0;
  // One more store of it, as another process would have.  Lives as long as this.
  virtual CheckpointStore* MakeStore() = 0;
};

struct CheckpointStorageParam {
  std::string name;  // A word for the names of tests.
  std::unique_ptr<CheckpointStorage> (*make)(uint64_t seed) = nullptr;
  uint64_t seed_count = 20;  // How often a race is run; 1 where the seed decides nothing.

  static std::string NameOf(const ::testing::TestParamInfo<CheckpointStorageParam>& info) {
    return info.param.name;
  }
  friend void PrintTo(const CheckpointStorageParam& param, std::ostream* out) {
    *out << param.name;
  }
};

class CheckpointStoreConformance : public ::testing::TestWithParam<CheckpointStorageParam> {
 protected:
  using Claimed = absl::StatusOr<std::unique_ptr<CheckpointClaim>>;

  CheckpointStoreConformance() { Restart(1); }
  ~CheckpointStoreConformance() override;

  // Begins again with empty storage.  Requires: no claim is left.
  void Restart(uint64_t seed);

  // Calls `make_future` on the test's executor, and waits.
  template <class F>
  auto Run(F make_future) {
    using Result = std::invoke_result_t<F&>;
    return Blocking(strand_.get(), [this, &make_future] {
      return CallOn(strand_.get(), absl::AnyInvocable<Result()>(std::ref(make_future)));
    });
  }

  CheckpointStore& store() { return *store_; }
  CheckpointStore* MakeStore() { return storage_->MakeStore(); }

  Claimed Claim(int64_t term, std::string_view channel = "orders");
  // Claims, or fails the test and ends it.
  std::unique_ptr<CheckpointClaim> MustClaim(int64_t term, std::string_view channel = "orders");
  absl::Status Put(CheckpointClaim& claim, std::string_view name, uint64_t number);
  absl::Status Remove(CheckpointClaim& claim, std::string_view name);
  // "TERM: NAME=NUMBER NAME=NUMBER", as another store reads it.
  std::string Stored(std::string_view channel = "orders");
  static std::string TextOf(const CheckpointSet& set);
  // A position whose id and tick are `number`.
  static Position At(uint64_t number);

  template <class T>
  static Future<T> CallOn(Executor* executor, absl::AnyInvocable<Future<T>()> make_future) {
    co_await EnterExecutor(executor);
    T value = co_await make_future();
    co_return value;
  }

 private:
  std::unique_ptr<CheckpointStorage> storage_;
  std::unique_ptr<Executor> strand_;
  CheckpointStore* store_ = nullptr;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_TESTING_CHECKPOINT_STORE_CONFORMANCE_H_
