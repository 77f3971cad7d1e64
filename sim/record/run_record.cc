#include "sim/record/run_record.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <sstream>
#include <utility>

#include "absl/crc/crc32c.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "sim/check/registry.h"
#include "sim/check/report.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kOutcomes = {Outcome::kFine, Outcome::kCorrectness, Outcome::kLiveness,
                                  Outcome::kCrash, Outcome::kNondeterminism};

absl::Status Refuse(std::string_view path, std::string_view why) {
  return WalError(WalErrorCode::kInvalidArgument, absl::StrCat("record ", path, ": ", why));
}

// What a dying process said need not be UTF-8.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

bool IsFlat(const Json& json) {
  return std::none_of(json.begin(), json.end(),
                      [](const Json& item) { return item.is_structured() && !item.empty(); });
}

// A line for each operation, fault and the like: what holds nothing but values is one.
void Print(const Json& json, int depth, std::string* text) {
  if (!json.is_structured() || (depth > 0 && IsFlat(json))) {
    absl::StrAppend(text, Dump(json));
    return;
  }
  const std::string indent(static_cast<size_t>(depth) + 1, ' ');
  bool is_first = true;
  for (const auto& [key, value] : json.items()) {
    absl::StrAppend(text, is_first ? (json.is_object() ? "{\n" : "[\n") : ",\n", indent);
    if (json.is_object()) absl::StrAppend(text, Dump(Json(key)), ": ");
    Print(value, depth + 1, text);
    is_first = false;
  }
  absl::StrAppend(text, "\n", indent.substr(1), json.is_object() ? "}" : "]");
}

std::string Checksum(const Json& rest) {
  const std::string text = Dump(rest);
  return absl::StrFormat("%08x", static_cast<uint32_t>(absl::ComputeCrc32c(text)));
}

// Without the checksum.
Json ToJson(const RunRecord& record, std::string_view path) {
  Json json;
  json["schema"] = RunRecord::kSchema;
  json["replay"] = absl::StrCat("tools/simulate replay ", path);
  json["verdict"] = Json{{"outcome", std::string(NameOf(record.verdict.outcome))},
                         {"signature", record.verdict.signature},
                         {"checker", record.verdict.checker},
                         {"anomaly", record.verdict.anomaly},
                         {"rule", record.verdict.rule},
                         {"message", record.verdict.message}};
  json["build"] = Json{{"revision", record.build.revision}, {"compiler", record.build.compiler}};
  json["trace"] =
      Json{{"hash", absl::StrFormat("%016x", record.trace_hash)}, {"events", record.event_count}};
  json["checkers"] = record.checkers;
  if (!record.mutant.empty()) json["mutant"] = record.mutant;
  json["replay_choices"] = record.replay_choices;
  json["plan"] = ToJson(record.plan);
  return json;
}

// Takes fields out of an object, and keeps the first thing that is wrong with them.
class Fields {
 public:
  Fields(const Json* json, std::string path) : json_(*json), path_(std::move(path)) {}

  template <class T>
  void Take(const char* name, T* value) {
    if (!status_.ok()) return;
    const auto found = json_.find(name);
    if (found == json_.end()) {
      status_ = Refuse(path_, absl::StrCat("field \"", name, "\" is missing"));
    } else if (!Fits(*found, *value)) {
      status_ = Refuse(path_, absl::StrCat("field \"", name, "\" is of another type"));
    } else {
      *value = found->get<T>();
    }
  }
  // An object in it; the same if there is none, which is an error.
  const Json& Object(const char* name) {
    const auto found = json_.find(name);
    if (found != json_.end() && found->is_object()) return *found;
    if (status_.ok()) status_ = Refuse(path_, absl::StrCat("object \"", name, "\" is missing"));
    return json_;
  }
  const absl::Status& status() const { return status_; }

 private:
  static bool Fits(const Json& json, const std::string&) { return json.is_string(); }
  static bool Fits(const Json& json, bool) { return json.is_boolean(); }
  static bool Fits(const Json& json, uint64_t) { return json.is_number_unsigned(); }
  static bool Fits(const Json& json, const std::vector<std::string>&) {
    return json.is_array() &&
           std::all_of(json.begin(), json.end(), [](const Json& item) { return item.is_string(); });
  }

  const Json& json_;
  const std::string path_;
  absl::Status status_;
};

absl::Status CheckFrame(const Json& json, std::string_view path) {
  if (json.is_discarded()) return Refuse(path, "is no JSON: it is truncated, or no record");
  if (!json.is_object() || !json.contains("schema") || !json["schema"].is_number_integer()) {
    return Refuse(path, "is no record of a run: it has no schema number");
  }
  if (json["schema"] != RunRecord::kSchema) {
    return Refuse(path, absl::StrCat("has schema ", json["schema"].dump(),
                                     ", and this build reads ", RunRecord::kSchema));
  }
  Json rest = json;
  rest.erase("checksum");
  if (!json.contains("checksum") || json["checksum"] != Checksum(rest)) {
    return Refuse(path, "its checksum is not that of its text: it was edited or damaged");
  }
  return absl::OkStatus();
}

