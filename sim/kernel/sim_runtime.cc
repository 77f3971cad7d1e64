#include "sim/kernel/sim_runtime.h"

#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/sim_executor.h"

namespace tidelog::sim {
namespace {

// 2020-01-01: any date will do, but a run must not depend on today's.
constexpr int64_t kWallOriginSeconds = 1577836800;

std::string StreamName(const Process& process, std::string_view name) {
  return absl::StrCat("process ", static_cast<uint32_t>(process.id()), " ", name);
}

}  // namespace

SimRuntime::SimRuntime(Process* process)
    : process_(process),
      blocking_(process->kernel()->Stream(StreamName(*process, "blocking"))),
      late_(process->kernel()->Stream(StreamName(*process, "late timers"))),
      lend_(process->kernel()->Stream(StreamName(*process, "lend"))) {
  const ArenaScope memory(&process->arena_);
  quarantine_ = std::make_unique<Quarantine>().release();
}

std::unique_ptr<Executor> SimRuntime::MakeExecutor(std::string_view name) {
  WorldScope world;
  Kernel* kernel = process_->kernel_;
  CHECK(process_->alive_) << "an executor for process " << process_->name() << ", which is dead";
  kernel->executor_names_.emplace_back(name);
  const uint64_t number = kernel->executor_names_.size();
  return std::make_unique<SimExecutor>(kernel, process_, number, name);
}

absl::Duration SimRuntime::Now() const { return process_->kernel_->now_; }

absl::Time SimRuntime::WallNow() const {
  return absl::FromUnixSeconds(kWallOriginSeconds) + process_->WallElapsed();
}

void SimRuntime::RunBlocking(Job* job, Urgency) {
  // A quarter of them is done before anything else has moved.
  const bool at_once = blocking_.OneIn(1, 4);
  const uint64_t bound = static_cast<uint64_t>(process_->blocking_max_ns_) + 1;
  const uint64_t delay_ns = at_once ? 0 : blocking_.Below(bound);
  process_->kernel_->PlanBlocking(process_, job, static_cast<int64_t>(delay_ns));
}

RandomStream SimRuntime::MakeRandom(std::string_view name) {
  return process_->kernel_->Stream(StreamName(*process_, absl::StrCat("stream ", name)));
}

int64_t SimRuntime::DrawLateness(int64_t bound_ns) {
  const uint64_t bound = static_cast<uint64_t>(bound_ns) + 1;
  return static_cast<int64_t>(late_.Below(bound));
}

size_t SimRuntime::EndQuarantine() {
  const size_t count = quarantine_->size();
  if (count == 0) std::unique_ptr<Quarantine>(std::exchange(quarantine_, nullptr)).reset();
  return count;
}

}  // namespace tidelog::sim
