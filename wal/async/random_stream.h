// RandomStream: xoshiro256**, seeded by SplitMix64 from a seed and a name.
//
// Ours because a recorded seed must give the same numbers with every compiler and
// standard library; the distributions of <random> do not.  Integers only, for the
// same reason.  Source: Blackman and Vigna, "Scrambled linear pseudorandom number
// generators", 2021.  Not for secrets.
#ifndef TIDELOG_WAL_ASYNC_RANDOM_STREAM_H_
#define TIDELOG_WAL_ASYNC_RANDOM_STREAM_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace tidelog {

// Thread-compatible.  A copy repeats the original.
class RandomStream {
 public:
  RandomStream(uint64_t seed, std::string_view name);

  // Uniform in [0, 2^64).
  uint64_t Next();

  // Uniform in [0, bound).  Requires: bound > 0.
  uint64_t Below(uint64_t bound);

  // True with probability numerator / denominator.  Requires: denominator > 0.
  bool OneIn(uint64_t numerator, uint64_t denominator) { return Below(denominator) < numerator; }

  // For comparison with the published generator, whose state must not be all zero.
  static RandomStream FromStateForTest(const std::array<uint64_t, 4>& state);

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_RANDOM_STREAM_H_
