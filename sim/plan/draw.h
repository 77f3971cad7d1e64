// Draw: numbers for plans, of integers only, so that every compiler draws the same.
#ifndef TIDELOG_SIM_PLAN_DRAW_H_
#define TIDELOG_SIM_PLAN_DRAW_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "wal/async/random_stream.h"

namespace tidelog::sim {

// Thread-compatible.
class Draw {
 public:
  Draw(uint64_t seed, std::string_view name) : random_(seed, name) {}

  uint64_t Below(uint64_t bound) { return random_.Below(bound); }
  bool OneIn(uint64_t numerator, uint64_t denominator) {
    return random_.OneIn(numerator, denominator);
  }
  uint64_t Word() { return random_.Next(); }

  // Uniform in [least, most].
  int64_t Between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(Below(static_cast<uint64_t>(most - least) + 1));
  }

  // In [least, most], each power of two as likely as the other.  Requires: 0 < least <= most.
  int64_t Log(int64_t least, int64_t most) {
    const int first = std::bit_width(static_cast<uint64_t>(least));
    const int last = std::bit_width(static_cast<uint64_t>(most));
    const int width = static_cast<int>(Between(first, last));
    const int64_t low = width == first ? least : int64_t{1} << (width - 1);
    const int64_t high = width == last ? most : (int64_t{1} << width) - 1;
    return Between(low, high);
  }

  template <class T>
  T Of(std::initializer_list<T> values) {
    return values.begin()[Below(values.size())];
  }

 private:
  RandomStream random_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_DRAW_H_
