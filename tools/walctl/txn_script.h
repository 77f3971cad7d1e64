// TxnStep: one line of a script of `txn`.
#ifndef TIDELOG_TOOLS_WALCTL_TXN_SCRIPT_H_
#define TIDELOG_TOOLS_WALCTL_TXN_SCRIPT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tidelog::walctl {

inline constexpr size_t kTxnNameMax = 64;

// What a line is longer than its payload at most: "append NAME ", and some spaces.
inline constexpr size_t kTxnStepOverhead = kTxnNameMax + 64;

struct TxnStep {
  enum class Kind { kBegin, kAppend, kCommit, kRollback } kind{};
  std::string name;  // Of the transaction.  Empty: none, of an append outside of all.
  std::string payload;

  friend bool operator==(const TxnStep&, const TxnStep&) = default;
};

// "begin", ...
std::string_view TxnStepWord(TxnStep::Kind kind);

// Reads one of
//
//   begin NAME
//   append NAME PAYLOAD    to the transaction; NAME "-": outside of all
//   commit NAME
//   rollback NAME
//
// NAME is 1 to kTxnNameMax bytes of [A-Za-z0-9._-].  PAYLOAD is the rest of the line behind one
// space, byte for byte, and may be empty.  None: an empty line or a comment, which begins with '#'.
// kInvalidArgument: says what is wrong and what is right.
absl::StatusOr<std::optional<TxnStep>> ParseTxnStep(std::string_view line);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_TXN_SCRIPT_H_
