// Death: how a process ended that was to run something.
#ifndef TIDELOG_SIM_TRIAL_DEATH_H_
#define TIDELOG_SIM_TRIAL_DEATH_H_

#include <string>

namespace tidelog::sim {

struct Death {
  int signal = 0;  // 0: it ended by itself.
  int exit_code = 0;
  std::string said;  // The end of what it wrote to standard error.
};

// It was ended by SIGPROF after so many seconds of CPU time: it hung.
inline constexpr int kCpuSecondsMax = 60;

// What deaths for the same reason have in common: "crash/SIGSEGV", "crash/hang",
// "crash/kernel.cc: Check failed: x == y", "crash/heap-use-after-free".
std::string SignatureOf(const Death& death);

// For people: the last words.
std::string MessageOf(const Death& death);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_TRIAL_DEATH_H_
