// Coverage: what a number of runs has seen, and what it should have.
#ifndef TIDELOG_TOOLS_SIMULATOR_COVERAGE_H_
#define TIDELOG_TOOLS_SIMULATOR_COVERAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/simulator/summary.h"

namespace tidelog::simulator {

class Coverage {
 public:
  // A probe that is not rare is hit once in so many runs, or else something is no longer tested.
  static constexpr uint64_t kRunsPerHit = 2000;

  void Add(const RunSummary& summary);

  uint64_t runs() const { return runs_; }

  // Those that are not rare and were hit too seldom; none as long as there are too few runs to
  // tell.
  std::vector<std::string> MissedProbes() const;

  // Probes by hits and runs, and faults by phases.
  std::string ProbeTable() const;
  std::string FaultTable() const;

  // "31/34 probes, 200/240 cells".
  std::string Line() const;

 private:
  struct Probe {
    std::string name;
    bool rare = false;
    uint64_t hits = 0;
    uint64_t runs = 0;  // In which it was hit.
  };

  uint64_t runs_ = 0;
  std::vector<Probe> probes_;
  FaultMatrix faults_{};
};

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_COVERAGE_H_
