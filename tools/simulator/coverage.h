// Coverage: what a number of runs has seen, and what it should have.
#ifndef TIDELOG_TOOLS_SIMULATOR_COVERAGE_H_
#define TIDELOG_TOOLS_SIMULATOR_COVERAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/plan/plan.h"
#include "sim/trial/summary.h"

namespace tidelog::simulator {

class Coverage {
 public:
  // A probe that is not rare is hit once in so many runs, or else something is no longer tested.
  static constexpr uint64_t kRunsPerHit = 2000;
  // So many runs fill every cell of the matrix that can be filled.
  static constexpr uint64_t kRunsPerMatrix = 8000;

  void Add(const sim::RunSummary& summary);

  uint64_t runs() const { return runs_; }

  // Those that are not rare and were hit too seldom; none as long as there are too few runs to
  // tell.
  std::vector<std::string> MissedProbes() const;

  // "pause while opening": cells that stayed empty, though plans of these options may fill them;
  // none as long as there are too few runs to tell.
  std::vector<std::string> EmptyCells(const sim::PlanOptions& options) const;

  // Both, as sentences.
  std::vector<std::string> Complaints(const sim::PlanOptions& options) const;

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
  sim::FaultMatrix faults_{};
};

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_COVERAGE_H_
