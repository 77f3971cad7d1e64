#include "sim/record/cpp_test.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "nlohmann/json.hpp"
#include "sim/plan/plan.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

// What tools/lint allows.
constexpr size_t kColumnsMax = 98;
constexpr int kLinesMax = 600;

// $PLANTED of a test whose bug is there only if it is planted.
constexpr std::string_view kPlanted =
    R"(// The bug is planted: build it with --copt=-DTIDELOG_MUTANTS=1, and it fails as recorded.
//
)";

constexpr std::string_view kTemplate = R"(// Seed $SEED: $SIGNATURE.
//
//   $MESSAGE
//
$PLANTED// Its stanza:
//
// cc_test(
//     name = "$TARGET",
//     size = "small",
//     srcs = ["$TARGET.cc"],
//     deps = [
//         "//sim/check:report",
$MUTANT_DEP//         "//sim/plan",
//         "//sim/world:run",
//         "@com_google_absl//absl/status:statusor",
//         "@com_google_googletest//:gtest_main",
//         "@nlohmann_json//:json",
//     ],
// )
#include <string_view>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "sim/check/report.h"
$MUTANT_INCLUDE#include "sim/plan/plan.h"
#include "sim/world/run.h"

namespace tidelog::sim {
namespace {

constexpr std::string_view kPlan = R"json(
$PLAN
)json";

TEST(RecordedRunTest, $NAME) {
  const absl::StatusOr<Plan> plan = PlanFromJson(nlohmann::ordered_json::parse(kPlan));
  ASSERT_TRUE(plan.ok()) << plan.status();
$SWITCH  RunOptions options;
  options.replay_choices = $REPLAY;
  const RunResult result = RunPlan(*plan, options);
  for (const check::Violation& violation : result.violations) {
    ADD_FAILURE() << violation.Signature() << ": " << violation.message;
  }
  EXPECT_EQ(result.outcome, Outcome::kFine);
}

}  // namespace
}  // namespace tidelog::sim
)";

// JSON in lines of a bounded length, broken behind commas that are in no string.
std::string Wrapped(std::string_view json, int* line_count) {
  std::string text;
  std::string line;
  *line_count = 1;
  bool is_quoted = false;
  size_t begin = 0;
  const auto add = [&](std::string_view piece) {
    if (!line.empty() && line.size() + piece.size() > kColumnsMax) {
      absl::StrAppend(&text, line, "\n");
      line.clear();
      ++*line_count;
    }
    absl::StrAppend(&line, piece);
  };
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '\\' && is_quoted) {
      ++i;
    } else if (json[i] == '"') {
      is_quoted = !is_quoted;
    } else if (json[i] == ',' && !is_quoted) {
      add(json.substr(begin, i + 1 - begin));
      begin = i + 1;
    }
  }
  add(json.substr(begin));
  return text + line;
}

// "durability/lost-write" is "DurabilityLostWrite".
std::string CamelCase(std::string_view text) {
  std::string name;
  bool is_first = true;
  for (const char c : text) {
    const auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter) == 0) {
      is_first = true;
      continue;
    }
    name += is_first ? static_cast<char>(std::toupper(letter)) : c;
    is_first = false;
  }
  return name;
}

// In a comment of one line.
std::string OneLine(std::string_view text) {
  std::string line(text.substr(0, std::min<size_t>(text.size(), kColumnsMax - 6)));
  for (char& c : line) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = ' ';
  }
  while (line.ends_with(' ') || line.ends_with('\\')) line.pop_back();
  return line;
}

}  // namespace

absl::StatusOr<std::string> CppTest(const RunRecord& record) {
  int line_count = 0;
  const std::string plan = Wrapped(ToJson(record.plan).dump(), &line_count);
  if (line_count > kLinesMax) {
    return WalError(
        WalErrorCode::kInvalidArgument,
        absl::StrCat("a test of ", record.plan.operations.size(), " operations, ",
                     record.plan.faults.size(), " faults and ", record.plan.choices.size(),
                     " choices would be of ", line_count, " lines: shrink the record first"));
  }
  const std::string seed = absl::StrCat(record.plan.seed);
  const std::string name = absl::StrCat("Seed", seed, "HasNo", CamelCase(record.verdict.signature));
  const std::string& mutant = record.mutant;
  const bool is_planted = !mutant.empty();
  const std::string plant = absl::StrCat("  ASSERT_TRUE(PlantMutant(\"", mutant, "\").ok());\n");
  return absl::StrReplaceAll(
      kTemplate, {{"$SEED", seed},
                  {"$SIGNATURE", OneLine(record.verdict.signature)},
                  {"$MESSAGE", OneLine(record.verdict.message)},
                  {"$PLANTED", is_planted ? kPlanted : ""},
                  {"$MUTANT_DEP", is_planted ? "//         \"//sim/mutant:catalog\",\n" : ""},
                  {"$MUTANT_INCLUDE", is_planted ? "#include \"sim/mutant/catalog.h\"\n" : ""},
                  {"$SWITCH", is_planted ? std::string_view(plant) : ""},
                  {"$TARGET", absl::StrCat("seed_", seed, "_test")},
                  {"$PLAN", plan},
                  {"$NAME", name},
                  {"$REPLAY", record.replay_choices ? "true" : "false"}});
}

}  // namespace tidelog::sim
