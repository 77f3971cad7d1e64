#include "sim/mutant/hunt.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>
#include <string_view>

#include "absl/log/check.h"
#include "absl/log/log.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "sim/check/report.h"
#include "sim/plan/plan.h"
#include "sim/world/run.h"
#include "wal/async/thread_runtime.h"

namespace tidelog::sim {
namespace {

// What the child says to its parent, in memory that both see.
struct Board {
  uint64_t seed;
  uint64_t seeds;
  bool killed;
  char checker[64];
  char anomaly[64];
};

void Put(std::string_view text, char (&to)[64]) {
  const size_t size = std::min(text.size(), sizeof(to) - 1);
  std::memcpy(to, text.data(), size);
  to[size] = '\0';
}

#ifdef TIDELOG_MUTANTS
void SwitchOn(Mutant mutant) { SetMutant(mutant); }
#else
void SwitchOn(Mutant) { LOG(FATAL) << "this build has no mutants: define TIDELOG_MUTANTS"; }
#endif

void RunSeeds(const MutantEntry& entry, const HuntOptions& options, Board* board) {
  SwitchOn(entry.mutant);
  const absl::StatusOr<PlanOptions> plans = PlanOptionsOf(entry.preset);
  CHECK_OK(plans.status());
  const absl::Duration end = DefaultRuntime()->Now() + options.time_max;
  for (uint64_t i = 0; i < options.seeds_max && DefaultRuntime()->Now() < end; ++i) {
    board->seed = options.first_seed + i;
    board->seeds = i + 1;
    const RunResult result = RunPlan(MakePlan(board->seed, *plans), {});
    if (result.outcome == Outcome::kFine) continue;
    CHECK(!result.violations.empty());
    Put(result.violations.front().checker, board->checker);
    Put(result.violations.front().anomaly, board->anomaly);
    board->killed = true;
    return;
  }
}

}  // namespace

Kill Hunt(const MutantEntry& entry, const HuntOptions& options) {
  void* const shared =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(shared != MAP_FAILED);
  auto* const board = new (shared) Board{};
  const pid_t child = fork();
  CHECK_GE(child, 0);
  if (child == 0) {
    // Its last words are about a bug that is known.
    if (freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
    RunSeeds(entry, options, board);
    _exit(0);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  Kill kill{board->killed, board->seeds, board->seed, board->checker, board->anomaly, false};
  munmap(shared, sizeof(Board));
  if (WIFSIGNALED(status)) {
    kill.killed = true;
    kill.checker = "crash";
    kill.anomaly = absl::StrCat("signal ", WTERMSIG(status));
  } else {
    CHECK_EQ(WEXITSTATUS(status), 0);
  }
  kill.expected =
      std::find(entry.killers.begin(), entry.killers.end(), kill.checker) != entry.killers.end();
  return kill;
}

}  // namespace tidelog::sim
