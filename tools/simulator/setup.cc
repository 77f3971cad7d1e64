#include "tools/simulator/setup.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sim/record/run_record.h"
#include "tools/simulator/trial.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::simulator {

absl::StatusOr<Setup> MakeSetup(const PlanFlags& flags) {
  Setup setup;
  TIDELOG_ASSIGN_OR_RETURN(setup.plan, sim::PlanOptionsOf(flags.config));
  TIDELOG_RETURN_IF_ERROR(sim::ValidateCheckers(flags.checkers));
  setup.run.checkers = flags.checkers;
  setup.directory = flags.directory;
  if (flags.workers < 1 || flags.workers > 64) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("there cannot be ", flags.workers, " workers, but 1 to 64"));
  }
  return setup;
}

absl::Status MakeDirectory(const std::string& directory) {
  struct stat info {};
  if (mkdir(directory.c_str(), 0777) == 0) return absl::OkStatus();
  const int error = errno;
  if (stat(directory.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("directory ", directory, " cannot be made: ", std::strerror(error)));
}

std::string FileName(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (name.size() >= 80) break;
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      name += c;
    } else if (!name.empty() && !name.ends_with('-')) {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  return name;
}

absl::StatusOr<sim::Verdict> WriteFailure(const Setup& setup, const RunSummary& failed,
                                          const std::string& path) {
  const sim::Plan plan = sim::MakePlan(failed.seed, setup.plan);
  const sim::RunRecord record = RecordFailure(plan, setup.run, failed);
  TIDELOG_RETURN_IF_ERROR(MakeDirectory(setup.directory));
  TIDELOG_RETURN_IF_ERROR(sim::WriteRecord(record, path));
  return record.verdict;
}

std::string FailureLine(uint64_t seed, const sim::Verdict& verdict) {
  return absl::StrCat("seed ", seed, ": ", verdict.signature, ": ", verdict.message);
}

ExitCode UsageError(const absl::Status& status) {
  const std::string text(status.message());
  std::fprintf(stderr, "simulate: %s\n", text.c_str());
  return ExitCode::kUsage;
}

}  // namespace tidelog::simulator