absl::StatusOr<Verdict> VerdictFrom(const Json& json, std::string_view path) {
  Verdict verdict;
  std::string outcome;
  Fields fields(&json, std::string(path));
  fields.Take("outcome", &outcome);
  fields.Take("signature", &verdict.signature);
  fields.Take("checker", &verdict.checker);
  fields.Take("anomaly", &verdict.anomaly);
  fields.Take("rule", &verdict.rule);
  fields.Take("message", &verdict.message);
  if (!fields.status().ok()) return fields.status();
  const auto found = std::find_if(kOutcomes.begin(), kOutcomes.end(),
                                  [&outcome](Outcome o) { return NameOf(o) == outcome; });
  if (found == kOutcomes.end()) {
    return Refuse(path, absl::StrCat("there is no outcome \"", outcome, "\""));
  }
  verdict.outcome = *found;
  return verdict;
}

}  // namespace

Verdict VerdictOf(const RunResult& result, std::string_view wanted) {
  Verdict verdict;
  verdict.outcome = result.outcome;
  const std::vector<check::Violation>& all = result.violations;
  if (all.empty()) return verdict;
  auto chosen = std::find_if(all.begin(), all.end(), [wanted](const check::Violation& violation) {
    return violation.Signature() == wanted;
  });
  if (chosen == all.end() && result.outcome == Outcome::kCorrectness) {
    // What waits for ever often does because of what is wrong.
    chosen = std::find_if(all.begin(), all.end(), [](const check::Violation& violation) {
      return violation.checker != "liveness" && violation.checker != "world";
    });
  }
  if (chosen == all.end()) chosen = all.begin();
  verdict.checker = chosen->checker;
  verdict.anomaly = chosen->anomaly;
  verdict.rule = chosen->rule;
  verdict.signature = chosen->Signature();
  verdict.message = chosen->message;
  return verdict;
}

RunOptions RunRecord::Options() const {
  RunOptions options;
  options.replay_choices = replay_choices;
  options.checkers = checkers;
  return options;
}

std::string ToText(const RunRecord& record, std::string_view path) {
  Json json = ToJson(record, path);
  json["checksum"] = Checksum(json);
  std::string text;
  Print(json, 0, &text);
  return text + "\n";
}

absl::StatusOr<RunRecord> RecordFromText(std::string_view text, std::string_view path) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  TIDELOG_RETURN_IF_ERROR(CheckFrame(json, path));
  RunRecord record;
  Fields fields(&json, std::string(path));
  fields.Take("checkers", &record.checkers);
  if (json.contains("mutant")) fields.Take("mutant", &record.mutant);
  fields.Take("replay_choices", &record.replay_choices);
  Fields build(&fields.Object("build"), std::string(path));
  Fields trace(&fields.Object("trace"), std::string(path));
  const Json& plan_json = fields.Object("plan");
  const Json& verdict_json = fields.Object("verdict");
  if (!fields.status().ok()) return fields.status();
  build.Take("revision", &record.build.revision);
  build.Take("compiler", &record.build.compiler);
  if (!build.status().ok()) return build.status();
  std::string hash;
  trace.Take("hash", &hash);
  trace.Take("events", &record.event_count);
  if (!trace.status().ok()) return trace.status();
  if (!absl::SimpleHexAtoi(hash, &record.trace_hash)) {
    return Refuse(path, absl::StrCat("its trace hash \"", hash, "\" is no number"));
  }
  absl::StatusOr<Verdict> verdict = VerdictFrom(verdict_json, path);
  if (!verdict.ok()) return verdict.status();
  record.verdict = *std::move(verdict);
  absl::StatusOr<Plan> plan = PlanFromJson(plan_json);
  if (!plan.ok()) return Refuse(path, plan.status().message());
  record.plan = *std::move(plan);
  const absl::Status checkers = ValidateCheckers(record.checkers);
  if (!checkers.ok()) return Refuse(path, checkers.message());
  return record;
}

absl::StatusOr<RunRecord> ReadRecord(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file.is_open()) return Refuse(path, absl::StrCat("cannot be read: ", std::strerror(errno)));
  text << file.rdbuf();
  if (text.str().empty()) return Refuse(path, "is empty, or no file");
  return RecordFromText(text.str(), path);
}

absl::Status WriteRecord(const RunRecord& record, const std::string& path) {
  return WriteText(ToText(record, path), path);
}

absl::Status WriteText(std::string_view text, const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  if (file.good()) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("file ", path, ": cannot be written: ", std::strerror(errno)));
}

absl::Status ValidateCheckers(const std::vector<std::string>& checkers) {
  const std::span<const check::Checker> all = check::AllCheckers();
  for (const std::string& name : checkers) {
    if (std::any_of(all.begin(), all.end(),
                    [&name](const check::Checker& checker) { return checker.name == name; })) {
      continue;
    }
    std::string names;
    for (const check::Checker& checker : all) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", checker.name);
    }
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("there is no checker \"", name, "\": there are ", names));
  }
  return absl::OkStatus();
}

}  // namespace tidelog::sim
