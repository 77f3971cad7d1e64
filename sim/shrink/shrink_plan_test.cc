#include "sim/shrink/shrink_plan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/kernel/scheduler.h"
#include "sim/plan/fault.h"
#include "sim/plan/operation.h"
#include "sim/plan/plan.h"
#include "sim/shrink/minimize.h"

namespace tidelog::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Ge;
using ::testing::SizeIs;

constexpr int64_t kMillisecond = 1'000'000;

// Many of everything.  Nothing runs: each test says by itself what fails.
Plan LargePlan() {
  Plan plan;
  plan.config.slots = 2;
  plan.config.clients.resize(4);
  plan.config.scheduler = SchedulerKind::kRandomReady;
  plan.config.horizon_ns = 1000 * kMillisecond;
  plan.config.knobs = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  for (uint32_t i = 0; i < 200; ++i) {
    Operation operation;
    operation.kind = i % 50 == 0 ? OperationKind::kOpen : OperationKind::kAppend;
    operation.at_ns = i * kMillisecond;
    operation.client = i % 4;
    operation.bytes = i;
    operation.count = 3;
    plan.operations.push_back(operation);
  }
  for (uint32_t i = 0; i < 60; ++i) {
    Fault fault;
    fault.kind = static_cast<FaultClass>(i % 6);
    fault.trigger.at_ns = i * kMillisecond;
    fault.duration_ns = 5 * kMillisecond;
    fault.slot = i;
    plan.faults.push_back(fault);
  }
  return plan;
}

bool HasOperation(const Plan& plan, OperationKind kind, uint32_t bytes) {
  return std::any_of(plan.operations.begin(), plan.operations.end(),
                     [&](const Operation& o) { return o.kind == kind && o.bytes == bytes; });
}

bool HasFault(const Plan& plan, FaultClass kind, uint32_t slot) {
  return std::any_of(plan.faults.begin(), plan.faults.end(),
                     [&](const Fault& f) { return f.kind == kind && f.slot == slot; });
}

class ShrinkPlanTest : public ::testing::Test {
 protected:
  Candidate Shrink(const Plan& plan, absl::FunctionRef<bool(const Candidate&)> fails) {
    const auto attempt = [&](const Candidate& candidate) {
      Trial trial;
      trial.fails_alike = fails(candidate);
      trial.choices = drawn_;
      return trial;
    };
    return ShrinkPlan(Candidate{plan, false}, attempt, &budget_,
                      [this](std::string_view pass, const PlanSize& size, int64_t) {
                        passes_.emplace_back(pass);
                        sizes_.push_back(size);
                      });
  }

  ShrinkBudget budget_{5000};
  std::vector<Choice> drawn_;
  std::vector<std::string> passes_;
  std::vector<PlanSize> sizes_;
};

TEST_F(ShrinkPlanTest, FindsTheKnownMinimum) {
  const auto fails = [](const Candidate& candidate) {
    const Plan& plan = candidate.plan;
    return HasOperation(plan, OperationKind::kOpen, 50) &&
           HasOperation(plan, OperationKind::kAppend, 123) &&
           HasFault(plan, FaultClass::kPause, 14) && plan.config.knobs.contains("b");
  };
  const Candidate least = Shrink(LargePlan(), fails);
  EXPECT_TRUE(fails(least));
  EXPECT_THAT(least.plan.operations, SizeIs(2));
  EXPECT_THAT(least.plan.faults, SizeIs(1));
  EXPECT_THAT(least.plan.config.clients, SizeIs(2));  // Of the one and the other operation.
  EXPECT_THAT(least.plan.config.knobs, SizeIs(1));
  EXPECT_EQ(least.plan.config.scheduler, SchedulerKind::kFifo);
  EXPECT_EQ(least.plan.config.horizon_ns, 0);
  for (const Operation& operation : least.plan.operations) {
    EXPECT_EQ(operation.count, 1u);
    EXPECT_EQ(operation.at_ns, 0);
  }
  EXPECT_EQ(least.plan.faults[0].duration_ns, 0);
}

