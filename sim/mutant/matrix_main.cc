// Prints the kill matrix: sim/doc/mutants.md.
#include <cstdint>
#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "sim/mutant/catalog.h"
#include "sim/mutant/hunt.h"

namespace tidelog::sim {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("matrix: hunts every mutant, and prints who killed it", "matrix");
  uint64_t seeds = 20000;
  int64_t seconds = 60;
  std::string only;
  app.add_option("--seeds", seeds, "at most, a mutant")->capture_default_str();
  app.add_option("--seconds", seconds, "at most, a mutant")->capture_default_str();
  app.add_option("--only", only, "the name of one mutant");
  CLI11_PARSE(app, argc, argv);
  if (!only.empty() && FindMutant(only) == nullptr) {
    absl::FPrintF(stderr, "there is no mutant %s; see sim/doc/mutants.md\n", only);
    return 2;
  }
  absl::PrintF(
      "# Mutants\n\nBugs planted one at a time, and what random seeds alone made of "
      "them. Written by `tools/simulate mutants`.\n\n"
      "| name | what it breaks | killed | seeds to kill | checker |\n"
      "| --- | --- | --- | --- | --- |\n");
  int survivors = 0;
  for (const MutantEntry& entry : AllMutants()) {
    if (!only.empty() && entry.name != only) continue;
    HuntOptions options;
    options.seeds_max = seeds;
    options.time_max = absl::Seconds(seconds);
    const Kill kill = Hunt(entry, options);
    if (kill.killed) {
      absl::PrintF("| %s | %s | killed | %d | %s (%s)%s |\n", entry.name, entry.breaks, kill.seeds,
                   kill.checker, kill.anomaly, kill.expected ? "" : ", unexpected");
    } else {
      ++survivors;
      absl::PrintF("| %s | %s | survived | > %d | |\n", entry.name, entry.breaks, kill.seeds);
    }
    std::fflush(stdout);
  }
  absl::FPrintF(stderr, "%d survived\n", survivors);
  return 0;
}

}  // namespace
}  // namespace tidelog::sim

int main(int argc, char** argv) { return tidelog::sim::Main(argc, argv); }
