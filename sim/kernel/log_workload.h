// A whole log in one process, on the memory backend: what the kernel is for.
#ifndef TIDELOG_SIM_KERNEL_LOG_WORKLOAD_H_
#define TIDELOG_SIM_KERNEL_LOG_WORKLOAD_H_

#include <cstdint>

#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"

namespace tidelog::sim {

// A process that opens a log, appends to it with some appends in flight, and closes it.
class LogRun {
 public:
  LogRun(Kernel* kernel, int64_t append_count, int in_flight);
  LogRun(const LogRun&) = delete;
  LogRun& operator=(const LogRun&) = delete;

  Process* process() { return process_; }
  bool done() const { return done_; }
  int64_t appended() const { return appended_; }

  // Ends the process.  Requires: done().
  Leftovers End();

 private:
  struct Node;

  Kernel* const kernel_;
  Process* const process_;
  Node* node_ = nullptr;  // Memory of the process.
  bool done_ = false;
  int64_t appended_ = 0;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_LOG_WORKLOAD_H_
