#include "tools/benchmark/report.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "tools/benchmark/place.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/row.h"
#include "tools/benchmark/statistics.h"
#include "tools/benchmark/subject/catalog.h"
#include "tools/benchmark/subject/raw.h"
#include "tools/benchmark/subject/subject.h"

namespace tidelog::benchmark {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

void AddSummary(const std::optional<Summary>& summary, std::string_view median,
                std::string_view min, std::string_view max, Json* json) {
  (*json)[std::string(median)] = summary.has_value() ? Json(summary->median) : Json();
  (*json)[std::string(min)] = summary.has_value() ? Json(summary->min) : Json();
  (*json)[std::string(max)] = summary.has_value() ? Json(summary->max) : Json();
}

Json OfFacts(const Facts& facts) {
  return Json{{"subject", facts.name},
              {"durable", facts.durable},
              {"peer", facts.peer},
              {"how", facts.how}};
}

Json OfSubjects(const Options& options) {
  Json subjects = Json::array();
  subjects.push_back(OfFacts(RawMachine().facts()));
  for (const std::string& name : options.subjects) {
    const absl::StatusOr<std::unique_ptr<Subject>> subject = MakeSubject(name, Purpose::kRead);
    if (subject.ok()) subjects.push_back(OfFacts((*subject)->facts()));
  }
  return subjects;
}

Json OfLimits(const Options& options) {
  return Json{{"stolen_max", options.noise.stolen_max},
              {"raw_ratio_max", options.noise.raw_ratio_max},
              {"kept_spoiled", options.keep_spoiled}};
}

}  // namespace

Json ToJson(const Row& row) {
  Json json;
  json["work"] = row.work;
  json["subject"] = row.subject;
  json["payload"] = row.payload;
  json["in_flight"] = row.in_flight;
  json["batch"] = row.batch;
  json["threads"] = row.threads;
  json["channels"] = row.channels;
  json["durable"] = row.durable;
  json["peer"] = row.peer;
  json["unit"] = row.unit;
  json["better"] = row.more_is_better ? "more" : "less";
  json["samples"] = row.values.size();
  AddSummary(Summarize(row.values), "median", "min", "max", &json);
  const std::optional<Summary> raw = Summarize(row.raws);
  json["raw_median"] = raw.has_value() ? Json(raw->median) : Json();
  AddSummary(Summarize(row.Ratios()), "ratio_to_raw", "ratio_min", "ratio_max", &json);
  json["best_peer"] = row.best_peer.empty() ? Json() : Json(row.best_peer);
  json["ratio_to_best_peer"] = row.best_peer.empty() ? Json() : Json(row.ratio_to_best_peer);
  json["spoiled"] = Json::array();
  for (const Spoiled& spoiled : row.spoiled) {
    json["spoiled"].push_back(absl::StrCat("round ", spoiled.round, ": ", spoiled.why));
  }
  return json;
}

Json ToJson(const Options& options, const Place& place, const std::vector<Row>& rows,
            const std::vector<LeftOut>& left_out) {
  Json json;
  json["version"] = kVersion;
  json["quick"] = options.quick;
  json["place"] = Json{{"file_system", place.file_system},
                       {"kernel", place.kernel},
                       {"processor", place.processor},
                       {"cores", place.cores}};
  json["noise"] = OfLimits(options);
  json["subjects"] = OfSubjects(options);
  json["rows"] = Json::array();
  for (const Row& row : rows) json["rows"].push_back(ToJson(row));
  json["left_out"] = Json::array();
  for (const LeftOut& one : left_out) {
    json["left_out"].push_back(
        Json{{"work", one.work}, {"subject", one.subject}, {"why", one.why}});
  }
  return json;
}

}  // namespace tidelog::benchmark