TEST_F(ShrinkPlanTest, OperationsStayWithTheirClientsWhenOthersGo) {
  const auto fails = [](const Candidate& candidate) {
    const Plan& plan = candidate.plan;
    return std::all_of(plan.operations.begin(), plan.operations.end(),
                       [&](const Operation& o) { return o.client < plan.config.clients.size(); }) &&
           HasOperation(plan, OperationKind::kAppend, 7) &&  // Of client 3.
           plan.config.clients.back().reopen_after_ns == 77;
  };
  Plan plan = LargePlan();
  plan.config.clients[3].reopen_after_ns = 77;
  const Candidate least = Shrink(plan, fails);
  EXPECT_THAT(least.plan.config.clients, SizeIs(1));
  EXPECT_THAT(least.plan.operations, ElementsAre(Field(&Operation::client, 0u)));
}

TEST_F(ShrinkPlanTest, KeepsTheChoicesThatAreNeeded) {
  for (uint64_t step = 1; step <= 100; ++step) drawn_.push_back(Choice{step, step % 5, false});
  const auto fails = [](const Candidate& candidate) {
    if (!candidate.replay_choices) {
      return candidate.plan.config.scheduler == SchedulerKind::kRandomReady;
    }
    const std::vector<Choice>& choices = candidate.plan.choices;
    return std::count(choices.begin(), choices.end(), Choice{42, 2, false}) == 1;
  };
  const Candidate least = Shrink(LargePlan(), fails);
  EXPECT_TRUE(least.replay_choices);
  EXPECT_THAT(least.plan.choices, ElementsAre(Choice{42, 2, false}));
}

TEST_F(ShrinkPlanTest, KeepsTheTimeThatAFailureNeeds) {
  const auto fails = [](const Candidate& candidate) {
    const std::vector<Operation>& operations = candidate.plan.operations;
    return operations.size() >= 2 &&
           operations.back().at_ns - operations.front().at_ns >= 8 * kMillisecond;
  };
  const Candidate least = Shrink(LargePlan(), fails);
  EXPECT_THAT(least.plan.operations, SizeIs(2));
  const int64_t gap = least.plan.operations[1].at_ns - least.plan.operations[0].at_ns;
  EXPECT_LE(gap, 10 * kMillisecond);
  EXPECT_THAT(gap, Ge(8 * kMillisecond));
}

TEST_F(ShrinkPlanTest, IsBoundedByItsRuns) {
  budget_ = ShrinkBudget(30);
  int64_t runs = 0;
  const auto fails = [&runs](const Candidate& candidate) {
    ++runs;
    return HasOperation(candidate.plan, OperationKind::kAppend, 123);
  };
  const Candidate least = Shrink(LargePlan(), fails);
  EXPECT_LE(runs, 30);
  EXPECT_TRUE(HasOperation(least.plan, OperationKind::kAppend, 123));
}

TEST_F(ShrinkPlanTest, WhatNeverFailsAgainStaysAsItIs) {
  const Plan plan = LargePlan();
  const Candidate least = Shrink(plan, [](const Candidate&) { return false; });
  EXPECT_EQ(least.plan, plan);
}

TEST_F(ShrinkPlanTest, TellsEachPassWithWhatIsLeft) {
  Shrink(LargePlan(), [](const Candidate&) { return true; });
  ASSERT_THAT(passes_, SizeIs(Ge(8u)));
  EXPECT_EQ(passes_.front(), "scheduler");
  EXPECT_EQ(sizes_.front().operations, 200u);
  EXPECT_EQ(sizes_.back(), (PlanSize{0, 0, 0, 0, 0}));
  for (size_t i = 1; i < sizes_.size(); ++i) {
    EXPECT_LE(sizes_[i].operations, sizes_[i - 1].operations);
    EXPECT_LE(sizes_[i].faults, sizes_[i - 1].faults);
  }
}

}  // namespace
}  // namespace tidelog::sim
