#include "tools/benchmark/plan.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "tools/benchmark/sample.h"
#include "tools/benchmark/subject/catalog.h"
#include "tools/benchmark/subject/subject.h"

namespace tidelog::benchmark {
namespace {

constexpr std::string_view kWorkNames[] = {"append", "append_threads", "batch", "scan",
                                           "open",   "visible",        "idle"};

struct Kind {
  std::string_view name;
  Work work;
};
constexpr Kind kKinds[] = {
    {"append", {WorkKind::kAppend, 0, 1}},    {"append", {WorkKind::kAppend, 0, 64}},
    {"append", {WorkKind::kAppend, 0, 1024}}, {"append_threads", {WorkKind::kThreads, 0, 64}},
    {"batch", {WorkKind::kBatch, 0, 1}},      {"scan", {WorkKind::kScan, 0, 1}},
};

// Those whose figures a floor is set for: the log, and whom it must beat.
bool IsJudged(const Facts& facts, const Work& work) {
  return facts.name == "file" ||
         (facts.peer && work.kind == WorkKind::kAppend && work.in_flight == 64);
}

// Empty: it does the work.
std::string WhyNot(const Facts& facts, const Work& work) {
  if (work.in_flight > 1 && !facts.groups_commits) {
    return "commits of several threads wait for one another: as with 1 in flight";
  }
  if (facts.name == "backend" && work.kind == WorkKind::kThreads) {
    return "threads go through the adaptor";
  }
  return "";
}

Cell MakeCell(const Kind& kind, size_t payload, const Options& options,
              std::vector<LeftOut>* left_out) {
  Cell cell{std::string(kind.name), kind.work, {}};
  cell.what.payload = payload;
  for (const std::string& name : options.subjects) {
    const absl::StatusOr<std::unique_ptr<Subject>> subject = MakeSubject(name, Purpose::kRead);
    CHECK_OK(subject.status());
    const Facts& facts = (*subject)->facts();
    std::string why = WhyNot(facts, kind.work);
    if (!why.empty()) {
      const bool said = std::any_of(left_out->begin(), left_out->end(), [&](const LeftOut& other) {
        return other.work == kind.name && other.subject == name;
      });
      if (!said) left_out->push_back({std::string(kind.name), name, std::move(why)});
      continue;
    }
    const bool judged = IsJudged(facts, cell.what);
    cell.contenders.push_back({name, judged ? options.pairs : options.pairs_of_others});
  }
  return cell;
}

}  // namespace

std::span<const std::string_view> WorkNames() { return kWorkNames; }

Plan MakePlan(const Options& options) {
  Plan plan;
  for (const size_t payload : options.payloads) {
    for (const Kind& kind : kKinds) {
      if (std::find(options.works.begin(), options.works.end(), kind.name) == options.works.end()) {
        continue;
      }
      Cell cell = MakeCell(kind, payload, options, &plan.left_out);
      if (!cell.contenders.empty()) plan.cells.push_back(std::move(cell));
    }
  }
  return plan;
}

}  // namespace tidelog::benchmark
