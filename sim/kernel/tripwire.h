// Tripwires: in a program that links this target, code that runs inside a step of a simulation and
// asks the system for the time, for randomness, a thread, a file or a sleep aborts with a stack.
// Such code would make two runs of one seed differ, or hang in the only thread.
//
// Abseil's log messages, which carry the wall clock, may be written all the same.
// Not under sanitizers: they intercept the same functions.
#ifndef TIDELOG_SIM_KERNEL_TRIPWIRE_H_
#define TIDELOG_SIM_KERNEL_TRIPWIRE_H_

#include <utility>

namespace tidelog::sim {
namespace internal {

// A step runs on this thread.
extern constinit thread_local bool tripwires_armed;

// Aborts if it does, unless a log message is being written.  Called by the replacements.
void Trip(const char* function);

}  // namespace internal

// Arms the tripwires of this thread while it lives, or disarms them.
class [[nodiscard]] TripwireScope {
 public:
  explicit TripwireScope(bool armed) : before_(std::exchange(internal::tripwires_armed, armed)) {}
  TripwireScope(const TripwireScope&) = delete;
  TripwireScope& operator=(const TripwireScope&) = delete;
  ~TripwireScope() { internal::tripwires_armed = before_; }

 private:
  const bool before_;
};

// For what a checker must do inside a step, such as writing to a file.
class [[nodiscard]] TripwiresOff : public TripwireScope {
 public:
  TripwiresOff() : TripwireScope(false) {}
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_TRIPWIRE_H_
