// Many seeds: each runs clean, twice alike in one process, and alike in two processes.
//
//   --few                   A few seeds only: for sanitizers, which make runs slow.
//   --hashes PRESET A..B    Instead: prints the trace hashes of these seeds, a line each.
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/log_severity.h"
#include "absl/log/check.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/trial/seed_range.h"
#include "sim/trial/summary.h"
#include "sim/trial/trial.h"
#include "sim/trial/workers.h"
#include "sim/world/run.h"

namespace tidelog::sim {
namespace {

// So many seeds of each preset.
struct Share {
  std::string_view preset;
  uint64_t seeds;
};
constexpr Share kShares[] = {
    {"calm", 2000},    {"quick", 4000},    {"default", 4000},      {"file", 4000}, {"log", 4000},
    {"hostile", 1000}, {"takeover", 2000}, {"transactions", 2000}, {"keys", 2000}, {"chunks", 2000},
};
constexpr uint64_t kFew = 3;  // Of each.
constexpr uint64_t kBatch = 250;
constexpr int kFailuresMax = 5;  // Of a batch; each is run again, for its record.

bool few_only = false;

struct Batch {
  std::string preset;
  SeedRange seeds;
};

std::vector<Batch> Batches() {
  std::vector<Batch> batches;
  for (const Share& share : kShares) {
    const uint64_t count = few_only ? kFew : share.seeds;
    for (uint64_t first = 1; first <= count; first += kBatch) {
      const uint64_t last = std::min(count, first + kBatch - 1);
      batches.push_back(Batch{std::string(share.preset), SeedRange{first, last}});
    }
  }
  return batches;
}

std::string SeedsText(const SeedRange& seeds) {
  return absl::StrCat(seeds.first, "..", seeds.last);
}

std::string HashText(uint64_t hash) { return absl::StrFormat("%016x", hash); }

PlanOptions OptionsOf(const std::string& preset) {
  const absl::StatusOr<PlanOptions> options = PlanOptionsOf(preset);
  CHECK_OK(options.status());
  return *options;
}

int PrintHashes(const std::string& preset, std::string_view seeds_text) {
  const absl::StatusOr<SeedRange> seeds = ParseSeedRange(seeds_text);
  CHECK_OK(seeds.status());
  const PlanOptions options = OptionsOf(preset);
  for (uint64_t seed = seeds->first; seed <= seeds->last; ++seed) {
    absl::PrintF("%s\n", HashText(RunPlan(MakePlan(seed, options), {}).trace_hash));
    std::fflush(stdout);
  }
  return 0;
}

// Of another process, which has the same program at other addresses.  Fewer, if it died.
std::vector<std::string> HashesOfAnotherProcess(const Batch& batch) {
  char program[4096] = {};
  CHECK_GT(readlink("/proc/self/exe", program, sizeof(program) - 1), 0);
  const std::string command =
      absl::StrCat("'", program, "' --hashes ", batch.preset, " ", SeedsText(batch.seeds));
  std::FILE* const pipe = popen(command.c_str(), "r");
  PCHECK(pipe != nullptr) << command;
  std::string text;
  char piece[4096];
  for (size_t size = 0; (size = std::fread(piece, 1, sizeof(piece), pipe)) > 0;) {
    text.append(piece, size);
  }
  EXPECT_EQ(pclose(pipe), 0) << command << " died; see above";
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

// Where Bazel keeps what a test leaves.
std::string OutputDirectory() {
  const char* const directory = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  return directory == nullptr ? ::testing::TempDir() : directory;
}

class SmokeTest : public ::testing::TestWithParam<Batch> {
 protected:
  // Writes its record down, and says how to see it.
  void Tell(const RunSummary& failed) {
    const Batch& batch = GetParam();
    const RunRecord record =
        RecordFailure(MakePlan(failed.seed, OptionsOf(batch.preset)), RunOptions(), failed);
    const std::string path =
        absl::StrCat(OutputDirectory(), "/seed-", failed.seed, "-", batch.preset, ".json");
    const absl::Status written = WriteRecord(record, path);
    ADD_FAILURE() << "seed " << failed.seed << ": " << record.verdict.signature << ": "
                  << record.verdict.message << "\n  tools/simulate run --config " << batch.preset
                  << " --seeds " << failed.seed << "\n  "
                  << (written.ok() ? absl::StrCat("tools/simulate replay ", path)
                                   : std::string(written.message()));
  }
};

TEST_P(SmokeTest, EachSeedRunsCleanAndAlwaysAlike) {
  const Batch& batch = GetParam();
  const PlanOptions options = OptionsOf(batch.preset);
  const std::vector<std::string> others = HashesOfAnotherProcess(batch);
  uint64_t count = 0;
  int failures = 0;
  RunSeeds(
      WorkOptions{batch.seeds, 1},
      [&options](uint64_t seed) { return RunTwice(MakePlan(seed, options), RunOptions()); },
      [&](const RunSummary& run) {
        if (run.failed()) {
          Tell(run);
          ++failures;
        } else if (count < others.size() && others[count] != HashText(run.trace_hash)) {
          ADD_FAILURE() << "seed " << run.seed << " of " << batch.preset << " has trace hash "
                        << HashText(run.trace_hash) << ", and in another process " << others[count]
                        << "\n  tools/simulate run --twice --config " << batch.preset << " --seeds "
                        << run.seed;
          ++failures;
        }
        ++count;
        return failures < kFailuresMax;
      });
  if (failures == 0) {
    EXPECT_EQ(others.size(), batch.seeds.count());
  }
}

std::string NameOfParam(const ::testing::TestParamInfo<Batch>& info) {
  std::string name = info.param.preset;
  name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return absl::StrCat(name, info.param.seeds.first, "To", info.param.seeds.last);
}

INSTANTIATE_TEST_SUITE_P(All, SmokeTest, ::testing::ValuesIn(Batches()), NameOfParam);

}  // namespace

int Main(int argc, char** argv) {
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kError);
  absl::InitializeLog();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 3 && arguments[0] == "--hashes") {
    return PrintHashes(arguments[1], arguments[2]);
  }
  // Before GoogleTest asks for the batches.
  few_only = !arguments.empty() && arguments[0] == "--few";
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

}  // namespace tidelog::sim

int main(int argc, char** argv) { return tidelog::sim::Main(argc, argv); }
