#include "sim/kernel/process.h"

#include "absl/log/check.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/sim_runtime.h"
#include "sim/kernel/trace.h"

namespace tidelog::sim {

Process::Process(Kernel* kernel, ProcessId id, std::string_view name)
    : kernel_(kernel), id_(id), name_(name), runtime_(std::make_unique<SimRuntime>(this)) {}

Process::~Process() = default;

Runtime* Process::runtime() { return runtime_.get(); }

Process::Stay::Stay(Process* process) : process_(process) {
  Kernel* kernel = process->kernel_;
  CHECK(process->alive_) << "process " << process->name_ << " is dead";
  CHECK(kernel->running_process_ == nullptr)
      << "code of process " << kernel->running_process_->name() << " enters process "
      << process->name_;
  kernel->running_process_ = process;
  kernel->Add(EventKind::kEnter, process, 0, 0);
}

Process::Stay::~Stay() {
  process_->kernel_->running_process_ = nullptr;
  if (process_->kill_after_step_) process_->kernel_->Kill(process_);
}

absl::Duration Process::WallElapsed() const {
  const int64_t elapsed_ns = kernel_->now_ns_ - wall_base_at_ns_;
  // In two parts, so that the product stays in range for any run.
  const int64_t whole = elapsed_ns / 1000000 * wall_drift_millionths_;
  const int64_t rest = elapsed_ns % 1000000 * wall_drift_millionths_ / 1000000;
  return absl::Nanoseconds(wall_base_ns_ + elapsed_ns + whole + rest);
}

void Process::JumpWall(absl::Duration by) {
  wall_base_ns_ = absl::ToInt64Nanoseconds(WallElapsed() + by);
  wall_base_at_ns_ = kernel_->now_ns_;
  kernel_->Add(EventKind::kClock, this, 0, static_cast<uint64_t>(wall_base_ns_));
}

void Process::SetWallDrift(int64_t millionths) {
  JumpWall(absl::ZeroDuration());
  wall_drift_millionths_ = millionths;
}

void Process::SetLateTimers(absl::Duration by) {
  late_timers_max_ns_ = absl::ToInt64Nanoseconds(by);
}

void Process::SetBlockingMax(absl::Duration delay) {
  blocking_max_ns_ = absl::ToInt64Nanoseconds(delay);
}

}  // namespace tidelog::sim
