// Lists and numbers, cut down to what a test still needs: delta debugging.
//
// Nothing here knows what the items are.  Zeller and Hildebrandt, "Simplifying and isolating
// failure-inducing input", 2002; removing complements is left out, as it rarely pays where one
// item is a whole operation or fault.
#ifndef TIDELOG_SIM_SHRINK_MINIMIZE_H_
#define TIDELOG_SIM_SHRINK_MINIMIZE_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"

namespace tidelog::sim {

// How many tests are left.  A value for one thread.
class ShrinkBudget {
 public:
  // `out_of_time` is asked before each test; null: never.
  explicit ShrinkBudget(int64_t runs_max, absl::AnyInvocable<bool()> out_of_time = nullptr)
      : left_(runs_max), out_of_time_(std::move(out_of_time)) {}

  // False, from then on for ever: no test may be made any more.
  bool Spend();

  bool spent() const { return left_ <= 0; }
  int64_t runs() const { return runs_; }

 private:
  int64_t left_;
  int64_t runs_ = 0;
  absl::AnyInvocable<bool()> out_of_time_;
};

// True if the failure is still there with only those items, by their indices in ascending order.
using KeepsFailing = absl::FunctionRef<bool(const std::vector<size_t>& kept)>;

// What is left of `count` items, ascending.  Unless the budget ran out, no single item of it can
// be left out.  Cuts the tail first, then smaller and smaller pieces.  Requires: it fails with all
// of them, which is not tested again.
std::vector<size_t> Minimize(size_t count, KeepsFailing fails, ShrinkBudget* budget);

// The value nearest to `target` between it and `value` with which `fails` is true, if that is
// monotone; else some such value.  Requires: it fails with `value`.
int64_t MinimizeNumber(int64_t value, int64_t target, absl::FunctionRef<bool(int64_t)> fails,
                       ShrinkBudget* budget);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_SHRINK_MINIMIZE_H_
