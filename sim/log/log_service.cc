#include "sim/log/log_service.h"

#include <utility>

#include "sim/kernel/arena.h"
#include "sim/log/connection.h"

namespace tidelog::sim {
namespace {

LogReply Refused(LogCode code) {
  LogReply reply;
  reply.code = code;
  return reply;
}

bool Changes(LogOp op) {
  switch (op) {
    case LogOp::kChannels:
    case LogOp::kLook:
    case LogOp::kFetch:
    case LogOp::kGet:
    case LogOp::kListKeys:
      return false;
    default:
      return true;
  }
}

// What a trace says of a request that was applied.
uint64_t PayloadOf(const LogRequest& request, const LogReply& reply) {
  uint64_t payload = static_cast<uint64_t>(request.op) << 8 | static_cast<uint64_t>(reply.code);
  payload = payload << 32 ^ reply.number;
  for (const std::string& bytes : request.records) payload = payload * 31 + HashBytes(bytes);
  for (const StoredRecord& record : reply.records) payload = payload * 31 + record.number;
  return payload;
}

}  // namespace

LogService::LogService(Kernel* kernel, const LogServiceOptions& options)
    : kernel_(kernel),
      options_(options),
      server_(options.protocol, options.breaks),
      latencies_(kernel->Stream("latency of the log service")) {}

LogVerdict LogService::Judge(const CallToken& token, const LogRequest& request) {
  LogCall call;
  call.index = request_count_++;
  if (!faults_) return LogVerdict{};
  call.process = static_cast<uint32_t>(token.process);
  call.op = request.op;
  call.channel = request.channel;
  call.stores_group = !request.records.empty() && request.group != 0;
  const bool is_fence =
      request.op == LogOp::kInitProducer || request.op == LogOp::kPut || !request.records.empty();
  call.stores_fence = is_fence && request.group == 0;
  return faults_(call);
}

absl::Duration LogService::DrawLatency() {
  const int64_t spread = absl::ToInt64Nanoseconds(options_.latency_max - options_.latency_min);
  const uint64_t drawn = latencies_.Below(static_cast<uint64_t>(spread) + 1);
  return options_.latency_min + absl::Nanoseconds(static_cast<int64_t>(drawn));
}

bool LogService::IsCut(const Flight& flight) const {
  return cut_.contains(flight.token.process) || flight.incarnation != incarnation_ ||
         kernel_->Now() < down_until_;
}

LogService::Sent LogService::Send(const CallToken& token, const LogRequest& request) {
  Sent sent;
  std::optional<LogReply> at_once;
  {
    WorldScope world;
    Flight flight = {token, request, Judge(token, request), incarnation_,
                     kernel_->Now() + Connection::kPollMax};
    sent.may_time_out = !flight.verdict.stuck;
    if (flight.verdict.stuck || flight.verdict.request_lost || IsCut(flight)) return sent;
    if (flight.verdict.at_once) {
      at_once = Apply(flight);
    } else {
      const absl::Duration arrives = kernel_->Now() + DrawLatency() + flight.verdict.request_delay;
      kernel_->At(arrives, [this, flight = std::move(flight)] { Arrive(flight); });
    }
  }
  sent.at_once = at_once;  // A copy, in the memory of the caller.
  return sent;
}

void LogService::Arrive(Flight flight) {
  if (IsCut(flight)) return;
  const std::optional<LogReply> reply = Apply(flight);
  if (reply) Reply(flight, *reply);
}

std::optional<LogReply> LogService::Apply(const Flight& flight) {
  const LogVerdict& verdict = flight.verdict;
  LogReply reply;
  if (verdict.refuse_with != LogCode::kOk) {
    reply = Refused(verdict.refuse_with);
  } else {
    reply = server_.Handle(flight.request, verdict);
    // The library's second copy comes right behind; its answer is the one that the client gets.
    if (verdict.duplicate) reply = server_.Handle(flight.request, LogVerdict{});
    if (Changes(flight.request.op)) WakeWaiters(flight.request.channel);
  }
  kernel_->Note(static_cast<uint64_t>(flight.token.process), PayloadOf(flight.request, reply));
  if (LogServer::Waits(flight.request, verdict, reply)) {
    waiting_.push_back(flight);
    return std::nullopt;
  }
  return reply;
}

void LogService::Reply(const Flight& flight, LogReply reply) {
  if (flight.verdict.reply_lost) return;
  const absl::Duration when = kernel_->Now() + DrawLatency() + flight.verdict.reply_delay;
  auto deliver = [this, flight = Flight{flight.token, {}, {}, flight.incarnation, {}},
                  reply = std::move(reply)]() mutable {
    if (!IsCut(flight)) Answer<LogReply>(kernel_, flight.token, std::move(reply));
  };
  kernel_->At(when, std::move(deliver));
}

void LogService::WakeWaiters(std::string_view channel) {
  std::vector<Flight> waiting = std::exchange(waiting_, {});
  for (Flight& waiter : waiting) {
    if (waiter.expires < kernel_->Now() || waiter.incarnation != incarnation_) continue;
    if (waiter.request.channel != channel) {
      waiting_.push_back(std::move(waiter));
      continue;
    }
    LogReply reply = server_.Handle(waiter.request, LogVerdict{});
    if (reply.code == LogCode::kNotFound) {
      waiting_.push_back(std::move(waiter));
    } else {
      Reply(waiter, std::move(reply));
    }
  }
}

void LogService::Restart(absl::Duration down_for) {
  ++incarnation_;
  waiting_.clear();
  down_until_ = kernel_->Now() + down_for;
}

}  // namespace tidelog::sim
