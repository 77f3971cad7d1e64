#include <cstdio>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "sim/record/cpp_test.h"
#include "sim/record/explain.h"
#include "sim/record/page.h"
#include "sim/record/run_record.h"
#include "sim/trial/trial.h"
#include "sim/world/run.h"
#include "tools/simulator/commands.h"
#include "tools/simulator/setup.h"
#include "tools/simulator/told_run.h"

namespace tidelog::simulator {
namespace {

// To the file that is named, else to standard output.
ExitCode PutOut(std::string_view text, const RecordFlags& flags) {
  if (flags.out.empty()) {
    const bool is_put = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return is_put ? ExitCode::kFine : ExitCode::kNotMet;
  }
  const absl::Status status = sim::WriteText(text, flags.out);
  return status.ok() ? ExitCode::kFine : UsageError(status);
}

// A record replays on another build, but not always alike.
bool IsOfThisBuild(const sim::RunRecord& record) {
  const sim::BuildStamp build = sim::CurrentBuild();
  if (record.build == build) return true;
  absl::FPrintF(stderr, "recorded by revision %s, %s; this is revision %s, %s\n",
                record.build.revision, record.build.compiler, build.revision, build.compiler);
  return false;
}

// All programs that have this stamp are the same: it says of which sources.
bool IsOneProgram(const sim::BuildStamp& build) {
  return build.revision != "unknown" && !build.revision.ends_with("-dirty");
}

}  // namespace

ExitCode RunReplay(const RecordFlags& flags) {
  const absl::StatusOr<sim::RunRecord> record = LoadRecord(flags.file);
  if (!record.ok()) return UsageError(record.status());
  const bool is_of_this_build = IsOfThisBuild(*record);
  if (record->verdict.outcome == sim::Outcome::kNondeterminism) {
    const sim::RunSummary twice = sim::RunTwice(record->plan, record->Options());
    absl::PrintF("%s\n", twice.failed() ? twice.verdict.message : "two runs were alike");
    return ExitCodeOf(twice.verdict.outcome);
  }
  const sim::TrialResult trial =
      sim::RunTrial(record->plan, record->Options(), record->verdict.signature);
  const sim::RunSummary& run = trial.summary;
  const bool is_alike = run.verdict.signature == record->verdict.signature;
  const bool is_same_trace = run.trace_hash == record->trace_hash;
  absl::PrintF(
      "seed %d: %s\n", run.seed,
      run.failed() ? absl::StrCat(run.verdict.signature, ": ", run.verdict.message) : "no failure");
  absl::PrintF("%s; trace %016x, %d events%s\n",
               is_alike ? "as recorded" : absl::StrCat("recorded was ", record->verdict.signature),
               run.trace_hash, run.event_count,
               is_same_trace ? "" : absl::StrFormat(", recorded was %016x", record->trace_hash));
  if (is_of_this_build && IsOneProgram(record->build) && (!is_alike || !is_same_trace)) {
    absl::PrintF("the same build made another run of the same record\n");
    return ExitCode::kNondeterminism;
  }
  return ExitCodeOf(run.verdict.outcome);
}

ExitCode RunExplain(const RecordFlags& flags) {
  const absl::StatusOr<sim::RunRecord> record = LoadRecord(flags.file);
  if (!record.ok()) return UsageError(record.status());
  IsOfThisBuild(*record);
  return PutOut(TellRun(*record, flags.file, &sim::Explain), flags);
}

ExitCode RunView(const RecordFlags& flags) {
  const absl::StatusOr<sim::RunRecord> record = LoadRecord(flags.file);
  if (!record.ok()) return UsageError(record.status());
  IsOfThisBuild(*record);
  RecordFlags page = flags;
  if (page.out.empty()) {
    page.out = absl::StrCat(absl::StripSuffix(flags.file, ".json"), ".html");
  }
  const ExitCode code = PutOut(TellRun(*record, flags.file, &sim::HtmlPage), page);
  if (code == ExitCode::kFine) absl::PrintF("%s: open it in a browser\n", page.out);
  return code;
}

ExitCode RunToTest(const RecordFlags& flags) {
  const absl::StatusOr<sim::RunRecord> record = sim::ReadRecord(flags.file);
  if (!record.ok()) return UsageError(record.status());
  const absl::StatusOr<std::string> text = sim::CppTest(*record);
  return text.ok() ? PutOut(*text, flags) : UsageError(text.status());
}

}  // namespace tidelog::simulator
