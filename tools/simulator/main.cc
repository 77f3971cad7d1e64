// simulator: runs the log in simulated worlds, and works on records of runs that failed.
// `tools/simulate --help` is its manual.

#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/simulator/commands.h"
#include "tools/simulator/exit_code.h"

namespace tidelog::simulator {
namespace {

constexpr char kFooter[] = R"(
Examples:
  tools/simulate run --seeds 1..1000               # each failure leaves a record
  tools/simulate campaign --minutes 60             # fresh seeds; the smallest failure of each kind
  tools/simulate replay tidelog-failures/X.json
  tools/simulate shrink tidelog-failures/X.json    # leaves tidelog-failures/X.shrunk.json
  tools/simulate run --seeds 1..999 --config file --mutant ack-before-sync  # a planted bug

Exit codes: 0 fine, 1 coverage or a canary was missed, a planted bug survived, or there was nothing
to shrink, 2 usage, 3 the simulator cannot be built, 20 a wrong answer, 21 something waits for ever,
22 a crash, 23 the same run ended in two ways. Of several failures, that of the least seed counts.
A record of another build is replayed, and said to be one; one of another schema, or one that was
cut or edited, is refused.)";

// CLI11's own check of a number lets through what then wraps round, or says so at length.
std::string AboveZero(const std::string& text) {
  double number = 0;
  if (absl::SimpleAtod(text, &number) && number > 0) return "";
  return absl::StrCat("\"", text, "\" is no number above 0");
}

struct Flags {
  RunFlags run;
  RecordFlags record;
  CampaignFlags campaign;
  CoverageFlags coverage;
  BenchFlags bench;
  MutantsFlags mutants;
};

void AddPlanFlags(CLI::App* command, PlanFlags* flags) {
  command
      ->add_option(
          "--config", flags->config,
          "what plans are drawn from: default, calm, hostile, file, log, quick, long, takeover, "
          "transactions, keys, flow, chunks")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--checkers", flags->checkers, "only these (default: all that fit)")
      ->type_name("NAME")
      ->delimiter(',');
  command->add_option("--mutant", flags->mutant, "a bug to plant: sim/doc/mutants.md lists them")
      ->type_name("NAME");
  command->add_option("--workers", flags->workers, "processes at one time")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--dir", flags->directory, "where records of failures go")
      ->type_name("DIR")
      ->capture_default_str();
}

CLI::App* AddRun(CLI::App* app, RunFlags* flags) {
  CLI::App* run = app->add_subcommand("run", "run seeds");
  run->add_option("--seeds", flags->seeds, "which, inclusive")->type_name("A..B")->required();
  AddPlanFlags(run, &flags->plan);
  run->add_flag("--hashes", flags->hashes, "print the trace hash of each");
  run->add_flag("--trace", flags->trace, "print the events of the one seed, to compare two builds");
  run->add_flag("--twice", flags->twice, "run each twice, and compare");
  run->add_option("--failures-max", flags->failures_max, "end after so many")
      ->type_name("N")
      ->check(&AboveZero)
      ->capture_default_str();
  return run;
}

CLI::App* AddRecordCommand(CLI::App* app, const char* name, const char* what, RecordFlags* flags,
                           const char* out) {
  CLI::App* command = app->add_subcommand(name, what);
  command->add_option("file", flags->file, "the record")->type_name("FILE")->required();
  if (out != nullptr) {
    command->add_option("--out", flags->out, std::string("where it goes (default: ") + out + ")")
        ->type_name("FILE");
  }
  return command;
}

CLI::App* AddShrink(CLI::App* app, RecordFlags* flags) {
  CLI::App* shrink = AddRecordCommand(app, "shrink", "make of a record the least that fails alike",
                                      flags, "FILE with .shrunk.json");
  shrink->add_option("--runs", flags->runs_max, "no more than so many")
      ->type_name("N")
      ->check(&AboveZero)
      ->capture_default_str();
  shrink->add_option("--minutes", flags->minutes_max, "nor longer than this")
      ->type_name("N")
      ->check(&AboveZero)
      ->capture_default_str();
  return shrink;
}

CLI::App* AddCampaign(CLI::App* app, CampaignFlags* flags) {
  CLI::App* campaign =
      app->add_subcommand("campaign", "run fresh seeds for a while, and keep what fails");
  campaign->add_option("--minutes", flags->minutes, "how long")
      ->type_name("N")
      ->check(&AboveZero)
      ->capture_default_str();
  campaign->add_option("--first", flags->first_seed, "the first seed (default: from the date)")
      ->type_name("SEED")
      ->check(&AboveZero);
  AddPlanFlags(campaign, &flags->plan);
  return campaign;
}

CLI::App* AddCoverage(CLI::App* app, CoverageFlags* flags) {
  CLI::App* coverage =
      app->add_subcommand("coverage", "which probes are hit, and which faults meet what");
  coverage->add_option("--seeds", flags->seeds, "which, inclusive")
      ->type_name("A..B")
      ->capture_default_str();
  AddPlanFlags(coverage, &flags->plan);
  return coverage;
}

CLI::App* AddBench(CLI::App* app, BenchFlags* flags) {
  CLI::App* bench = app->add_subcommand("bench", "how fast the simulator is");
  bench->add_option("--config", flags->config, "what plans are drawn from")
      ->type_name("NAME")
      ->capture_default_str();
  bench->add_option("--seconds", flags->seconds, "how long, about")
      ->type_name("N")
      ->check(&AboveZero)
      ->capture_default_str();
  return bench;
}

CLI::App* AddMutants(CLI::App* app, MutantsFlags* flags) {
  CLI::App* mutants =
      app->add_subcommand("mutants", "plant bugs, one at a time, and write down who finds them");
  mutants->add_option("--only", flags->only, "this one, and write nothing")->type_name("NAME");
  mutants->add_flag("--ablation", flags->ablation,
                    "write down which checker or class of faults each is not found without");
  mutants->add_option("--seeds", flags->seeds, "at most, a mutant (default: 20000; ablation: 5000)")
      ->type_name("N")
      ->check(&AboveZero);
  mutants
      ->add_option("--out", flags->out,
                   "where the table goes (default: mutants.md or ablation.md in sim/doc)")
      ->type_name("FILE");
  return mutants;
}

// The first word, if it is the name of no command.  Else CLI11 would ask for a command as if there
// were no word.
bool IsUnknownCommand(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return false;
  return app
      .get_subcommands([argv](const CLI::App* command) { return command->get_name() == argv[1]; })
      .empty();
}

ExitCode UnknownCommand(const char* word) {
  std::fprintf(stderr, "simulate: there is no command \"%s\" (see tools/simulate --help)\n", word);
  return ExitCode::kUsage;
}

int Main(int argc, char** argv) {
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kError);
  absl::InitializeLog();
  CLI::App app("simulator: the log in simulated worlds, from seeds and records", "simulate");
  app.require_subcommand(1);
  app.footer(kFooter);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("simulate: ") + error.what() + " (see tools/simulate --help)\n";
  });
  Flags flags;
  CLI::App* run = AddRun(&app, &flags.run);
  CLI::App* replay =
      AddRecordCommand(&app, "replay", "repeat a run, and compare it", &flags.record, nullptr);
  CLI::App* shrink = AddShrink(&app, &flags.record);
  CLI::App* explain = AddRecordCommand(&app, "explain", "tell what happened, a line an event",
                                       &flags.record, "standard output");
  CLI::App* to_test =
      AddRecordCommand(&app, "to-test", "print a C++ test that fails until this is mended",
                       &flags.record, "standard output");
  CLI::App* view = AddRecordCommand(&app, "view", "write a page with the timeline", &flags.record,
                                    "FILE with .html");
  CLI::App* campaign = AddCampaign(&app, &flags.campaign);
  CLI::App* coverage = AddCoverage(&app, &flags.coverage);
  CLI::App* bench = AddBench(&app, &flags.bench);
  CLI::App* mutants = AddMutants(&app, &flags.mutants);
  if (IsUnknownCommand(app, argc, argv)) return static_cast<int>(UnknownCommand(argv[1]));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(app.exit(error) == 0 ? ExitCode::kFine : ExitCode::kUsage);
  }
  ExitCode code = ExitCode::kUsage;
  if (run->parsed()) code = RunSeedsCommand(flags.run);
  if (replay->parsed()) code = RunReplay(flags.record);
  if (shrink->parsed()) code = RunShrink(flags.record);
  if (explain->parsed()) code = RunExplain(flags.record);
  if (to_test->parsed()) code = RunToTest(flags.record);
  if (view->parsed()) code = RunView(flags.record);
  if (campaign->parsed()) code = RunCampaign(flags.campaign);
  if (coverage->parsed()) code = RunCoverage(flags.coverage);
  if (bench->parsed()) code = RunBench(flags.bench);
  if (mutants->parsed()) code = RunMutants(flags.mutants);
  if (std::fflush(stdout) != 0 && code == ExitCode::kFine) code = ExitCode::kNotMet;
  return static_cast<int>(code);
}

}  // namespace
}  // namespace tidelog::simulator

int main(int argc, char** argv) { return tidelog::simulator::Main(argc, argv); }
