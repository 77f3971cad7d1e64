// What a verdict costs: bazel run --config=opt //sim/check:check_benchmark
//
// A history of some 5,000 events of a model log: four writers one after the other, twenty scans.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/registry.h"
#include "sim/check/testing/model_log.h"
#include "wal/async/random_stream.h"
#include "wal/async/thread_runtime.h"

namespace tidelog::sim::check {
namespace {

constexpr int kRounds = 200;

int64_t Now() { return absl::ToInt64Nanoseconds(DefaultRuntime()->Now()); }

History MakeHistory() {
  RandomStream random(1, "history");
  ModelLog log;
  for (int i = 0; i < 4200; ++i) {
    const uint64_t amount = random.Below(1000);
    if (i % 210 == 100) log.Do({Step::Kind::kScan, amount});
    if (i % 1300 == 1299) log.Do({Step::Kind::kTakeOver, amount});
    if (i % 100 == 99) log.Do({Step::Kind::kAsk, amount});
    if (i % 40 == 39) log.Do({Step::Kind::kStoreTick, amount});
    static constexpr Step::Kind kKinds[] = {Step::Kind::kCall, Step::Kind::kLand,
                                            Step::Kind::kAnswer, Step::Kind::kRead};
    log.Do({kKinds[random.Below(4)], amount});
  }
  log.Finish();
  return log.history();
}

int64_t NanosOf(const History& history, std::string_view checker) {
  const std::string_view enabled[] = {checker};
  int64_t best = INT64_MAX;
  for (int i = 0; i < kRounds; ++i) {
    const int64_t start = Now();
    const bool clean = Check(history, enabled).empty();
    best = std::min(best, Now() - start);
    if (!clean) std::printf("not clean!\n");
  }
  return best;
}

void Run() {
  const History history = MakeHistory();
  int64_t best = INT64_MAX;
  for (int i = 0; i < kRounds; ++i) {
    const int64_t start = Now();
    (void)Check(history);
    best = std::min(best, Now() - start);
  }
  const Facts facts(&history);
  std::printf("%zu events, %zu records, %zu scans: %lld ns\n", history.events.size(),
              facts.log().size(), facts.scans().size(), static_cast<long long>(best));
  for (const Checker& checker : AllCheckers()) {
    std::printf("  facts and %-16s %8lld ns\n", std::string(checker.name).c_str(),
                static_cast<long long>(NanosOf(history, checker.name)));
  }
}

}  // namespace
}  // namespace tidelog::sim::check

int main() { tidelog::sim::check::Run(); }
