#include "adaptor/flow/flow_controller.h"

#include <algorithm>

#include "wal/base/mutant.h"

namespace tidelog::adaptor {
namespace {

FlowPace Sensible(FlowPace pace) {
  pace.slow_low = std::max<uint64_t>(pace.slow_low, 1);
  pace.slow_high = std::max(pace.slow_high, pace.slow_low);
  pace.slow_percent = std::min<uint32_t>(pace.slow_percent, 99);
  pace.recover_low = std::max<uint64_t>(pace.recover_low, 1);
  pace.recover_high = std::max(pace.recover_high, pace.recover_low);
  pace.recover_step = std::max<uint64_t>(pace.recover_step, 1);
  return pace;
}

}  // namespace

FlowController::FlowController(const FlowPace& pace) : pace_(Sensible(pace)) {}

void FlowController::Take(absl::Duration now, const FlowSample& sample) {
  switch (sample.pressure) {
    case Pressure::kCritical:
      return Reject();
    case Pressure::kHigh:
      return Press(now, sample);
    case Pressure::kEasing:
      return Ease(now);
    case Pressure::kNone:
      return Recover(now);
  }
}

void FlowController::Enter(FlowState state, uint64_t rate, absl::Duration now) {
  state_ = state;
  rate_ = rate;
  changed_at_ = now;
  at_end_since_.reset();
}

// A node that has just begun is behind in everything.
bool FlowController::IsTooEarly(absl::Duration now) {
  if (has_slowed_) return false;
  if (!pressed_since_) pressed_since_ = now;
  return now - *pressed_since_ < pace_.startup_delay;
}

void FlowController::Press(absl::Duration now, const FlowSample& sample) {
  switch (state_) {
    case FlowState::kNormal:
    case FlowState::kRecovering: {
      if (IsTooEarly(now)) return;
      has_slowed_ = true;
      const uint64_t from = std::min({rate_, sample.start, pace_.slow_high});
      return Enter(FlowState::kSlowed, std::max(from, pace_.slow_low), now);
    }
    case FlowState::kSlowed:
      return Shrink(now, sample.idle);
    case FlowState::kRejecting:
      return;
  }
}

void FlowController::Shrink(absl::Duration now, bool idle) {
  if (rate_ > pace_.slow_low) {
    if (now - changed_at_ < pace_.slow_interval) return;
    // In this order it cannot overflow.
    rate_ = std::max(pace_.slow_low,
                     rate_ / 100 * pace_.slow_percent + rate_ % 100 * pace_.slow_percent / 100);
    changed_at_ = now;
  }
  if (rate_ > pace_.slow_low || pace_.reject_delay == absl::ZeroDuration()) return;
  if (idle) return at_end_since_.reset();
  if (!at_end_since_) at_end_since_ = now;
  if (now - *at_end_since_ >= pace_.reject_delay) Reject();
}

void FlowController::Reject() {
  has_slowed_ = true;
  state_ = FlowState::kRejecting;
  rate_ = 0;
  at_end_since_.reset();
}

void FlowController::Ease(absl::Duration now) {
  switch (state_) {
    case FlowState::kNormal:
      return;
    case FlowState::kRecovering:
      return Grow(now);
    case FlowState::kSlowed:
      changed_at_ = now;
      at_end_since_.reset();
      return;
    case FlowState::kRejecting:
      return Enter(FlowState::kSlowed, pace_.slow_low, now);
  }
}

void FlowController::Recover(absl::Duration now) {
  pressed_since_.reset();
  switch (state_) {
    case FlowState::kNormal:
      return;
    case FlowState::kRecovering:
      return Grow(now);
    case FlowState::kSlowed:
    case FlowState::kRejecting:
      if (MutantIs(Mutant::kRecoveryJumps)) return Enter(FlowState::kNormal, kUnlimitedRate, now);
      return Enter(FlowState::kRecovering, std::max(rate_, pace_.recover_low), now);
  }
}

void FlowController::Grow(absl::Duration now) {
  if (rate_ < pace_.recover_high) {
    if (now - changed_at_ < pace_.recover_interval) return;
    rate_ = pace_.recover_high - rate_ > pace_.recover_step ? rate_ + pace_.recover_step
                                                            : pace_.recover_high;
    changed_at_ = now;
  }
  if (rate_ < pace_.recover_high) return;
  if (!at_end_since_) at_end_since_ = now;
  if (now - *at_end_since_ >= pace_.normal_delay) {
    Enter(FlowState::kNormal, kUnlimitedRate, now);
  }
}

}  // namespace tidelog::adaptor
