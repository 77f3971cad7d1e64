// Bugs that logs have had, each as a story that brings its conditions about.
//
// Tidelog must come through the story, with every seed.  And the story must be the right one: with
// the bug planted, by a mutant or by a service that breaks its contract, a checker that is meant to
// find it does.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/check/report.h"
#include "sim/log/log_breaks.h"
#include "sim/plan/fault.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/scenario/script.h"
#include "sim/world/run.h"
#include "wal/base/mutant.h"

namespace tidelog::sim {
namespace {

constexpr uint64_t kSeeds = 200;

struct Scenario {
  const char* name;
  Plan (*make)(uint64_t seed);
  // The bug.
  Mutant mutant = Mutant::kNone;
  LogBreaks breaks;
  // Who may find it.
  std::vector<std::string> checkers;
  bool has_faults = true;

  friend void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }
};

// milvus #53368: the old owner's insert landed behind the new owner's first time tick,
// acknowledged, and readers dropped it.
Plan LateInsertOfTheOldOwner(uint64_t seed) {
  return Script(BackendKind::kFile)
      .Knob("wal.tick_interval", "1s")  // The old owner learns of the new one from its write only.
      .Open(0, 0)
      .Append(0, 2, 4)
      .Append(0, 3, 4)
      .Open(1, 4)
      .Append(1, 6, 4)
      .Fault(FaultClass::kDiskHang, Nth(Site::kDiskWrite, seed % 12), /*slot=*/0,
             /*duration_ms=*/10)
      .Make(seed);
}

// The same on a service that is asked to refuse old terms, and does not.
Plan LateInsertOverTheNetwork(uint64_t seed) {
  return Script(BackendKind::kTransactional)
      .Open(0, 0)
      .Append(0, 5, 4)
      .Open(1, 6)
      .Append(0, 8, 4)
      .Append(1, 30, 2)
      .Fault(FaultClass::kAppliedLate, Nth(Site::kStore, 1 + seed % 6), /*slot=*/0,
             /*duration_ms=*/0, /*amount=*/20 * kMillisecond)
      .Make(seed);
}

// milvus #40207: an acknowledgement was lost, the client library stored the message again.
Plan AcknowledgementIsLost(uint64_t seed) {
  return Script(BackendKind::kTransactional)
      .Open(0, 0)
      .Append(0, 5, 4)
      .Append(0, 6, 4)
      .Fault(FaultClass::kReplyLost, Nth(Site::kStore, 1 + seed % 6), /*slot=*/0)
      .Make(seed);
}

// milvus #53581: a reader whose start was trimmed went on behind it, or waited for ever, and was
// told nothing.
Plan StartIsTruncated(uint64_t seed) {
  Script script(BackendKind::kFile);
  script.Open(0, 0);
  for (int i = 1; i <= 20; ++i) script.Append(0, i, 8, 2000);
  // What is before the mark and still there is what a reader could get by mistake.
  const auto mark = static_cast<uint32_t>(seed % 40);
  return script.Truncate(0, 25, mark)
      .Scan(0, 60, ScanStart::kFrom, mark + 3)
      .Scan(0, 61, ScanStart::kAfter, 155)
      .Make(seed);
}

// bookkeeper #2614: who takes over reads the tail, while the old owner goes on.
Plan TailIsReadWhileItGrows(uint64_t seed) {
  Script script(BackendKind::kFile);
  script.Open(0, 0);
  for (int i = 2; i < 12; ++i) script.Append(0, i, 3);
  return script.Open(1, 5)
      .Append(1, 9, 3)
      .Fault(FaultClass::kDiskSlow, Nth(Site::kDiskRead, seed % 20), /*slot=*/1,
             /*duration_ms=*/3)
      .Fault(FaultClass::kDiskSlow, Nth(Site::kDiskSync, 4 + seed / 20 % 10), /*slot=*/0,
             /*duration_ms=*/5)
      .Make(seed);
}

// woodpecker #306: a crash left a segment without records, and the log could never be opened again.
Plan CrashLeavesAnEmptySegment(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script.Persists(0).Open(0, 0);
  for (int i = 2; i < 10; ++i) script.Append(0, i, 4, 4000);
  return script.Fault(FaultClass::kMachineCrash, Nth(Site::kDisk, 20 + seed), /*slot=*/0)
      .Append(0, 40, 2)
      .Make(seed);
}

// PostgreSQL 2018: a sync failed, the page cache dropped what was dirty, and the sync that was
// tried again said that all was well.
Plan SyncFailsOnce(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script.Persists(0).Open(0, 0);
  for (int i = 2; i < 10; ++i) script.Append(0, i, 4);
  return script
      .Fault(FaultClass::kSyncError, Nth(Site::kDiskSync, 5 + seed % 16), /*slot=*/0,
             /*duration_ms=*/0, EIO, /*variant=*/static_cast<uint32_t>(seed / 16 % 4))
      .Fault(FaultClass::kMachineCrash, At(12), /*slot=*/0)
      .Append(0, 40, 2)
      .Make(seed);
}

const Scenario kScenarios[] = {
    {"Milvus53368",
     LateInsertOfTheOldOwner,
     Mutant::kOldOwnerAcknowledges,
     {},
     {"fencing", "durability", "linearizability"}},
    {"Milvus53368Network",
     LateInsertOverTheNetwork,
     Mutant::kNone,
     {.accepts_stale_terms = true},
     {"fencing", "order", "durability"}},
    {"Milvus40207",
     AcknowledgementIsLost,
     Mutant::kNone,
     {.duplicates_every = 5},
     {"durability", "order", "errors"}},  // Or the log itself refuses to go on.
    {"Milvus53581", StartIsTruncated, Mutant::kTruncatedStartSkipped, {}, {"truncation"}, false},
    {"Bookkeeper2614",
     TailIsReadWhileItGrows,
     Mutant::kOwnerNeverLooks,
     {},
     {"fencing", "durability", "linearizability", "order"}},
    {"Woodpecker306",
     CrashLeavesAnEmptySegment,
     Mutant::kSegmentListedBeforeSynced,
     {},
     {"liveness", "errors", "world", "durability"}},
    {"Postgres2018",
     SyncFailsOnce,
     Mutant::kFsyncErrorRetried,
     {},
     {"durability", "truncation", "linearizability", "errors"}},
};

class ScenarioTest : public ::testing::TestWithParam<Scenario> {
 protected:
  ~ScenarioTest() override { SetMutant(Mutant::kNone); }
};

// Leaves a record for tools/simulate where Bazel keeps what a test leaves.
void KeepRecord(const Plan& plan, const RunResult& result) {
  const char* const outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  if (outputs == nullptr) return;
  RunRecord record;
  record.verdict = VerdictOf(result);
  record.trace_hash = result.trace_hash;
  record.event_count = result.event_count;
  record.plan = plan;
  const std::string path = absl::StrCat(outputs, "/seed-", plan.seed, ".json");
  EXPECT_EQ(WriteRecord(record, path), absl::OkStatus());
}

TEST_P(ScenarioTest, IsSurvived) {
  size_t fired = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Plan plan = GetParam().make(seed);
    const RunResult result = RunPlan(plan, {});
    if (result.outcome != Outcome::kFine) KeepRecord(plan, result);
    for (const check::Violation& violation : result.violations) {
      ADD_FAILURE() << "seed " << seed << ": " << violation.Signature() << ": "
                    << violation.message;
    }
    EXPECT_EQ(result.skipped_operations, 0u) << "seed " << seed << ": not the story that is told";
    fired += result.fired.size();
  }
  if (GetParam().has_faults) {
    EXPECT_GT(fired, kSeeds / 4);
  }
}

TEST_P(ScenarioTest, IsReproducedWhereTheBugIsPlanted) {
  SetMutant(GetParam().mutant);
  RunOptions options;
  options.breaks = GetParam().breaks;
  std::vector<std::string> found;
  for (uint64_t seed = 1; seed <= kSeeds && found.empty(); ++seed) {
    for (const check::Violation& violation : RunPlan(GetParam().make(seed), options).violations) {
      found.emplace_back(violation.checker);
    }
  }
  ASSERT_FALSE(found.empty()) << "no checker noticed";
  EXPECT_THAT(found, ::testing::Contains(::testing::AnyOfArray(GetParam().checkers)));
}

INSTANTIATE_TEST_SUITE_P(All, ScenarioTest, ::testing::ValuesIn(kScenarios),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tidelog::sim
