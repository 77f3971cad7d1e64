#include "tools/simulator/setup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "sim/mutant/catalog.h"
#include "sim/record/run_record.h"
#include "sim/trial/trial.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::simulator {

namespace {

absl::Status DirectoryError(const std::string& directory, int error) {
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("directory ", directory,
                               ", where records of failures go, cannot be written to: ",
                               std::strerror(error), ": name another by --dir"));
}

absl::Status MakeDirectory(const std::string& directory) {
  struct stat info {};
  if (mkdir(directory.c_str(), 0777) == 0) return absl::OkStatus();
  const int error = errno;
  if (stat(directory.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
  return DirectoryError(directory, error);
}

// Before an hour of runs, and not after it.  Leaves no directory behind.
absl::Status CheckDirectory(const std::string& directory) {
  if (mkdir(directory.c_str(), 0777) == 0) {
    rmdir(directory.c_str());
    return absl::OkStatus();
  }
  TIDELOG_RETURN_IF_ERROR(MakeDirectory(directory));
  if (access(directory.c_str(), W_OK | X_OK) == 0) return absl::OkStatus();
  return DirectoryError(directory, errno);
}

}  // namespace

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
  TIDELOG_RETURN_IF_ERROR(CheckDirectory(setup.directory));
  if (!flags.mutant.empty()) TIDELOG_RETURN_IF_ERROR(sim::PlantMutant(flags.mutant));
  setup.mutant = flags.mutant;
  return setup;
}

absl::StatusOr<sim::RunRecord> LoadRecord(const std::string& path) {
  absl::StatusOr<sim::RunRecord> record = sim::ReadRecord(path);
  if (!record.ok() || record->mutant.empty()) return record;
  const absl::Status planted = sim::PlantMutant(record->mutant);
  if (planted.ok()) return record;
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("record ", path, ": ", planted.message()));
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

absl::StatusOr<sim::Verdict> WriteFailure(const Setup& setup, const sim::RunSummary& failed,
                                          const std::string& path) {
  const sim::Plan plan = sim::MakePlan(failed.seed, setup.plan);
  sim::RunRecord record = sim::RecordFailure(plan, setup.run, failed);
  record.mutant = setup.mutant;
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
