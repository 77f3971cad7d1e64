// LogServer: the service itself, without the network in front of it.
#ifndef TIDELOG_SIM_LOG_LOG_SERVER_H_
#define TIDELOG_SIM_LOG_LOG_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "sim/log/broker_log.h"
#include "sim/log/log_breaks.h"
#include "sim/log/log_fault.h"
#include "sim/log/object_bucket.h"
#include "sim/log/protocol.h"

namespace tidelog::sim {

// World memory, plain data.  Requests are applied one at a time, each as a whole.
class LogServer {
 public:
  LogServer(LogProtocol protocol, const LogBreaks& breaks) : protocol_(protocol), breaks_(breaks) {}

  // Applies `request` and answers.  Of `verdict` it heeds what concerns what the server sees.
  LogReply Handle(const LogRequest& request, const LogVerdict& verdict);

  // Whether `request`, so answered, is to wait for something that is not there yet.
  static bool Waits(const LogRequest& request, const LogVerdict& verdict, const LogReply& reply) {
    return request.wait && reply.code == LogCode::kNotFound && !verdict.spurious_end;
  }

  // Retention takes up to `count` of the oldest records of a channel of a broker; what a log needs
  // in order to recover stays.  No-op for objects, which nothing but the log deletes.
  // Yields the tick up to which positions are gone; 0: it took nothing.
  uint64_t Retain(std::string_view channel, size_t count);

 private:
  const LogProtocol protocol_;
  const LogBreaks breaks_;
  absl::btree_map<std::string, BrokerLog> brokers_;
  uint64_t next_log_ = 1;
  ObjectBucket bucket_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_LOG_SERVER_H_
