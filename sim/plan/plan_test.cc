// Goal: a plan is what its seed and options say, and nothing else; and it survives being written.
#include "sim/plan/plan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "sim/plan/operation.h"

namespace tidelog::sim {
namespace {

using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

Plan PlanOf(uint64_t seed, std::string_view preset) {
  return MakePlan(seed, PlanOptionsOf(preset).value());
}

bool IsOfTransactions(const Operation& operation) {
  const bool is_exclusive = operation.kind == OperationKind::kAppend &&
                            (operation.type == 5 || operation.type == 6 || operation.type == 9);
  return operation.kind >= OperationKind::kBeginTxn || is_exclusive;
}

std::vector<Operation> OfTransactions(const Plan& plan) {
  std::vector<Operation> found;
  std::copy_if(plan.operations.begin(), plan.operations.end(), std::back_inserter(found),
               IsOfTransactions);
  return found;
}

TEST(PlanTest, EveryPlanIsReadAsItWasWritten) {
  for (const std::string_view preset : PlanPresets()) {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      const Plan plan = PlanOf(seed, preset);
      const absl::StatusOr<Plan> read = PlanFromJson(ToJson(plan));
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(*read, plan) << preset << " " << seed;
    }
  }
}

TEST(PlanTest, TransactionsComeBesideWhatAPlanDoesWithoutThem) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    PlanOptions all = PlanOptionsOf("transactions").value();
    all.keys_in_1000 = 0;
    Plan with = MakePlan(seed, all);
    PlanOptions none;
    none.transactions_in_1000 = 0;
    none.keys_in_1000 = 0;
    const Plan without = MakePlan(seed, none);
    EXPECT_THAT(OfTransactions(with), Not(IsEmpty()));
    EXPECT_THAT(OfTransactions(without), IsEmpty());
    std::erase_if(with.operations, IsOfTransactions);
    EXPECT_EQ(with.operations, without.operations) << seed;
    EXPECT_EQ(with.config, without.config) << seed;
  }
}

TEST(PlanTest, TransactionsAreOfEveryKind) {
  absl::btree_set<OperationKind> kinds;
  absl::btree_set<Misuse> misuses;
  absl::btree_set<int32_t> miscounts;
  absl::btree_set<bool> has_lease;
  PlanOptions options = PlanOptionsOf("transactions").value();
  options.keys_in_1000 = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    for (const Operation& operation : OfTransactions(MakePlan(seed, options))) {
      kinds.insert(operation.kind);
      misuses.insert(operation.misuse);
      miscounts.insert(operation.miscount);
      if (operation.kind == OperationKind::kBeginTxn) has_lease.insert(operation.lease_ms != 0);
    }
  }
  EXPECT_EQ(kinds.size(), 5u);  // And exclusive appends.
  EXPECT_THAT(misuses, IsSupersetOf({Misuse::kNone, Misuse::kOtherVChannel, Misuse::kExclusive,
                                     Misuse::kUnknownTxn, Misuse::kMixedBatch}));
  EXPECT_THAT(miscounts, IsSupersetOf({-1, 0, 1, 2}));
  EXPECT_EQ(has_lease.size(), 2u);
}

TEST(PlanTest, KeysComeBesideWhatAPlanDoesWithoutThem) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    PlanOptions all = PlanOptionsOf("keys").value();
    all.transactions_in_1000 = 0;
    Plan with = MakePlan(seed, all);
    PlanOptions none;
    none.transactions_in_1000 = 0;
    none.keys_in_1000 = 0;
    const Plan without = MakePlan(seed, none);
    const size_t count = with.operations.size();
    std::erase_if(with.operations, [](const Operation& operation) {
      return operation.kind >= OperationKind::kBeginTxn;
    });
    EXPECT_LT(with.operations.size(), count) << seed;
    EXPECT_EQ(with.operations, without.operations) << seed;
    with.config.knobs.erase("wal.idempotency_window");
    EXPECT_EQ(with.config, without.config) << seed;
  }
}

TEST(PlanTest, FlowControlChangesSettingsOnly) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Plan with = PlanOf(seed, "flow");
    PlanOptions none;
    none.flow_in_1000 = 0;
    Plan without = MakePlan(seed, none);
    EXPECT_TRUE(with.config.knobs.contains("wal.flow_rate_min")) << seed;
    EXPECT_FALSE(without.config.knobs.contains("wal.flow_rate_min")) << seed;
    EXPECT_TRUE(with.config.knobs.contains("wal.flow_memory_bytes_max") ||
                with.config.knobs.contains("wal.flow_append_rate_max"))
        << seed;
    with.config.knobs.clear();
    without.config.knobs.clear();
    EXPECT_EQ(with, without) << seed;
  }
}

TEST(PlanTest, ChunksChangeNothingElseOfAPlan) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Plan with = PlanOf(seed, "chunks");
    PlanOptions none;
    none.chunks_in_1000 = 0;
    const Plan without = MakePlan(seed, none);
    EXPECT_EQ(with.config.knobs["wal.chunking"], "1");
    EXPECT_FALSE(without.config.knobs.contains("wal.chunking"));
    for (const char* const knob :
         {"wal.chunking", "wal.chunk_bytes_max", "wal.chunked_message_bytes_max"}) {
      with.config.knobs.erase(knob);
    }
    EXPECT_EQ(with, without) << seed;
  }
}

TEST(PlanTest, KeysAreRepeatedAloneInBatchesAndByCommits) {
  size_t batches = 0;
  size_t windows = 0;
  absl::btree_map<uint32_t, size_t> appends;
  absl::btree_map<uint32_t, size_t> commits;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const Plan plan = PlanOf(seed, "keys");
    windows += plan.config.knobs.contains("wal.idempotency_window") ? 1 : 0;
    for (const Operation& operation : plan.operations) {
      if (operation.kind < OperationKind::kKeyedAppend) continue;
      EXPECT_NE(operation.key, 0u);
      const bool commits_it = operation.kind == OperationKind::kKeyedCommit;
      ++(commits_it ? commits : appends)[operation.key];
      batches += operation.count > 1 ? 1 : 0;
    }
  }
  EXPECT_GT(batches, 0u);
  EXPECT_GT(windows, 0u);
  EXPECT_LT(windows, 100u);
  EXPECT_GT(appends[1], 100u);
  EXPECT_GT(commits[1001], 10u);
}

}  // namespace
}  // namespace tidelog::sim
