#include "sim/log/protocol.h"

#include "absl/log/log.h"

namespace tidelog::sim {

std::string_view NameOf(LogProtocol protocol) {
  switch (protocol) {
    case LogProtocol::kTransactional:
      return "transactional";
    case LogProtocol::kSequenced:
      return "sequenced";
    case LogProtocol::kObjects:
      return "objects";
  }
  LOG(FATAL) << "no protocol: " << static_cast<int>(protocol);
}

std::string_view NameOf(LogOp op) {
  static constexpr std::string_view kNames[kLogOpCount + 1] = {
      "",         "channels",      "create", "look",      "fetch",
      "truncate", "init_producer", "begin",  "produce",   "end_transaction",
      "publish",  "get",           "put",    "list_keys", "delete_below"};
  return kNames[static_cast<size_t>(op)];
}

std::string_view NameOf(LogCode code) {
  static constexpr std::string_view kNames[] = {
      "ok",           "fenced",  "mismatch", "conflict",  "not found", "gone",
      "out of order", "refused", "full",     "throttled", "timeout",   "closed"};
  return kNames[static_cast<size_t>(code)];
}

}  // namespace tidelog::sim
