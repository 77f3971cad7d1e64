// The contract of Wal, RoWal and Scanner as tests, one a sentence, that the log passes on every
// backend: many clients append at once, transactions too, and readers in and outside of the
// writer's process see exactly what was committed.
//
//   INSTANTIATE_TEST_SUITE_P(Memory, WalConformance,
//                            ::testing::Values(WalStorageParam{"memory", &MakeMemoryStorage}),
//                            WalStorageParam::NameOf);
//
// They touch nothing but the interfaces, and run on any Runtime: in virtual time each is run under
// many seeds.  The contract of a backend itself: walimpls/testing/conformance.h.
#ifndef TIDELOG_WAL_TESTING_WAL_CONFORMANCE_H_
#define TIDELOG_WAL_TESTING_WAL_CONFORMANCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/metrics.h"
#include "wal/opener.h"
#include "wal/types.h"

namespace tidelog {

// The storage of logs, empty when made, and what runs them.
class WalStorage {
 public:
  // Requires: its openers are closed.
  virtual ~WalStorage() = default;

  // Safe from any thread.
  virtual Runtime* runtime() = 0;

  // One more opener, as another process would have it, with `settings`, which are the log's own
  // ("wal.*").  Lives as long as this.
  virtual Opener* MakeOpener(const Config& settings) = 0;

  // What the logs of all its openers count (H4).
  virtual const MetricRegistry& metrics() = 0;

  // From now on one in `one_in` of what is handed to storage, drawn at random, ends not done, and
  // may be tried again; 0: none.  Nothing else goes wrong.
  virtual void FailAppends(uint64_t one_in) = 0;
  // How many it has failed.
  virtual uint64_t failed_count() const = 0;

  // False: an open may have to wait for as long as a lower term goes on writing.
  virtual bool takes_over_busy_owners() const { return true; }
};

struct WalStorageParam {
  std::string name;  // A word for the names of tests.
  std::unique_ptr<WalStorage> (*make)(uint64_t seed) = nullptr;
  // How often each test is run, with seeds from 1; 1 where the seed decides nothing.  Of seeds a
  // sample may be taken (sample.h).
  uint64_t seed_count = 7;

  static std::string NameOf(const ::testing::TestParamInfo<WalStorageParam>& info) {
    return info.param.name;
  }
  friend void PrintTo(const WalStorageParam& param, std::ostream* out) { *out << param.name; }
};

class WalConformance : public ::testing::TestWithParam<WalStorageParam> {
 protected:
  WalConformance() { Start(1); }
  ~WalConformance() override { Stop(); }

  // Begins again with empty storage.  Requires: what was opened is closed.
  void Restart(uint64_t seed) {
    Stop();
    Start(seed);
  }

  WalStorage& storage() { return *storage_; }
  // Two processes.  Their write-ahead buffers are small: 10 KB, 500 ms.
  std::vector<Opener*> openers() const { return openers_; }
  // Strands of their own, which live as long as the storage.
  std::vector<Executor*> MakeStrands(size_t count);
  // The sum of all series of that name: "append_message_total" without its prefix.
  double Metric(std::string_view name) const;

  // Calls `make_future` on the test's executor, and waits.
  template <class F>
  auto Run(F make_future) {
    using Result = std::invoke_result_t<F&>;
    return Blocking(strand_, [this, &make_future] {
      return CallOn(strand_, absl::AnyInvocable<Result()>(std::ref(make_future)));
    });
  }

 private:
  void Start(uint64_t seed);
  void Stop();

  template <class T>
  static Future<T> CallOn(Executor* executor, absl::AnyInvocable<Future<T>()> make_future) {
    co_await EnterExecutor(executor);
    T value = co_await make_future();
    co_return value;
  }

  std::unique_ptr<WalStorage> storage_;
  std::vector<std::unique_ptr<Executor>> strands_;
  Executor* strand_ = nullptr;
  std::vector<Opener*> openers_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_TESTING_WAL_CONFORMANCE_H_
