// SimRuntime: what a simulated process sees as its Runtime.  Of the kernel.
#ifndef TIDELOG_SIM_KERNEL_SIM_RUNTIME_H_
#define TIDELOG_SIM_KERNEL_SIM_RUNTIME_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/time/time.h"
#include "sim/kernel/process.h"
#include "wal/async/executor.h"
#include "wal/async/job.h"
#include "wal/async/quarantine.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"

namespace tidelog::sim {

// In the memory of the world; its quarantine is the process's.
class SimRuntime final : public Runtime {
 public:
  explicit SimRuntime(Process* process);

  std::unique_ptr<Executor> MakeExecutor(std::string_view name) override;
  absl::Duration Now() const override;
  absl::Time WallNow() const override;
  // The job runs on no executor, after a virtual delay of up to Process::SetBlockingMax().
  void RunBlocking(Job* job, Urgency urgency) override;
  // Differs from process to process, so that one that is started again draws anew.
  RandomStream MakeRandom(std::string_view name) override;
  Quarantine& quarantine() override { return *quarantine_; }

  // Up to `bound_ns`: by how much the next timer is late.
  int64_t DrawLateness(int64_t bound_ns);

  // Whether an executor borrows the thread of a caller of Blocking().
  bool DrawLend() { return lend_.OneIn(1, 2); }

  // Destroys the quarantine if it is empty, as the end of a process would; the number of inmates.
  size_t EndQuarantine();

 private:
  Process* const process_;
  RandomStream blocking_;
  RandomStream late_;
  RandomStream lend_;
  Quarantine* quarantine_;  // Not destroyed if the process dies.
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_SIM_RUNTIME_H_
