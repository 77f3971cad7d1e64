// What is made of samples: medians and spread, ratios to the raw machine, and which of them a noisy
// neighbour spoiled.
#ifndef TIDELOG_TOOLS_BENCHMARK_STATISTICS_H_
#define TIDELOG_TOOLS_BENCHMARK_STATISTICS_H_

#include <optional>
#include <string>
#include <vector>

namespace tidelog::benchmark {

struct Summary {
  double median;
  double min;
  double max;
};

// None of no values.  The median of an even number is the mean of the two in the middle.
std::optional<Summary> Summarize(std::vector<double> values);

// One sample of a subject, and the sample of the raw machine that was taken just before it.
struct Pair {
  int round;   // From 1: in which round of the work it was taken.
  double raw;  // More is better.
  double sample;
  double stolen;  // Which part of the machine's processor time others had meanwhile; 0 to 1.
};

// What is a sign of a noisy neighbour.  Neither looks at the subject's own sample, so a subject
// that is slow now and then cannot hide it.
struct NoiseLimits {
  // On two cores one tick of the kernel's count in a pair of 200 ms each is 0.0125.
  double stolen_max = 0.04;
  // How far a raw sample may be from the median of all raw samples of the same work, as a ratio,
  // up or down.
  double raw_ratio_max = 1.3;
};

struct Spoiled {
  int round;
  std::string why;
};

struct Judgement {
  std::vector<Pair> used;
  std::vector<Spoiled> spoiled;
};

// `raws` are the raw samples of the work, those of `pairs` among them.
Judgement Judge(const std::vector<Pair>& pairs, const std::vector<double>& raws,
                const NoiseLimits& limits);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_STATISTICS_H_
