// tracer: runs a program, and holds it, all its threads, before or behind one of the system calls
// by which it works on a log in files.
//
//   tracer --log DIR --hold before:fdatasync:segment:3 -- walctl append --dir DIR ...
//
// It says "held" on standard output, a line, and waits for a line on standard input; then the
// program goes on, and is not traced any more.  At its end come a line for each kind of call that
// was seen, "seen CALL FILE COUNT", and "exited CODE" or "killed SIGNAL".
//
// Exit codes: 0 fine, whatever became of the program; 1 failed, 2 usage.

#include <sys/wait.h>

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "tools/harness/tracer/call_watch.h"
#include "tools/harness/tracer/tracee.h"
#include "wal/base/status_macros.h"

namespace tidelog::harness {
namespace {

struct Flags {
  std::string log;
  std::string hold;
  Tracee::StandardFiles files;
  std::vector<std::string> command;
};

// Where to hold the program: at the call of its kind that has this number, from 1.
struct Place {
  bool before = false;
  CallKind kind;
  uint64_t number = 0;
};

// "before:fdatasync:segment:3"; none: nowhere.
absl::StatusOr<std::optional<Place>> ParsePlace(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const std::vector<std::string> all = absl::StrSplit(text, ':');
  const bool creates = all.size() == 5 && all[2] == "create";
  Place place;
  const size_t rest = creates ? 3 : 2;
  if ((all.size() != 4 && !creates) || (all[0] != "before" && all[0] != "behind") ||
      !absl::SimpleAtoi(all[rest + 1], &place.number) || place.number == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--hold: '", text, "' is not of the form before:CALL:FILE:NUMBER or ",
                     "behind:CALL:FILE:NUMBER"));
  }
  place.before = all[0] == "before";
  place.kind = {creates ? absl::StrCat(all[1], ":create") : all[1], all[rest]};
  return place;
}

// Runs the program until a thread is at `place`, or to its end.
absl::StatusOr<bool> RunTo(const std::optional<Place>& place, Tracee* tracee, CallWatch* watch) {
  pid_t holds = 0;  // The thread that is in the call to be held behind.
  while (true) {
    TIDELOG_ASSIGN_OR_RETURN(const std::optional<CallStop> stop, tracee->Next());
    if (!stop.has_value()) return false;
    if (!stop->entered) {
      watch->OnLeft(*stop);
      if (stop->thread == holds) return true;
      continue;
    }
    TIDELOG_ASSIGN_OR_RETURN(const std::optional<CallKind> kind, watch->OnEntered(*stop));
    if (!place.has_value() || holds != 0 || kind != place->kind) continue;
    if (watch->counts().at(*kind) != place->number) continue;
    if (place->before) return true;
    holds = stop->thread;
  }
}

void Say(const std::string& line) {
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

absl::Status Run(const Flags& flags) {
  TIDELOG_ASSIGN_OR_RETURN(const std::optional<Place> place, ParsePlace(flags.hold));
  TIDELOG_ASSIGN_OR_RETURN(const std::unique_ptr<Tracee> tracee,
                           Tracee::Start(flags.command, flags.files));
  CallWatch watch(tracee.get(), flags.log);
  TIDELOG_ASSIGN_OR_RETURN(const bool reached, RunTo(place, tracee.get(), &watch));
  if (reached) {
    TIDELOG_RETURN_IF_ERROR(tracee->HoldAll());
    Say(absl::StrFormat("held %d\n", tracee->pid()));
    std::string word;
    if (!std::getline(std::cin, word)) return absl::CancelledError("nobody lets it go on");
    TIDELOG_RETURN_IF_ERROR(tracee->Release());
  }
  TIDELOG_ASSIGN_OR_RETURN(const int end, tracee->WaitForEnd());
  for (const auto& [kind, count] : watch.counts()) {
    Say(absl::StrFormat("seen %s %s %d\n", kind.call, kind.file, count));
  }
  Say(WIFEXITED(end) ? absl::StrFormat("exited %d\n", WEXITSTATUS(end))
                     : absl::StrFormat("killed %d\n", WTERMSIG(end)));
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  CLI::App app("tracer: holds a program at a system call on the files of a log", "tracer");
  Flags flags;
  app.add_option("--log", flags.log, "the log's directory, absolute and without links")->required();
  app.add_option("--hold", flags.hold, "where: before:CALL:FILE:NUMBER or behind:...");
  app.add_option("--input", flags.files.input, "the program's standard input");
  app.add_option("--output", flags.files.output, "and output, which is added to");
  app.add_option("--errors", flags.files.errors, "and its errors");
  app.add_option("command", flags.command, "the program and its arguments")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::Status status = Run(flags);
  if (status.ok()) return 0;
  absl::FPrintF(stderr, "tracer: %s\n", status.message());
  return absl::IsInvalidArgument(status) ? 2 : 1;
}

}  // namespace
}  // namespace tidelog::harness

int main(int argc, char** argv) { return tidelog::harness::Main(argc, argv); }
