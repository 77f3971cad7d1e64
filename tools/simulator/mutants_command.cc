#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/mutant/catalog.h"
#include "sim/mutant/hunt.h"
#include "sim/record/run_record.h"
#include "sim/trial/seed_range.h"
#include "tools/simulator/commands.h"

namespace tidelog::simulator {
namespace {

constexpr char kHeading[] = R"(# Mutants

Bugs that are planted one at a time (`wal/base/mutant.h`), and how many seeds of the simulator it
takes until a checker notices. Written by `tools/simulate mutants`; `//sim:mutants_test` repeats it.
`tools/simulate run --mutant NAME --config CONFIG` shows one at work.

| name | what it breaks | config | killed | seeds to kill | checker |
| --- | --- | --- | --- | --- | --- |
)";

std::string Row(const sim::MutantEntry& entry, const sim::Kill& kill) {
  const std::string name = absl::StrCat("| ", entry.name, " | ", entry.breaks, " | ", entry.preset);
  if (!kill.killed && !entry.unseen.empty()) {
    return absl::StrCat(name, " | survived: ", entry.unseen, " | > ", kill.seeds, " | |\n");
  }
  if (!kill.killed) return absl::StrCat(name, " | survived | > ", kill.seeds, " | |\n");
  return absl::StrCat(name, " | killed | ", kill.seeds, " | ", kill.verdict.signature,
                      kill.expected ? "" : ", which was not to be its killer", " |\n");
}

}  // namespace

ExitCode RunMutants(const MutantsFlags& flags) {
  // Tells at once whether there are such mutants here.  A hunt plants its own.
  const std::string_view probe =
      flags.only.empty() ? sim::AllMutants().front().name : std::string_view(flags.only);
  const absl::Status planted = sim::PlantMutant(probe);
  if (!planted.ok()) return UsageError(planted);
  sim::UprootMutant();
  if (flags.ablation) return RunAblation(flags);
  const uint64_t seeds = flags.seeds != 0 ? flags.seeds : 20000;
  const std::string out = flags.out.empty() ? "sim/doc/mutants.md" : flags.out;
  std::string text = kHeading;
  int survived = 0;
  int unexpected = 0;
  for (const sim::MutantEntry& entry : sim::AllMutants()) {
    if (!flags.only.empty() && entry.name != flags.only) continue;
    const sim::Kill kill = sim::Hunt(entry, sim::SeedRange{1, seeds});
    survived += kill.killed || !entry.unseen.empty() ? 0 : 1;
    unexpected += kill.killed && !kill.expected ? 1 : 0;
    const std::string row = Row(entry, kill);
    absl::PrintF("%s", row);
    std::fflush(stdout);
    text += row;
  }
  if (flags.only.empty()) {
    const absl::Status written = sim::WriteText(text, out);
    if (!written.ok()) return UsageError(written);
    absl::PrintF("%s is written; ", out);
  }
  absl::PrintF("%d survived, %d were killed by another checker than theirs\n", survived,
               unexpected);
  return survived + unexpected == 0 ? ExitCode::kFine : ExitCode::kNotMet;
}

}  // namespace tidelog::simulator
