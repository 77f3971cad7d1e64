// The contract of walimpls, kept by the memory backend on the kernel as on any other runtime.
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "impls/memory/memory.h"
#include "impls/memory/store.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/scheduler.h"
#include "wal/async/runtime.h"
#include "wal/environment.h"
#include "walimpls/opener.h"
#include "walimpls/testing/conformance.h"

namespace tidelog::walimpls {
namespace {

class KernelBackend final : public Backend {
 public:
  KernelBackend(sim::SchedulerKind scheduler, uint64_t seed)
      : kernel_(OptionsFor(scheduler, seed)), process_(kernel_.Spawn("process")) {}

  Runtime* runtime() override { return process_->runtime(); }
  std::unique_ptr<OpenerImpls> MakeOpener() override {
    Environment environment;
    environment.runtime = process_->runtime();
    return impls::memory::MakeOpener(environment, store_);
  }
  bool StartFailing() override {
    store_->SetBytesMax(1);
    return true;
  }
  void StopFailing() override { store_->SetBytesMax(0); }

 private:
  static sim::Kernel::Options OptionsFor(sim::SchedulerKind scheduler, uint64_t seed) {
    sim::Kernel::Options options{.seed = seed, .time_grain = absl::Microseconds(50)};
    options.scheduler.kind = scheduler;
    return options;
  }

  sim::Kernel kernel_;
  sim::Process* const process_;
  // What is in it is memory of the process, which the kernel takes away.
  const std::shared_ptr<impls::memory::Store> store_ = std::make_shared<impls::memory::Store>();
};

template <sim::SchedulerKind kScheduler>
std::unique_ptr<Backend> Make(uint64_t seed) {
  return std::make_unique<KernelBackend>(kScheduler, seed);
}

INSTANTIATE_TEST_SUITE_P(
    Memory, WalImplsConformance,
    ::testing::Values(BackendParam{"random", &Make<sim::SchedulerKind::kRandomReady>, 100},
                      BackendParam{"pct", &Make<sim::SchedulerKind::kPct>, 100}),
    BackendParam::NameOf);

}  // namespace
}  // namespace tidelog::walimpls
