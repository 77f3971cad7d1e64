// explore: explores one scope of the model, with rules left out or not, and prints the shortest way
// to what breaks.  `--help` is its manual.
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "impls/file/model/check.h"
#include "impls/file/model/describe.h"
#include "impls/file/model/rule.h"
#include "impls/file/model/scope.h"

namespace tidelog::impls::file::model {
namespace {

constexpr char kFooter[] = R"(
Examples:
  explore --list                                  # scopes and rules
  explore race                                    # every state of a scope
  explore race --without claim-manifest           # the shortest way to what the rule prevents

Exit codes: 0 all invariants hold, 1 one is broken, 2 usage, 3 more states than --states-max.)";

constexpr int kBroken = 1;
constexpr int kUsage = 2;
constexpr int kNotWhole = 3;

int List() {
  absl::PrintF("Scopes:\n");
  for (const std::span<const Scope> scopes : {SmallScopes(), LargeScopes()}) {
    for (const Scope& scope : scopes) absl::PrintF("  %-26s %s\n", scope.name, scope.says);
  }
  absl::PrintF("\nRules, each with a scope that shows what it is for:\n");
  for (const RuleInfo& rule : Rules()) {
    absl::PrintF("  %-26s %-16s %s\n", rule.name, rule.scope, rule.says);
  }
  return 0;
}

std::string CheckScope(const std::string& name) {
  if (FindScope(name) != nullptr) return "";
  return absl::StrCat("there is no scope ", name, "; --list names them");
}

const RuleInfo* FindRule(std::string_view name) {
  for (const RuleInfo& rule : Rules()) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

std::string CheckRule(const std::string& name) {
  if (FindRule(name) != nullptr) return "";
  return absl::StrCat("there is no rule ", name, "; --list names them");
}

int Run(const std::string& scope, const std::vector<std::string>& without, uint64_t states_max) {
  Setting setting;
  setting.scope = *FindScope(scope);
  for (const std::string& name : without) setting.left_out.Add(FindRule(name)->rule);
  const Verdict verdict = Check(setting, states_max);
  absl::PrintF("%s", Describe(setting, verdict.exploration.trace));
  const bool broken = verdict.broken != Broken::kNothing;
  const std::string_view end = broken                      ? "broken"
                               : verdict.exploration.whole ? "all invariants hold"
                                                           : "not all of them";
  absl::PrintF("%s: %d states, %d steps, %d deep, %s\n", scope, verdict.exploration.states,
               verdict.exploration.steps, verdict.exploration.depth, end);
  if (!verdict.reached.empty()) {
    absl::PrintF("came by: %s\n", absl::StrJoin(verdict.reached, ", "));
  }
  if (broken) return kBroken;
  return verdict.exploration.whole ? 0 : kNotWhole;
}

int Main(int argc, char** argv) {
  CLI::App app("Explores the model of the file log's fence, takeover and recovery.", "explore");
  app.footer(kFooter);
  bool list = false;
  std::string scope;
  std::vector<std::string> without;
  uint64_t states_max = 100'000'000;
  app.add_flag("--list", list, "names the scopes and the rules");
  app.add_option("scope", scope, "how much may happen")->type_name("SCOPE")->check(CheckScope);
  app.add_option("--without", without, "a rule to leave out; may be given several times")
      ->type_name("RULE")
      ->check(CheckRule);
  app.add_option("--states-max", states_max, "give up beyond so many; each takes 40 bytes and more")
      ->type_name("N")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (list) return List();
  if (scope.empty()) {
    absl::FPrintF(stderr, "explore: name a scope; --list names them\n");
    return kUsage;
  }
  return Run(scope, without, states_max);
}

}  // namespace
}  // namespace tidelog::impls::file::model

int main(int argc, char** argv) { return tidelog::impls::file::model::Main(argc, argv); }
