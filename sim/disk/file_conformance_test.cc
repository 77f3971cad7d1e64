// The contract of walimpls, kept by the file backend on a simulated disk, under the kernel.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "impls/file/file_log.h"
#include "sim/disk/disk_fault.h"
#include "sim/disk/sim_disk.h"
#include "sim/disk/sim_file_system.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "sim/kernel/scheduler.h"
#include "wal/async/runtime.h"
#include "wal/environment.h"
#include "wal/io/testing/disk_operation.h"
#include "wal/observer.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/testing/conformance.h"

namespace tidelog::sim {
namespace {

class SilentObserver final : public Observer {
 public:
  void OnEvent(const tidelog::Event&) override {}
};

// All openers are in one process, as the suite runs them on one runtime, each with a file system of
// its own.  When it is over the process has nothing left.
class SimulatedBackend final : public walimpls::Backend {
 public:
  SimulatedBackend(uint64_t seed, SchedulerKind kind)
      : kernel_({.seed = seed, .scheduler = {.kind = kind}}), disk_(&kernel_, {}) {
    files_.reserve(kOpenersMax);  // In the memory of the world.
  }
  ~SimulatedBackend() override {
    EXPECT_EQ(disk_.open_count(), 0u);
    files_.clear();
    EXPECT_EQ(kernel_.End(process_), Leftovers());
  }

  // Tests make openers from outside and in code of the process.
  template <class F>
  auto AsProcess(F make) -> decltype(make()) {
    return Arena::Current() == nullptr ? process_->Enter(make) : make();
  }

  Runtime* runtime() override { return process_->runtime(); }

  std::unique_ptr<walimpls::OpenerImpls> MakeOpener() override {
    CHECK_LT(files_.size(), kOpenersMax);
    files_.push_back(AsProcess([&] { return std::make_unique<SimFileSystem>(&disk_, process_); }));
    Environment environment;
    environment.runtime = runtime();
    environment.files = files_.back().get();
    environment.observer = &observer_;
    // Small segments, so that every test rolls and truncates.
    const Config config = {
        {"dir", "log"}, {"segment_bytes", "65536"}, {"message_bytes_max", "262144"}};
    auto opener = AsProcess([&] { return impls::file::MakeBuilder()->Build(environment, config); });
    CHECK_OK(opener.status());
    return *std::move(opener);
  }

  bool StartFailing() override {
    disk_.SetHook([](const DiskSite& site) {
      DiskVerdict verdict;
      const bool fails =
          site.operation == DiskOperation::kWrite && absl::EndsWith(site.path, ".seg");
      if (fails) verdict.error_number = ENOSPC;
      return verdict;
    });
    return true;
  }
  void StopFailing() override { disk_.SetHook(nullptr); }

 private:
  static constexpr size_t kOpenersMax = 64;

  Kernel kernel_;
  SimDisk disk_;
  Process* const process_ = kernel_.Spawn("conformance");
  SilentObserver observer_;
  std::vector<std::unique_ptr<SimFileSystem>> files_;
};

template <SchedulerKind kKind>
std::unique_ptr<walimpls::Backend> Make(uint64_t seed) {
  return std::make_unique<SimulatedBackend>(seed, kKind);
}

}  // namespace
}  // namespace tidelog::sim

namespace tidelog::walimpls {
namespace {

INSTANTIATE_TEST_SUITE_P(
    SimulatedFile, WalImplsConformance,
    ::testing::Values(BackendParam{"fifo", &sim::Make<sim::SchedulerKind::kFifo>, 10},
                      BackendParam{"random", &sim::Make<sim::SchedulerKind::kRandomReady>, 20},
                      BackendParam{"pct", &sim::Make<sim::SchedulerKind::kPct>, 10}),
    BackendParam::NameOf);

}  // namespace
}  // namespace tidelog::walimpls
