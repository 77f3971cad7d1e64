#include "sim/log/log_server.h"

namespace tidelog::sim {

LogReply LogServer::Handle(const LogRequest& request, const LogVerdict& verdict) {
  if (protocol_ == LogProtocol::kObjects) return bucket_.Handle(request, verdict, breaks_);
  LogReply reply;
  if (request.op == LogOp::kChannels) {
    for (const auto& [name, log] : brokers_) reply.keys.push_back(name);
    return reply;
  }
  auto found = brokers_.find(request.channel);
  if (found == brokers_.end()) {
    if (request.op != LogOp::kCreate) {
      reply.code = LogCode::kNotFound;
      return reply;
    }
    found = brokers_.emplace(request.channel, BrokerLog(protocol_, next_log_)).first;
    ++next_log_;
  }
  return found->second.Handle(request, verdict, breaks_);
}

uint64_t LogServer::Retain(std::string_view channel, size_t count) {
  const auto found = brokers_.find(channel);
  return found == brokers_.end() ? 0 : found->second.Retain(count);
}

}  // namespace tidelog::sim
