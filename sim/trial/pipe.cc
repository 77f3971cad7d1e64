#include "sim/trial/pipe.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>

#include "absl/log/check.h"

namespace tidelog::sim {
namespace {

constexpr off_t kSaidMax = 64 << 10;

}  // namespace

Pipe::Pipe() {
  int ends[2];
  PCHECK(pipe2(ends, O_CLOEXEC) == 0) << "pipe2";
  reader_ = ends[0];
  writer_ = ends[1];
}

Pipe::~Pipe() {
  close(reader_);
  CloseWriter();
}

bool Pipe::Write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t count = write(writer_, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

bool Pipe::ReadSome(std::string* text) const {
  char buffer[1 << 14];
  for (;;) {
    const ssize_t count = read(reader_, buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text->append(buffer, static_cast<size_t>(count));
    return true;
  }
}

std::string Pipe::ReadAll() const {
  std::string text;
  while (ReadSome(&text)) {
  }
  return text;
}

void Pipe::CloseWriter() {
  if (writer_ >= 0) close(writer_);
  writer_ = -1;
}

CapturedErrors::CapturedErrors() : fd_(memfd_create("errors", MFD_CLOEXEC)) {
  PCHECK(fd_ >= 0) << "memfd_create";
}

CapturedErrors::~CapturedErrors() { close(fd_); }

void CapturedErrors::Redirect() const { PCHECK(dup2(fd_, STDERR_FILENO) >= 0); }

std::string CapturedErrors::Text() const {
  struct stat info {};
  PCHECK(fstat(fd_, &info) == 0);
  const off_t size = std::min(info.st_size, kSaidMax);
  std::string text(static_cast<size_t>(size), '\0');
  const ssize_t count = pread(fd_, text.data(), text.size(), info.st_size - size);
  text.resize(count < 0 ? 0 : static_cast<size_t>(count));
  return text;
}

Death WaitFor(pid_t pid, const CapturedErrors& errors) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) PCHECK(errno == EINTR) << "waitpid";
  Death death;
  if (WIFSIGNALED(status)) death.signal = WTERMSIG(status);
  if (WIFEXITED(status)) death.exit_code = WEXITSTATUS(status);
  death.said = errors.Text();
  return death;
}

}  // namespace tidelog::sim
