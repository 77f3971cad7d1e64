// FlowController: how fast data may come, as one thing that is watched asks for it (G5).
//
//   FlowController controller(kMemoryFlow);
//   controller.Take(now, {.pressure = Pressure::kHigh});
//   if (controller.state() == FlowState::kSlowed) ... let controller.rate() bytes in a second ...
#ifndef TIDELOG_ADAPTOR_FLOW_FLOW_CONTROLLER_H_
#define TIDELOG_ADAPTOR_FLOW_FLOW_CONTROLLER_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "wal/flow_control.h"

namespace tidelog::adaptor {

// How fast it slows down and recovers.  Rates in bytes a second.
struct FlowPace {
  absl::Duration startup_delay;  // Of the first slow-down of its life only.
  uint64_t slow_high;            // It begins to slow down here, or lower,
  uint64_t slow_low;             // goes down to here,
  absl::Duration slow_interval;  // each time it was under pressure for so long,
  uint32_t slow_percent;         // to so much of what it was.  Below 100.
  absl::Duration reject_delay;   // At slow_low under pressure for so long: rejects.  0: never.
  uint64_t recover_low;          // It begins to recover here, or higher,
  uint64_t recover_high;         // goes up to here,
  absl::Duration recover_interval;
  uint64_t recover_step;        // each interval by so much,
  absl::Duration normal_delay;  // and is normal when it was there for so long.
};

// Those of Milvus.
inline constexpr uint64_t kKiB = uint64_t{1} << 10;
inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr FlowPace kMemoryFlow = {
    absl::ZeroDuration(), 4 * kMiB, 256 * kKiB, absl::Seconds(10), 80,
    absl::ZeroDuration(), kMiB,     16 * kMiB,  absl::Seconds(1),  256 * kKiB,
    absl::Seconds(10)};
inline constexpr FlowPace kRecoveryFlow = {
    absl::Seconds(30), 32 * kMiB,        512 * kKiB, absl::Seconds(10), 80, absl::Seconds(90), kMiB,
    32 * kMiB,         absl::Seconds(1), kMiB,       absl::Seconds(30)};
inline constexpr FlowPace kConsumerFlow = {
    absl::Seconds(10), 16 * kMiB, 2 * kMiB,  absl::Seconds(30), 80,
    absl::Minutes(2),  16 * kMiB, 64 * kMiB, absl::Seconds(1),  5 * kMiB,
    absl::Seconds(5)};
inline constexpr FlowPace kAppendRateFlow = {
    absl::ZeroDuration(), 32 * kMiB, 2 * kMiB,  absl::Seconds(10), 90,
    absl::ZeroDuration(), 4 * kMiB,  32 * kMiB, absl::Seconds(1),  512 * kKiB,
    absl::Seconds(10)};

// What a look at the source finds.
enum class Pressure : uint8_t {
  kNone,
  kEasing,  // Not gone, but it does not get worse.
  kHigh,
  kCritical,  // There is no time to slow down.
};

struct FlowSample {
  Pressure pressure = Pressure::kNone;
  uint64_t start = kUnlimitedRate;  // Slowing down begins no higher than here.
  // Nothing was appended lately: so no less can be let in, and who does not catch up may have
  // nothing to catch up with.  Never rejects by time.
  bool idle = false;
};

// Pure: no clock, no I/O; the same samples at the same times make the same states.
// Thread-compatible.
//
//               kHigh                    kHigh for long at slow_low, or kCritical
//   normal ──────────────► slowed ─────────────────────────────────────► rejecting
//     ▲            kHigh  ▲ │   ▲                 kEasing                   │
//     │                   │ │   └────────────────────────────────────────────┤
//     │                   │ ▼ kNone                                         │ kNone
//     └────────────── recovering ◄──────────────────────────────────────────┘
//       at the top for long
//
// One step a sample at most, however long ago the one before was.  Easing stops a slow-down, and
// what it has come to towards rejecting counts no more: in Milvus that goes on counting, so that
// a consumer who is catching up may meet with a rejection.  For the same reason easing ends one.
// A recovery is not stopped by it: what is not bad may be tried.
class FlowController {
 public:
  // `pace` is taken as far as it makes sense: low is no higher than high, a percentage below 100.
  explicit FlowController(const FlowPace& pace);

  // The next sample.  Requires: `now` does not go back.
  void Take(absl::Duration now, const FlowSample& sample);

  FlowState state() const { return state_; }
  // kUnlimitedRate if it is normal, 0 if it rejects.
  uint64_t rate() const { return rate_; }

 private:
  bool IsTooEarly(absl::Duration now);
  void Press(absl::Duration now, const FlowSample& sample);
  void Shrink(absl::Duration now, bool idle);
  void Reject();
  void Ease(absl::Duration now);
  void Recover(absl::Duration now);
  void Grow(absl::Duration now);
  void Enter(FlowState state, uint64_t rate, absl::Duration now);

  const FlowPace pace_;
  FlowState state_ = FlowState::kNormal;
  uint64_t rate_ = kUnlimitedRate;
  absl::Duration changed_at_ = absl::ZeroDuration();  // The rate, or what it waits for.
  // Since when it is at slow_low and under pressure, or recovered to recover_high.
  std::optional<absl::Duration> at_end_since_;
  bool has_slowed_ = false;
  std::optional<absl::Duration> pressed_since_;  // Before the first slow-down.
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_FLOW_FLOW_CONTROLLER_H_
