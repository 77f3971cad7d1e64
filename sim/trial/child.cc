#include "sim/trial/child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "absl/log/check.h"
#include "sim/trial/death.h"
#include "sim/trial/pipe.h"

namespace tidelog::sim {

void EndWith(pid_t parent) {
  PCHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
  if (getppid() != parent) _exit(1);  // It ended before that.
}

void WindCpuAlarm() {
  itimerval timer{};
  timer.it_value.tv_sec = kCpuSecondsMax;
  PCHECK(setitimer(ITIMER_PROF, &timer, nullptr) == 0);
}

ChildResult RunInChild(absl::FunctionRef<std::string()> work) {
  Pipe pipe;
  const CapturedErrors errors;
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  PCHECK(pid >= 0) << "fork";
  if (pid == 0) {
    EndWith(parent);
    errors.Redirect();
    WindCpuAlarm();
    const bool is_written = pipe.Write(work());
    _exit(is_written ? 0 : 1);
  }
  pipe.CloseWriter();
  ChildResult result;
  result.text = pipe.ReadAll();
  result.death = WaitFor(pid, errors);
  result.finished = result.death.signal == 0 && result.death.exit_code == 0;
  return result;
}

}  // namespace tidelog::sim
