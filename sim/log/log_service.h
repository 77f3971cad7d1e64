// LogService: a remote log service in the simulated world: its server, and the network and client
// library in front of it, with all that may go wrong there.
//
//   LogService service(&kernel, {.protocol = LogProtocol::kSequenced});
//   process->Enter([&] { opener = MakeSimLogOpener(process, &service); });
#ifndef TIDELOG_SIM_LOG_LOG_SERVICE_H_
#define TIDELOG_SIM_LOG_LOG_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "sim/kernel/remote_calls.h"
#include "sim/log/log_breaks.h"
#include "sim/log/log_fault.h"
#include "sim/log/log_server.h"
#include "sim/log/protocol.h"
#include "wal/async/random_stream.h"

namespace tidelog::sim {

struct LogServiceOptions {
  LogProtocol protocol = LogProtocol::kTransactional;
  LogBreaks breaks;
  // What a message takes each way, without faults.
  absl::Duration latency_min = absl::Microseconds(50);
  absl::Duration latency_max = absl::Microseconds(500);
  // How many uploads of one writer are under way at once (objects).
  size_t upload_window = 4;
};

// In the memory of the world, confined to the simulated thread.  The kernel outlives it; it
// outlives the last step of every process that knows it.
class LogService {
 public:
  LogService(Kernel* kernel, const LogServiceOptions& options);
  LogService(const LogService&) = delete;
  LogService& operator=(const LogService&) = delete;

  const LogServiceOptions& options() const { return options_; }

  // Asked once a request from now on; null: nothing goes wrong.
  void SetFaults(LogFaultHook faults) { faults_ = std::move(faults); }

  // Between Cut() and Heal(), nothing that `process` sends arrives and nothing it is sent.
  void Cut(ProcessId process) { cut_.insert(process); }
  void Heal(ProcessId process) { cut_.erase(process); }

  // The server restarts: requests, answers and waiting fetches under way are lost, what it
  // answered OK stays.  Until `down_for` has passed, what is sent is lost too.
  void Restart(absl::Duration down_for);

  // As LogServer::Retain().
  uint64_t Retain(std::string_view channel, size_t count) { return server_.Retain(channel, count); }

  uint64_t request_count() const { return request_count_; }

  // A number that no writer has had, as a random one of 128 bits would be.
  uint64_t NewWriter() { return next_writer_++; }

  // For Connection: sends a copy of `request`; the answer is one to `token`.
  struct Sent {
    bool may_time_out = true;         // False: the library waits for ever.
    std::optional<LogReply> at_once;  // The answer, in the memory of the caller.
  };
  Sent Send(const CallToken& token, const LogRequest& request);

 private:
  // A request in the world.
  struct Flight {
    CallToken token;
    LogRequest request;
    LogVerdict verdict;
    uint64_t incarnation = 0;  // Of the server, when it was sent.
    absl::Duration expires;    // Of one that waits: when its client has given up.
  };

  LogVerdict Judge(const CallToken& token, const LogRequest& request);
  absl::Duration DrawLatency();
  bool IsCut(const Flight& flight) const;
  void Arrive(Flight flight);
  // Applies and answers, or lets it wait.
  std::optional<LogReply> Apply(const Flight& flight);
  void Reply(const Flight& flight, LogReply reply);
  void WakeWaiters(std::string_view channel);

  Kernel* const kernel_;
  const LogServiceOptions options_;
  LogServer server_;
  RandomStream latencies_;
  LogFaultHook faults_;
  uint64_t request_count_ = 0;
  uint64_t next_writer_ = 1;
  uint64_t incarnation_ = 1;
  absl::Duration down_until_;
  absl::btree_set<ProcessId> cut_;
  std::vector<Flight> waiting_;  // In the order they came.
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_LOG_SERVICE_H_
