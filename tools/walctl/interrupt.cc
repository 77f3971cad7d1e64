#include "tools/walctl/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace tidelog::walctl {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

int wake[2] = {-1, -1};  // A pipe that is written to once and never read.

void OnSignal(int /*signal*/) {
  const int error = errno;
  interrupted.store(true, std::memory_order_relaxed);
  const char byte = 0;
  (void)!write(wake[1], &byte, 1);
  errno = error;
}

}  // namespace

int InterruptDescriptor() { return wake[0]; }

const std::atomic<bool>& CatchInterrupts() {
  if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) wake[0] = wake[1] = -1;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return interrupted;
}

}  // namespace tidelog::walctl
