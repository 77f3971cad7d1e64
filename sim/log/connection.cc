#include "sim/log/connection.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "sim/log/log_service.h"
#include "wal/async/timeout.h"

namespace tidelog::sim {
namespace {

LogReply Failed(LogCode code) {
  LogReply reply;
  reply.code = code;
  return reply;
}

}  // namespace

Connection::~Connection() {
  CHECK(closed_) << "a connection to a simulated log was destroyed without Close()";
}

Future<LogReply> Connection::Call(LogRequest request) {
  if (closed_) co_return Failed(LogCode::kClosed);
  RemoteCalls<LogReply>::Call call = calls_.Start("an answer of a simulated log");
  const CallToken token = call.token;
  waiting_.insert(token);
  LogService::Sent sent = service_->Send(token, request);
  if (sent.at_once) calls_.Abandon(token, *std::move(sent.at_once));
  absl::Duration timeout = request.wait ? kPollMax : kCallMax;
  if (!sent.may_time_out) timeout = absl::InfiniteDuration();
  Future<std::optional<LogReply>> race =
      AwaitWithTimeout<LogReply>(std::move(call.answer), timeout);
  std::optional<LogReply> reply = co_await std::move(race);
  waiting_.erase(token);
  if (reply) co_return *std::move(reply);
  calls_.Abandon(token, Failed(LogCode::kTimeout));  // Nobody looks at it: only the entry goes.
  co_return Failed(LogCode::kTimeout);
}

Future<Unit> Connection::Pause(int attempt) {
  return PauseFor(
      std::min(absl::Milliseconds(10) * (1 << std::min(attempt, 10)), absl::Milliseconds(500)));
}

RandomStream Connection::MakeRandom(std::string_view name) const {
  return process_->runtime()->MakeRandom(name);
}

Future<Unit> Connection::PauseFor(absl::Duration pause) {
  Future<std::optional<Unit>> race = AwaitWithTimeout<Unit>(closing_.Wait(), pause);
  const std::optional<Unit> closed = co_await std::move(race);
  (void)closed;  // Whoever paused looks at closed().
  co_return Unit{};
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  closing_.Close();
  for (const CallToken& token : waiting_) calls_.Abandon(token, Failed(LogCode::kClosed));
}

}  // namespace tidelog::sim
