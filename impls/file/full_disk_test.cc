// A full disk takes a truncation, wherever the log stands when it gets full.
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "impls/file/testing/log_machine.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

constexpr uint64_t kBlock = 4096;

class FullDiskTest : public ::testing::TestWithParam<std::string> {};

// Goal: the spare manifest is there when it is needed, although what the log gives back and takes
// goes round: manifests, segments and, where nothing is preallocated, groups.
// Method: let the disk get full so many blocks later, and truncate.
TEST_P(FullDiskTest, TakesATruncationWhereverTheLogStands) {
  for (uint64_t blocks = 0; blocks < 40; ++blocks) {
    SCOPED_TRACE(blocks);
    LogMachine machine(1, {{"preallocate", GetParam()}});
    LogProcess owner(&machine);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    for (int i = 0; i < 16; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
    machine.disk().SetCapacity(machine.disk().used_bytes() + blocks * kBlock);
    absl::Status full;
    while (full.ok()) full = owner.Append(1, 3000);
    ASSERT_EQ(GetWalErrorCode(full), WalErrorCode::kResourceExhausted) << full;
    owner.wal()->AcceptAgain();
    const absl::Status truncated = owner.Truncate(15);
    EXPECT_TRUE(truncated.ok()) << truncated;
    EXPECT_TRUE(owner.Append(1, 3000).ok());
    EXPECT_EQ(machine.CheckRecovered(owner.Read()), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Each, FullDiskTest, ::testing::Values("zero", "reserve", "none"));

}  // namespace
}  // namespace tidelog::impls::file
