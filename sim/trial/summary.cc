#include "sim/trial/summary.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "nlohmann/json.hpp"
#include "sim/check/report.h"
#include "sim/plan/fault.h"
#include "sim/world/run.h"

namespace tidelog::sim {
namespace {

using Json = nlohmann::json;

}  // namespace

RunSummary Summarize(uint64_t seed, const RunResult& result) {
  RunSummary summary;
  summary.seed = seed;
  summary.verdict = VerdictOf(result);
  for (const check::Violation& violation : result.violations) {
    std::string signature = violation.Signature();
    std::vector<std::string>& known = summary.signatures;
    if (std::find(known.begin(), known.end(), signature) == known.end()) {
      known.push_back(std::move(signature));
    }
  }
  summary.trace_hash = result.trace_hash;
  summary.event_count = result.event_count;
  summary.peak_bytes = result.peak_bytes;
  summary.probes = result.probes;
  for (size_t fault = 0; fault < summary.faults.size(); ++fault) {
    std::copy(result.fault_phases[fault].begin(), result.fault_phases[fault].end(),
              summary.faults[fault].begin());
  }
  return summary;
}

std::string ToLine(const RunSummary& summary) {
  const Verdict& verdict = summary.verdict;
  Json probes = Json::array();
  for (const ProbeHits& probe : summary.probes) {
    probes.push_back(Json::array({probe.name, probe.hits, probe.rare}));
  }
  Json faults = Json::array();  // Those that are there.
  for (size_t fault = 0; fault < summary.faults.size(); ++fault) {
    for (size_t phase = 0; phase < summary.faults[fault].size(); ++phase) {
      const uint64_t count = summary.faults[fault][phase];
      if (count != 0) faults.push_back(Json::array({fault, phase, count}));
    }
  }
  const Json line =
      Json::array({summary.seed, static_cast<int>(verdict.outcome), verdict.checker,
                   verdict.anomaly, verdict.rule, verdict.signature, verdict.message,
                   summary.signatures, summary.trace_hash, summary.event_count, summary.peak_bytes,
                   probes, faults, summary.is_canary, summary.canary_noticed});
  return line.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

RunSummary SummaryFromLine(std::string_view text) {
  const Json line = Json::parse(text);
  RunSummary summary;
  summary.seed = line[0];
  summary.verdict.outcome = static_cast<Outcome>(line[1].get<int>());
  summary.verdict.checker = line[2];
  summary.verdict.anomaly = line[3];
  summary.verdict.rule = line[4];
  summary.verdict.signature = line[5];
  summary.verdict.message = line[6];
  summary.signatures = line[7].get<std::vector<std::string>>();
  summary.trace_hash = line[8];
  summary.event_count = line[9];
  summary.peak_bytes = line[10];
  for (const Json& probe : line[11])
    summary.probes.push_back(ProbeHits{probe[0], probe[1], probe[2]});
  for (const Json& fault : line[12]) {
    summary.faults[fault[0].get<size_t>()][fault[1].get<size_t>()] = fault[2];
  }
  summary.is_canary = line[13];
  summary.canary_noticed = line[14];
  return summary;
}

}  // namespace tidelog::sim
