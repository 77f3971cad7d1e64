#include "tools/simulator/coverage.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/plan/fault.h"
#include "sim/plan/plan.h"
#include "sim/world/run.h"

namespace tidelog::simulator {
namespace {

bool IsHit(uint64_t count) { return count != 0; }

bool HasBackend(const sim::PlanOptions& options, bool is_file) {
  return std::any_of(options.backends.begin(), options.backends.end(), [is_file](auto backend) {
    return (backend == sim::BackendKind::kFile) == is_file;
  });
}

bool IsOfDisk(sim::FaultClass fault) {
  return fault >= sim::FaultClass::kDiskError && fault < sim::FaultClass::kRequestLost;
}

// Not of an instant, but of the operation or request that it is put on.
bool IsOfOperation(sim::FaultClass fault) {
  switch (fault) {
    case sim::FaultClass::kDiskError:
    case sim::FaultClass::kSyncError:
    case sim::FaultClass::kDiskSlow:
    case sim::FaultClass::kDiskHang:
    case sim::FaultClass::kSyncLie:
    case sim::FaultClass::kLostName:
    case sim::FaultClass::kMisdirectedRead:
    case sim::FaultClass::kMisdirectedWrite:
      return true;
    default:
      return fault >= sim::FaultClass::kRequestLost && fault <= sim::FaultClass::kSpuriousEnd;
  }
}

// Whether plans of these options may fill the cell.
bool MayMeet(const sim::PlanOptions& options, sim::FaultClass fault, sim::RunPhase phase) {
  const bool is_lie = fault >= sim::FaultClass::kSyncLie && fault < sim::FaultClass::kRequestLost;
  if (options.mode == sim::Mode::kCalm) return false;
  if (is_lie && options.mode != sim::Mode::kHostile) return false;
  if (phase == sim::RunPhase::kTransacting && options.transactions_in_1000 == 0) return false;
  // An idle process has nothing under way that it could meet, but for what a call left behind.
  if (phase == sim::RunPhase::kIdle && IsOfOperation(fault)) return false;
  if (IsOfDisk(fault)) return HasBackend(options, true);
  return fault < sim::FaultClass::kDiskError || HasBackend(options, false);
}

}  // namespace

void Coverage::Add(const sim::RunSummary& summary) {
  if (summary.probes.empty()) return;  // It died.
  ++runs_;
  if (probes_.empty()) {
    for (const sim::ProbeHits& probe : summary.probes) {
      probes_.push_back(Probe{probe.name, probe.rare, 0, 0});
    }
  }
  for (size_t i = 0; i < probes_.size() && i < summary.probes.size(); ++i) {
    probes_[i].hits += summary.probes[i].hits;
    if (IsHit(summary.probes[i].hits)) ++probes_[i].runs;
  }
  for (size_t fault = 0; fault < faults_.size(); ++fault) {
    for (size_t phase = 0; phase < faults_[fault].size(); ++phase) {
      faults_[fault][phase] += summary.faults[fault][phase];
    }
  }
}

std::vector<std::string> Coverage::MissedProbes() const {
  std::vector<std::string> missed;
  for (const Probe& probe : probes_) {
    if (!probe.rare && runs_ >= kRunsPerHit && probe.runs * kRunsPerHit < runs_) {
      missed.push_back(probe.name);
    }
  }
  return missed;
}

std::vector<std::string> Coverage::EmptyCells(const sim::PlanOptions& options) const {
  std::vector<std::string> empty;
  if (runs_ < kRunsPerMatrix) return empty;
  for (int f = 0; f < sim::kFaultClassCount; ++f) {
    for (int p = 0; p < sim::kRunPhaseCount; ++p) {
      const auto fault = static_cast<sim::FaultClass>(f);
      const auto phase = static_cast<sim::RunPhase>(p);
      const uint64_t count = faults_[static_cast<size_t>(f)][static_cast<size_t>(p)];
      if (IsHit(count) || !MayMeet(options, fault, phase)) continue;
      empty.push_back(absl::StrCat(NameOf(fault), " while ", NameOf(phase)));
    }
  }
  return empty;
}

std::vector<std::string> Coverage::Complaints(const sim::PlanOptions& options) const {
  std::vector<std::string> complaints;
  for (const std::string& probe : MissedProbes()) {
    complaints.push_back(
        absl::StrCat("missed: ", probe, ": in less than one run of ", kRunsPerHit));
  }
  for (const std::string& cell : EmptyCells(options)) {
    complaints.push_back(absl::StrCat("missed: ", cell, ": in none of ", runs_, " runs"));
  }
  return complaints;
}

std::string Coverage::ProbeTable() const {
  std::string table = absl::StrFormat("%-44s %12s %9s %8s\n", "probe", "hits", "runs", "of runs");
  for (const Probe& probe : probes_) {
    absl::StrAppendFormat(&table, "%-44s %12d %9d %7.3f%%%s\n", probe.name, probe.hits, probe.runs,
                          100.0 * static_cast<double>(probe.runs) / static_cast<double>(runs_),
                          probe.rare ? "  rare" : "");
  }
  return table;
}

std::string Coverage::FaultTable() const {
  std::string table = absl::StrFormat("%-18s", "fault");
  for (int phase = 0; phase < sim::kRunPhaseCount; ++phase) {
    absl::StrAppendFormat(&table, " %11s", sim::NameOf(static_cast<sim::RunPhase>(phase)));
  }
  absl::StrAppend(&table, "\n");
  for (size_t fault = 0; fault < faults_.size(); ++fault) {
    absl::StrAppendFormat(&table, "%-18s", sim::NameOf(static_cast<sim::FaultClass>(fault)));
    for (const uint64_t count : faults_[fault]) {
      absl::StrAppendFormat(&table, " %11s", IsHit(count) ? absl::StrCat(count) : ".");
    }
    absl::StrAppend(&table, "\n");
  }
  return table;
}

std::string Coverage::Line() const {
  size_t probes = 0;
  for (const Probe& probe : probes_) probes += IsHit(probe.hits) ? 1 : 0;
  size_t cells = 0;
  for (const auto& phases : faults_) {
    for (const uint64_t count : phases) cells += IsHit(count) ? 1 : 0;
  }
  return absl::StrCat(probes, "/", probes_.size(), " probes, ", cells, "/",
                      faults_.size() * sim::kRunPhaseCount, " cells");
}

}  // namespace tidelog::simulator
