// The numbers of the log's errors, and what they say of a mutating call, once more: the checkers
// have a table of their own (C2).  code_test.cc compares the numbers with wal/status.h.
#ifndef TIDELOG_SIM_CHECK_CODE_H_
#define TIDELOG_SIM_CHECK_CODE_H_

#include <cstdint>

namespace tidelog::sim::check {

// The errors that a log yields.  Others are kept as numbers, and no call may end with them.
enum class Code : int32_t {
  kOk = 0,
  kChannelNotExist = 1,
  kChannelFenced = 2,
  kOnShutdown = 3,
  kUnmatchedTerm = 5,
  kInner = 7,
  kInvalidArgument = 8,
  kTransactionExpired = 9,
  kInvalidTransactionState = 10,
  kWalNameMismatch = 14,
  kRateLimitRejected = 16,
  kUnknownError = 999,
  kTooLarge = 1000,
  kPositionGone = 1001,
  kOutcomeUnknown = 1002,
  kCorrupt = 1003,
  kResourceExhausted = 1004,
  kDeadlineExceeded = 1005,
  kUnavailable = 1006,
};

// True: a mutating call that failed with it may have taken effect.  All others say: not done.
constexpr bool LeavesUnknown(Code code) {
  return code == Code::kOutcomeUnknown || code == Code::kUnknownError;
}

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_CODE_H_
