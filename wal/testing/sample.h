// SampleStride: how many of its cases a long test tries.
//
// A test that tries every crash point, or hundreds of seeds, does so where the compiler makes it
// cheap: once, optimized.  Unoptimized and under sanitizers, where it is there for what they see,
// each nth case does (//sim:optimized.bzl, exhaustive_test).
#ifndef TIDELOG_WAL_TESTING_SAMPLE_H_
#define TIDELOG_WAL_TESTING_SAMPLE_H_

#include <cstdint>

namespace tidelog {

// 1: every case.  n: each nth, as the environment variable TIDELOG_SAMPLE_STRIDE says.  Dies if
// that is no number from 1 on.
uint64_t SampleStride();

}  // namespace tidelog

#endif  // TIDELOG_WAL_TESTING_SAMPLE_H_
