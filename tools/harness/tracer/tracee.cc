#include "tools/harness/tracer/tracee.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"

namespace tidelog::harness {
namespace {

constexpr int kOptions =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
constexpr int kSystemCallSignal = SIGTRAP | 0x80;  // What TRACESYSGOOD makes of it.
constexpr int kCannotStart = 127;                  // As a shell says it.

// The event in a status of waitpid(2); 0: none.
int EventOf(int status) { return status >> 16; }

absl::Status Errno(std::string_view what) { return absl::ErrnoToStatus(errno, what); }

long Trace(__ptrace_request request, pid_t thread, uint64_t address, uint64_t data) {
  return ptrace(request, thread, reinterpret_cast<void*>(address), reinterpret_cast<void*>(data));
}

bool OpenAs(const std::string& path, int flags, int descriptor) {
  constexpr mode_t kMode = 0644;
  const int opened = open(path.c_str(), flags, kMode);
  return opened >= 0 && dup2(opened, descriptor) >= 0;
}

// In the child: becomes the program once the parent has seized it.
[[noreturn]] void Become(const std::vector<std::string>& command,
                         const Tracee::StandardFiles& files, int seized) {
  char go = 0;
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (read(seized, &go, 1) != 1) _exit(kCannotStart);
  if (!OpenAs(files.input, O_RDONLY, STDIN_FILENO) ||
      !OpenAs(files.output, O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO) ||
      !OpenAs(files.errors, O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO)) {
    _exit(kCannotStart);
  }
  std::vector<char*> arguments;
  for (const std::string& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(kCannotStart);
}

absl::Status CannotTrace() {
  return absl::PermissionDeniedError(
      absl::StrCat("this machine allows no tracing: ptrace: ", std::strerror(errno),
                   "; set kernel.yama.ptrace_scope to 0 or 1, or give the container SYS_PTRACE"));
}

std::vector<pid_t> ThreadsOf(pid_t process) {
  std::vector<pid_t> threads;
  DIR* directory = opendir(absl::StrCat("/proc/", process, "/task").c_str());
  if (directory == nullptr) return threads;
  while (const dirent* entry = readdir(directory)) {
    pid_t thread = 0;
    if (absl::SimpleAtoi(entry->d_name, &thread)) threads.push_back(thread);
  }
  (void)closedir(directory);
  return threads;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Tracee>> Tracee::Start(const std::vector<std::string>& command,
                                                      const StandardFiles& files) {
  int seized[2];
  if (pipe2(seized, O_CLOEXEC) != 0) return Errno("pipe2");
  const pid_t pid = fork();
  if (pid < 0) return Errno("fork");
  if (pid == 0) Become(command, files, seized[0]);
  (void)close(seized[0]);
  auto tracee = std::unique_ptr<Tracee>(new Tracee(pid));
  absl::Status status;
  if (Trace(PTRACE_SEIZE, pid, 0, kOptions) != 0) {
    status = CannotTrace();
  } else {
    tracee->threads_.try_emplace(pid);
    if (write(seized[1], "", 1) != 1) status = Errno("write to the child");
  }
  (void)close(seized[1]);
  TIDELOG_RETURN_IF_ERROR(status);
  return tracee;
}

Tracee::~Tracee() {
  if (end_.has_value()) return;
  (void)kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

absl::StatusOr<std::optional<CallStop>> Tracee::Next() {
  if (stop_.has_value()) {
    const pid_t id = std::exchange(stop_, std::nullopt)->thread;
    TIDELOG_RETURN_IF_ERROR(LetGoOn(id, &threads_[id]));
  }
  while (!stop_.has_value() && !end_.has_value()) TIDELOG_RETURN_IF_ERROR(WaitOnce());
  return stop_;
}

absl::Status Tracee::WaitOnce() {
  int status = 0;
  const pid_t id = waitpid(-1, &status, __WALL);
  if (id < 0) return errno == EINTR ? absl::OkStatus() : Errno("waitpid");
  if (WIFSTOPPED(status)) return OnStop(id, status);
  threads_.erase(id);
  if (id == pid_) end_ = status;  // Its other threads were reported before.
  return absl::OkStatus();
}

absl::Status Tracee::OnStop(pid_t id, int status) {
  Thread& thread = threads_[id];
  thread.held = true;
  const int signal = WSTOPSIG(status);
  if (signal == kSystemCallSignal) return OnSystemCall(id, &thread);
  if (EventOf(status) == 0) thread.signal = signal;
  if (holding_) return absl::OkStatus();
  return LetGoOn(id, &thread);
}

absl::Status Tracee::OnSystemCall(pid_t id, Thread* thread) {
  __ptrace_syscall_info info = {};
  const uint64_t address = reinterpret_cast<uint64_t>(&info);
  if (Trace(PTRACE_GET_SYSCALL_INFO, id, sizeof(info), address) < 0) {
    return Errno("ptrace(GET_SYSCALL_INFO), which needs Linux 5.3");
  }
  const bool known = thread->in_call;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    thread->in_call = true;
    thread->call = CallStop{id, /*entered=*/true, info.entry.nr, {}, 0};
    std::copy(std::begin(info.entry.args), std::end(info.entry.args),
              thread->call.arguments.begin());
  } else {
    thread->in_call = false;
    thread->call.entered = false;
    thread->call.result = info.exit.rval;
  }
  // A thread that was made while this one held the others begins behind its clone().
  const bool seen_whole = info.op == PTRACE_SYSCALL_INFO_ENTRY || known;
  if (holding_) return absl::OkStatus();
  if (!seen_whole) return LetGoOn(id, thread);
  stop_ = thread->call;
  return absl::OkStatus();
}

absl::Status Tracee::LetGoOn(pid_t id, Thread* thread) {
  thread->held = false;
  const int signal = std::exchange(thread->signal, 0);
  if (Trace(PTRACE_SYSCALL, id, 0, static_cast<uint64_t>(signal)) == 0) return absl::OkStatus();
  return errno == ESRCH ? absl::OkStatus() : Errno("ptrace(SYSCALL)");  // ESRCH: it was killed.
}

bool Tracee::AllHeld() const {
  const std::vector<pid_t> threads = ThreadsOf(pid_);
  return std::all_of(threads.begin(), threads.end(), [this](pid_t id) {
    const auto found = threads_.find(id);
    return found != threads_.end() && found->second.held;
  });
}

absl::Status Tracee::HoldAll() {
  holding_ = true;
  for (const auto& [id, thread] : threads_) {
    if (thread.held) continue;
    if (Trace(PTRACE_INTERRUPT, id, 0, 0) != 0 && errno != ESRCH) {
      return Errno("ptrace(INTERRUPT)");
    }
  }
  // A thread that another one is just making is held from its beginning.
  while (!end_.has_value() && !AllHeld()) TIDELOG_RETURN_IF_ERROR(WaitOnce());
  if (end_.has_value()) return absl::AbortedError("the program ended before it was held");
  return absl::OkStatus();
}

absl::Status Tracee::Release() {
  for (auto& [id, thread] : threads_) {
    const auto signal = static_cast<uint64_t>(std::exchange(thread.signal, 0));
    if (Trace(PTRACE_DETACH, id, 0, signal) != 0 && errno != ESRCH) return Errno("ptrace(DETACH)");
  }
  threads_.clear();
  return absl::OkStatus();
}

absl::StatusOr<int> Tracee::WaitForEnd() {
  while (!end_.has_value()) TIDELOG_RETURN_IF_ERROR(WaitOnce());
  return *end_;
}

absl::StatusOr<std::string> Tracee::ReadText(uint64_t address) const {
  constexpr uint64_t kPage = 4096;  // What lies behind a page may not be there to read.
  std::string text;
  while (text.size() < PATH_MAX) {
    std::array<char, kPage> piece;
    iovec into = {piece.data(), kPage - address % kPage};
    iovec from = {reinterpret_cast<void*>(address), into.iov_len};
    const ssize_t count = process_vm_readv(pid_, &into, 1, &from, 1, 0);
    if (count <= 0) return Errno("process_vm_readv");
    const std::string_view got(piece.data(), static_cast<size_t>(count));
    const size_t end = got.find('\0');
    text += got.substr(0, end);
    if (end != std::string_view::npos) return text;
    address += static_cast<uint64_t>(count);
  }
  return absl::InvalidArgumentError("a path without an end");
}

std::string Tracee::ReadLink(const std::string& name) const {
  std::array<char, PATH_MAX> path;
  const std::string link = absl::StrCat("/proc/", pid_, "/", name);
  const ssize_t size = readlink(link.c_str(), path.data(), path.size());
  return size < 0 ? "" : std::string(path.data(), static_cast<size_t>(size));
}

}  // namespace tidelog::harness
