#include "tools/benchmark/place.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"
#include "wal/io/file_system.h"
#include "wal/io/posix_file_system.h"

namespace tidelog::benchmark {
namespace {

absl::Status Unusable(const std::string& directory, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat(directory, " ", why, ": choose another directory by --dir"));
}

absl::Status CheckEmpty(const std::string& directory) {
  std::error_code error;
  const bool is_directory = std::filesystem::is_directory(directory, error);
  if (error || !is_directory) return Unusable(directory, "is not a directory");
  const bool is_empty = std::filesystem::is_empty(directory, error);
  if (error) return Unusable(directory, absl::StrCat("cannot be read (", error.message(), ")"));
  return is_empty ? absl::OkStatus() : Unusable(directory, "is not empty");
}

absl::Status Probe(const std::string& directory) {
  const std::string path = directory + "/probe";
  const int plain = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (plain < 0) {
    return Unusable(directory, absl::StrCat("cannot be written to (", std::strerror(errno), ")"));
  }
  close(plain);
  const int direct = open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC);
  const int error = errno;
  if (direct >= 0) close(direct);
  unlink(path.c_str());
  if (direct >= 0) return absl::OkStatus();
  return Unusable(directory, absl::StrCat("is on a file system without direct I/O (",
                                          std::strerror(error), "), where a sync means little"));
}

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (!absl::StartsWith(line, "model name")) continue;
    return std::string(absl::StripAsciiWhitespace(line.substr(line.find(':') + 1)));
  }
  return "unknown";
}

}  // namespace

absl::StatusOr<Place> LookAt(const std::string& directory, uint64_t free_bytes_min) {
  TIDELOG_RETURN_IF_ERROR(CheckEmpty(directory));
  const std::unique_ptr<Executor> strand = DefaultRuntime()->MakeExecutor("place");
  FileSystemInfo info;
  TIDELOG_ASSIGN_OR_RETURN(
      info, Blocking(strand.get(), [&] { return DefaultFileSystem()->Info(directory); }));
  if (info.type == "tmpfs" || info.type == "ramfs") {
    return Unusable(directory, absl::StrCat("is on ", info.type, ", which stores nothing"));
  }
  TIDELOG_RETURN_IF_ERROR(Probe(directory));
  if (info.free_bytes < free_bytes_min) {
    return Unusable(directory, absl::StrCat("has ", info.free_bytes >> 20, " MiB free, and ",
                                            free_bytes_min >> 20, " are needed"));
  }
  utsname name = {};
  uname(&name);
  return Place{info.type, absl::StrCat(name.sysname, " ", name.release), ProcessorName(),
               static_cast<int>(std::thread::hardware_concurrency())};
}

}  // namespace tidelog::benchmark
