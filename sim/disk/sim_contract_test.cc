// SimFileSystem keeps the contract of every FileSystem, and ends with nothing left.

#include <cstdint>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "sim/disk/sim_disk.h"
#include "sim/disk/sim_file_system.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "sim/kernel/scheduler.h"
#include "wal/async/runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/file_system_contract.h"

namespace tidelog::sim {
namespace {

// The contract has one executor, and executors are one process's: the other process is another file
// system in the same one.
class SimUnderTest final : public FileSystemUnderTest {
 public:
  SimUnderTest(uint64_t seed, SchedulerKind kind)
      : kernel_({.seed = seed, .scheduler = {.kind = kind}}), disk_(&kernel_, {}) {
    const auto make = [&] { return std::make_unique<SimFileSystem>(&disk_, process_); };
    files_ = process_->Enter(make);
    other_files_ = process_->Enter(make);
  }
  ~SimUnderTest() override {
    EXPECT_EQ(disk_.open_count(), 0u);
    EXPECT_EQ(disk_.in_flight_count(), 0u);
    files_.reset();
    other_files_.reset();
    EXPECT_EQ(kernel_.End(process_), Leftovers());
  }

  Runtime* runtime() override { return process_->runtime(); }
  FileSystem* files() override { return files_.get(); }
  FileSystem* other_files() override { return other_files_.get(); }
  std::string directory() override { return "/"; }

 private:
  Kernel kernel_;
  SimDisk disk_;
  Process* const process_ = kernel_.Spawn("contract");
  std::unique_ptr<SimFileSystem> files_;
  std::unique_ptr<SimFileSystem> other_files_;
};

template <uint64_t kSeed, SchedulerKind kKind>
std::unique_ptr<FileSystemUnderTest> Make() {
  return std::make_unique<SimUnderTest>(kSeed, kKind);
}

INSTANTIATE_TEST_SUITE_P(Simulated, FileSystemContract,
                         testing::Values(Make<1, SchedulerKind::kFifo>,
                                         Make<2, SchedulerKind::kRandomReady>,
                                         Make<3, SchedulerKind::kRandomReady>,
                                         Make<4, SchedulerKind::kPct>));

}  // namespace
}  // namespace tidelog::sim
