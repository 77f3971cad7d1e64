// Segments that go round: files of truncated ones serve again.
#include <cstdint>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "impls/file/testing/log_machine.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/message/message_id.h"
#include "wal/observer.h"
#include "wal/types.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {
namespace {

using walimpls::CloseMode;

// More than a segment a round, all of it but the last record truncated.
void AppendAndTruncate(LogProcess* owner, uint64_t rounds) {
  constexpr uint64_t kRecords = 8;
  uint64_t number = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    for (uint64_t i = 0; i < kRecords; ++i) {
      ASSERT_TRUE(owner->Append(1, 9000).ok());
    }
    number += kRecords;
    ASSERT_TRUE(owner->Truncate(number).ok());
  }
}

class RecycleTest : public ::testing::Test {
 protected:
  RecycleTest() : machine_(1), owner_(&machine_) {
    EXPECT_TRUE(owner_.Open(Term{1}).ok());
    machine_.disk().SetFaultHook([this](const DiskEvent& event) {
      const bool of_segment = absl::EndsWith(event.path, ".seg");
      if (of_segment && event.operation == DiskOperation::kAllocate) ++allocated_;
      if (of_segment && event.operation == DiskOperation::kLink) ++linked_;
      return DiskFault{};
    });
  }

  LogMachine machine_;
  LogProcess owner_;
  int allocated_ = 0;
  int linked_ = 0;
};

TEST_F(RecycleTest, NothingIsAllocatedWhileTruncationKeepsUp) {
  AppendAndTruncate(&owner_, 24);
  EXPECT_LE(allocated_, 4);  // Until the first are truncated.
  EXPECT_GT(linked_, 15);
}

// What held a truncation back is gone: it is called again for the same tick.
TEST_F(RecycleTest, AMarkAtTheSameTickWithAHigherIdFreesMore) {
  for (int i = 0; i < 24; ++i) ASSERT_TRUE(owner_.Append(1, 9000).ok());
  const auto truncate = [this](uint64_t number) {
    const Position mark{machine_.acknowledged().at(number), TimeTick{24}};
    EXPECT_TRUE(owner_.Run([&] { return owner_.wal()->Truncate(mark); }).ok());
  };
  const auto marked = [this] {
    const auto state = owner_.Run([&] { return owner_.wal()->Info(); });
    return state->truncated->last_confirmed;
  };
  truncate(2);
  EXPECT_EQ(marked(), machine_.acknowledged().at(2));
  truncate(20);
  EXPECT_EQ(marked(), machine_.acknowledged().at(20));
  truncate(3);
  EXPECT_EQ(marked(), machine_.acknowledged().at(20));
}

// Wherever the tail lies, the old bytes behind it are no torn tail.
TEST(RecycledTailTest, IsRecoveredWhole) {
  for (int extra = 1; extra <= 7; ++extra) {
    LogMachine machine(extra);
    LogProcess owner(&machine);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    AppendAndTruncate(&owner, 6);
    for (int i = 0; i < extra; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
    machine.disk().CrashMachine();
    LogProcess next(&machine);
    ASSERT_TRUE(next.Open(Term{2}).ok());
    EXPECT_EQ(machine.CheckRecovered(next.Read()), "");
    for (const Event& event : machine.observer().events) {
      EXPECT_NE(event.kind, Event::Kind::kTornTail) << event.text;
    }
  }
}

// Else a directory would grow by two segments with each life of a channel.
TEST_F(RecycleTest, WhatIsKeptForRecyclingIsGoneAfterAClose) {
  AppendAndTruncate(&owner_, 6);
  ASSERT_TRUE(owner_.Close(CloseMode::kClean).ok());
  const uint64_t kSegment = 65536;
  EXPECT_LT(machine_.disk().used_bytes(), 3 * kSegment);
}

// A failed sync leaves pages that lie: such a file goes.
TEST_F(RecycleTest, ASegmentWhoseSyncFailedIsNotUsedAgain) {
  ASSERT_TRUE(owner_.Append(1, 9000).ok());
  bool failed = false;
  machine_.disk().SetFaultHook([&](const DiskEvent& event) {
    DiskFault fault;
    if (event.operation == DiskOperation::kLink) ++linked_;
    if (!failed && event.operation == DiskOperation::kSync && absl::EndsWith(event.path, ".seg")) {
      failed = true;
      fault.error_number = 5;
    }
    return fault;
  });
  ASSERT_TRUE(owner_.Append(1, 9000).ok());  // Written again, to the next segment.
  ASSERT_TRUE(failed);
  machine_.disk().SetFaultHook([this](const DiskEvent& event) {
    if (event.operation == DiskOperation::kLink && absl::EndsWith(event.path, ".seg")) ++linked_;
    return DiskFault{};
  });
  linked_ = 0;
  ASSERT_TRUE(owner_.Truncate(2).ok());  // Drops the poisoned one.
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(owner_.Append(1, 9000).ok());
  EXPECT_EQ(linked_, 0);
}

}  // namespace
}  // namespace tidelog::impls::file
