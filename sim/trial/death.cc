#include "sim/trial/death.h"

#include <signal.h>
#include <string.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tidelog::sim {
namespace {

constexpr size_t kMessageMax = 400;

// All of it, if it has no such end.
std::string_view UpTo(std::string_view text, std::string_view end) {
  return text.substr(0, text.find(end));
}

// Numbers are of one run, what is around them of its failure.
std::string WithoutNumbers(std::string_view text) {
  std::string rest;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      rest += c;
    } else if (!rest.ends_with('#')) {
      rest += '#';
    }
  }
  return rest;
}

// The source file that a line of Abseil's log names: "F0101 00:00:00.0 17 dir/file.cc:40] what".
std::string_view FileOf(std::string_view line) {
  std::string_view file = UpTo(line, ":");
  for (const std::string_view part : absl::StrSplit(line, ' ')) {
    const size_t colon = part.find(".cc:");
    if (colon != std::string_view::npos) file = part.substr(0, colon + 3);
  }
  return file.substr(file.rfind('/') + 1);
}

// A log message of the highest severity.
bool IsFatal(std::string_view line) {
  return line.size() > 5 && line[0] == 'F' && line[1] >= '0' && line[1] <= '9' &&
         absl::StrContains(line, "] ");
}

// The line that says what is wrong; empty if none does.
std::string_view TellingLine(std::string_view said) {
  for (const std::string_view line : absl::StrSplit(said, '\n')) {
    if (IsFatal(line) || absl::StrContains(line, "Sanitizer: ") ||
        absl::StrContains(line, "runtime error: ")) {
      return line;
    }
  }
  return "";
}

}  // namespace

std::string SignatureOf(const Death& death) {
  if (death.signal == SIGPROF) return "crash/hang";
  const std::string_view line = TellingLine(death.said);
  if (IsFatal(line)) {
    const std::string_view what = line.substr(line.find("] ") + 2);
    return absl::StrCat("crash/", FileOf(line), ": ", WithoutNumbers(UpTo(what, " (")));
  }
  if (const size_t at = line.find("Sanitizer: "); at != std::string_view::npos) {
    return absl::StrCat("crash/", UpTo(line.substr(at + 11), " "));
  }
  if (const size_t at = line.find("runtime error: "); at != std::string_view::npos) {
    return absl::StrCat("crash/", FileOf(line), ": runtime error");
  }
  if (death.signal == 0) return absl::StrCat("crash/exit ", death.exit_code);
  const char* name = sigabbrev_np(death.signal);
  return name == nullptr ? absl::StrCat("crash/signal ", death.signal)
                         : absl::StrCat("crash/SIG", name);
}

std::string MessageOf(const Death& death) {
  if (death.signal == SIGPROF) {
    return absl::StrCat("no end after ", kCpuSecondsMax, " seconds of CPU time");
  }
  const std::string_view line = TellingLine(death.said);
  if (!line.empty()) return std::string(line.substr(0, kMessageMax));
  std::vector<std::string_view> lines = absl::StrSplit(death.said, '\n', absl::SkipWhitespace());
  return lines.empty() ? "it died without a word"
                       : std::string(lines.back().substr(0, kMessageMax));
}

}  // namespace tidelog::sim
