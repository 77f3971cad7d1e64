#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "sim/check/registry.h"
#include "sim/mutant/ablation.h"
#include "sim/mutant/catalog.h"
#include "sim/plan/fault.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/trial/seed_range.h"
#include "tools/simulator/commands.h"

namespace tidelog::simulator {
namespace {

constexpr char kHeading[] = R"(# Ablation

Which planted bugs ([mutants.md](mutants.md)) the simulator would miss without one of its checkers,
or without one class of its faults. Each is looked for with at most %d seeds, as many as it takes
to see that it is found without each; in brackets is how many of them find it with everything there:
what a single one needs may be luck. Bugs that survive anyway are left out. Written by
`tools/simulate mutants --ablation`.

| without | these survive |
| --- | --- |
)";

// The bugs that need each.
using Table = std::map<std::string, std::vector<std::string>>;

std::vector<std::string> NamesOf(const sim::Needs& needs) {
  std::vector<std::string> names(needs.checkers.begin(), needs.checkers.end());
  for (const sim::FaultClass kind : needs.faults) names.emplace_back(sim::NameOf(kind));
  return names;
}

// In the order of what there is to take away.
std::string ToText(const Table& table, uint64_t seeds) {
  std::string text = absl::StrFormat(kHeading, seeds);
  std::vector<std::string> idle;
  int idle_classes = 0;
  const auto add = [&](std::string_view what, std::string_view name) {
    const auto found = table.find(std::string(name));
    if (found == table.end()) return false;
    absl::StrAppend(&text, "| ", what, " `", name, "` | ", absl::StrJoin(found->second, ", "),
                    " |\n");
    return true;
  };
  for (const sim::check::Checker& checker : sim::check::AllCheckers()) {
    if (!add("checker", checker.name)) idle.push_back(absl::StrCat("`", checker.name, "`"));
  }
  for (const std::string_view name : {"world", "crash"}) add("verdict", name);
  for (int i = 0; i < sim::kFaultClassCount; ++i) {
    idle_classes += add("fault", sim::NameOf(static_cast<sim::FaultClass>(i))) ? 0 : 1;
  }
  absl::StrAppend(&text, "\nWithout any one of the checkers ", absl::StrJoin(idle, ", "),
                  ", or of the other ", idle_classes, " classes of faults, none survives.\n");
  return text;
}

}  // namespace

ExitCode RunAblation(const MutantsFlags& flags) {
  const uint64_t seeds = flags.seeds != 0 ? flags.seeds : 5000;
  Table table;
  for (const sim::MutantEntry& entry : sim::AllMutants()) {
    if (!flags.only.empty() ? entry.name != flags.only : !entry.unseen.empty()) continue;
    const sim::Needs needs = sim::FindNeeds(entry, sim::SeedRange{1, seeds});
    const std::vector<std::string> names = NamesOf(needs);
    for (const std::string& name : names) {
      table[name].push_back(absl::StrCat(entry.name, " (", needs.kills, ")"));
    }
    const std::string told = needs.kills == 0 ? "survives all the same"
                             : names.empty()  ? "needs none of them alone"
                                              : absl::StrCat("needs ", absl::StrJoin(names, ", "));
    absl::PrintF("%s, %d seeds: %s\n", entry.name, needs.seeds, told);
    std::fflush(stdout);
  }
  if (!flags.only.empty()) return ExitCode::kFine;
  const std::string out = flags.out.empty() ? "sim/doc/ablation.md" : flags.out;
  const absl::Status written = sim::WriteText(ToText(table, seeds), out);
  if (!written.ok()) return UsageError(written);
  absl::PrintF("%s is written\n", out);
  return ExitCode::kFine;
}

}  // namespace tidelog::simulator
