// Random samples of random length, under random paces: what a FlowController may never do (G5).
#include <algorithm>
#include <cstdint>
#include <ostream>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/flow/flow_controller.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/flow_control.h"

namespace tidelog::adaptor {
namespace {

struct Sample {
  uint64_t after_ms = 0;
  Pressure pressure{};
  uint64_t start = kUnlimitedRate;
  bool idle = false;

  FlowSample content() const { return {pressure, start, idle}; }
};

std::ostream& operator<<(std::ostream& out, const Sample& sample) {
  static constexpr const char* kNames[] = {"none", "easing", "high", "critical"};
  return out << "+" << sample.after_ms << "ms " << kNames[static_cast<int>(sample.pressure)] << " "
             << sample.start << (sample.idle ? " idle" : "");
}

rc::Gen<Sample> AnySample() {
  const auto pressure = rc::gen::weightedElement<Pressure>({{8, Pressure::kNone},
                                                            {4, Pressure::kEasing},
                                                            {10, Pressure::kHigh},
                                                            {1, Pressure::kCritical}});
  const auto start = rc::gen::weightedOneOf<uint64_t>(
      {{3, rc::gen::just(kUnlimitedRate)}, {1, rc::gen::inRange<uint64_t>(0, 5000)}});
  return rc::gen::construct<Sample>(rc::gen::inRange<uint64_t>(0, 3000), pressure, start,
                                    rc::gen::weightedElement<bool>({{9, false}, {1, true}}));
}

// Runs of one kind, so that it comes to the ends of slow-downs and recoveries.
std::vector<Sample> AnyHistory() {
  std::vector<Sample> history;
  const auto firsts = *rc::gen::container<std::vector<Sample>>(AnySample());
  for (const Sample& first : firsts) {
    const int count = *rc::gen::inRange(1, 12);
    history.insert(history.end(), static_cast<size_t>(count), first);
  }
  return history;
}

absl::Duration AnyMillis(int most) { return absl::Milliseconds(*rc::gen::inRange(0, most)); }

FlowPace AnyPace() {
  FlowPace pace;
  pace.startup_delay = *rc::gen::element(absl::ZeroDuration(), absl::Seconds(2));
  pace.slow_low = *rc::gen::inRange<uint64_t>(1, 1000);
  pace.slow_high = pace.slow_low + *rc::gen::inRange<uint64_t>(0, 4000);
  pace.slow_interval = AnyMillis(5000);
  pace.slow_percent = *rc::gen::inRange<uint32_t>(1, 100);
  pace.reject_delay = *rc::gen::element(absl::ZeroDuration(), absl::Seconds(3));
  pace.recover_low = *rc::gen::inRange<uint64_t>(1, 2000);
  pace.recover_high = pace.recover_low + *rc::gen::inRange<uint64_t>(0, 4000);
  pace.recover_interval = AnyMillis(2000);
  pace.recover_step = *rc::gen::inRange<uint64_t>(1, 1000);
  pace.normal_delay = AnyMillis(3000);
  return pace;
}

struct Seen {
  FlowState state;
  uint64_t rate;
};

// What one sample may make of one state, whatever came before.
void CheckStep(const FlowPace& pace, const Seen& before, const Sample& sample, const Seen& after) {
  switch (after.state) {
    case FlowState::kNormal:
      RC_ASSERT(after.rate == kUnlimitedRate);
      // It recovers through recovering only, and at its top.
      RC_ASSERT(before.state == FlowState::kNormal || before.state == FlowState::kRecovering);
      if (before.state == FlowState::kRecovering) {
        RC_ASSERT(before.rate + pace.recover_step >= pace.recover_high);
      }
      break;
    case FlowState::kRecovering: {
      RC_ASSERT(after.rate >= pace.recover_low);
      const bool has_begun = before.state != FlowState::kRecovering;
      RC_ASSERT(before.state != FlowState::kNormal);
      if (has_begun) {
        RC_ASSERT(sample.pressure == Pressure::kNone);
        RC_ASSERT(after.rate == std::max(before.rate, pace.recover_low));
      } else {
        RC_ASSERT(after.rate >= before.rate);
        RC_ASSERT(after.rate - before.rate <= pace.recover_step);
      }
      break;
    }
    case FlowState::kSlowed:
      RC_ASSERT(after.rate >= pace.slow_low);
      RC_ASSERT(after.rate <= pace.slow_high);
      RC_ASSERT(sample.pressure == Pressure::kHigh || sample.pressure == Pressure::kEasing);
      if (before.state != FlowState::kRejecting) {
        RC_ASSERT(after.rate <= before.rate || after.rate == pace.slow_low);
        RC_ASSERT(sample.pressure == Pressure::kHigh || after.rate == before.rate);
      }
      break;
    case FlowState::kRejecting:
      RC_ASSERT(after.rate == 0u);
      // Easing never rejects, nor ends in it.
      RC_ASSERT(sample.pressure == Pressure::kHigh || sample.pressure == Pressure::kCritical);
      if (sample.pressure == Pressure::kHigh && before.state != FlowState::kRejecting) {
        RC_ASSERT(before.state == FlowState::kSlowed);
        RC_ASSERT(pace.reject_delay > absl::ZeroDuration());
      }
      break;
  }
  if (sample.pressure == Pressure::kCritical) RC_ASSERT(after.state == FlowState::kRejecting);
}

RC_GTEST_PROP(FlowControllerProperty, ShrinksAndGrowsStepByStepAndEasingNeverRejects, ()) {
  const FlowPace pace = AnyPace();
  FlowController controller(pace);
  absl::Duration now = absl::ZeroDuration();
  // The last sample that was not high, or of a log that was idle.
  absl::Duration eased_at = -absl::InfiniteDuration();
  for (const Sample& sample : AnyHistory()) {
    now += absl::Milliseconds(sample.after_ms);
    const Seen before = {controller.state(), controller.rate()};
    controller.Take(now, sample.content());
    const Seen after = {controller.state(), controller.rate()};
    CheckStep(pace, before, sample, after);
    if (sample.pressure != Pressure::kHigh || sample.idle) eased_at = now;
    const bool rejects_by_time = after.state == FlowState::kRejecting &&
                                 before.state == FlowState::kSlowed &&
                                 sample.pressure == Pressure::kHigh;
    if (rejects_by_time) RC_ASSERT(now - eased_at >= pace.reject_delay);
  }
}

// Whatever came before: without pressure it becomes normal, in a time that the pace tells.
RC_GTEST_PROP(FlowControllerProperty, BecomesNormalWhenThePressureIsGone, ()) {
  const FlowPace pace = AnyPace();
  FlowController controller(pace);
  absl::Duration now = absl::ZeroDuration();
  for (const Sample& sample : AnyHistory()) {
    now += absl::Milliseconds(sample.after_ms);
    controller.Take(now, sample.content());
  }
  const absl::Duration beat = absl::Milliseconds(200);
  const auto steps =
      static_cast<int64_t>((pace.recover_high - pace.recover_low) / pace.recover_step + 1);
  const absl::Duration end =
      now + 2 * beat + steps * (pace.recover_interval + beat) + pace.normal_delay + beat;
  while (now < end) {
    now += beat;
    controller.Take(now, {Pressure::kNone, kUnlimitedRate});
  }
  RC_ASSERT(controller.state() == FlowState::kNormal);
}

// The state is a function of the samples and their times: where the clock began does not matter.
RC_GTEST_PROP(FlowControllerProperty, KnowsTimesBySamplesOnly, ()) {
  const FlowPace pace = AnyPace();
  FlowController one(pace);
  FlowController other(pace);
  absl::Duration now = absl::ZeroDuration();
  const absl::Duration shift = AnyMillis(1000000);
  for (const Sample& sample : AnyHistory()) {
    now += absl::Milliseconds(sample.after_ms);
    one.Take(now, sample.content());
    other.Take(now + shift, sample.content());
    RC_ASSERT(one.state() == other.state());
    RC_ASSERT(one.rate() == other.rate());
  }
}

}  // namespace
}  // namespace tidelog::adaptor
