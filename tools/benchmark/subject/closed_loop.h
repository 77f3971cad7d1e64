// ClosedLoop: clients that keep a number of appends outstanding on a log of this project, from its
// own executor; each begins its next append when the last one has ended.
#ifndef TIDELOG_TOOLS_BENCHMARK_SUBJECT_CLOSED_LOOP_H_
#define TIDELOG_TOOLS_BENCHMARK_SUBJECT_CLOSED_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog::benchmark {

// A log whose readers keep up is truncated as it grows, and then uses its files again, as the raw
// file is: this often.
inline constexpr uint64_t kTruncateBytes = 32u << 20;

inline MutableMessage MakeMessage(std::string_view payload) {
  absl::StatusOr<MutableMessage> message =
      MutableMessage::Builder(MessageType::kInsert).Build(payload);
  CHECK_OK(message.status());
  return *std::move(message);
}

// `Log` has, for its executor only,
//   Executor* executor();
//   Future<absl::StatusOr<Result>> Submit(MutableMessage);
//   Position Settled(const Result&);        // Called once for each Submit() that was done.
//   Future<absl::Status> Truncate(Position);
template <class Log>
class ClosedLoop {
 public:
  // For threads of their own.  `log` outlives this.
  static absl::StatusOr<uint64_t> Run(Log* log, std::string_view payload, size_t in_flight,
                                      Limit limit, bool truncates) {
    ClosedLoop loop(log, payload, limit, truncates);
    Blocking(log->executor(), [&] { return loop.AllClients(in_flight); });
    if (!loop.status_.ok()) return loop.status_;
    return loop.done_;
  }

 private:
  ClosedLoop(Log* log, std::string_view payload, Limit limit, bool truncates)
      : log_(log), payload_(payload), limit_(limit), truncates_(truncates) {}

  Future<Unit> AllClients(size_t in_flight) {
    co_await EnterExecutor(log_->executor());
    std::vector<Future<Unit>> running;
    for (size_t i = 0; i < in_flight; ++i) running.push_back(OneClient());
    for (Future<Unit>& one : running) {
      co_await std::move(one);
    }
    co_return Unit{};
  }

  Future<Unit> OneClient() {
    while (GoesOn()) {
      auto pending = log_->Submit(MakeMessage(payload_));
      auto result = co_await std::move(pending);
      if (!result.ok()) {
        Stop(result.status());
        break;
      }
      ++done_;
      const Position settled = log_->Settled(*result);
      untruncated_bytes_ += payload_.size();
      if (!truncates_ || untruncated_bytes_ < kTruncateBytes) continue;
      untruncated_bytes_ = 0;
      absl::Status truncated = co_await log_->Truncate(settled);
      if (!truncated.ok()) Stop(truncated);
    }
    co_return Unit{};
  }

  // Looks at the clock now and then: it costs more than a stage of an append.
  bool GoesOn() {
    if (started_ >= limit_.count_max) return false;
    if (++started_ % 64 == 0 && log_->executor()->Now() >= limit_.deadline) limit_.count_max = 0;
    return started_ <= limit_.count_max;
  }

  void Stop(absl::Status why) {
    limit_.count_max = 0;
    status_.Update(std::move(why));
  }

  Log* const log_;
  const std::string payload_;
  Limit limit_;
  const bool truncates_;
  uint64_t started_ = 0;
  uint64_t done_ = 0;
  uint64_t untruncated_bytes_ = 0;
  absl::Status status_;
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SUBJECT_CLOSED_LOOP_H_
