// Connection: one client of a log service, in a process.
#ifndef TIDELOG_SIM_LOG_CONNECTION_H_
#define TIDELOG_SIM_LOG_CONNECTION_H_

#include <string_view>

#include "absl/container/btree_set.h"
#include "absl/time/time.h"
#include "sim/kernel/process.h"
#include "sim/kernel/remote_calls.h"
#include "sim/log/protocol.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/signal.h"

namespace tidelog::sim {

class LogService;

// Memory of the process.  Confined to one executor.  Closed before it is destroyed, with no Call()
// or Pause() in flight then.
class Connection {
 public:
  static constexpr absl::Duration kCallMax = absl::Milliseconds(500);
  static constexpr absl::Duration kPollMax = absl::Seconds(1);  // If request.wait.

  Connection(Process* process, LogService* service)
      : process_(process), service_(service), calls_(process) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // The answer; kTimeout: it may be applied, now or later; kClosed: that, because of Close().
  Future<LogReply> Call(LogRequest request);

  // Lets some time pass before a request is tried again: twice as much for each `attempt`, within
  // limits.  Ends early when closed.
  Future<Unit> Pause(int attempt);
  // Likewise, for so long.
  Future<Unit> PauseFor(absl::Duration pause);

  // As Runtime::MakeRandom().
  RandomStream MakeRandom(std::string_view name) const;

  // Ends all calls and pauses, and from now on each at once.  Idempotent.
  void Close();
  bool closed() const { return closed_; }

 private:
  Process* const process_;
  LogService* const service_;
  RemoteCalls<LogReply> calls_;
  absl::btree_set<CallToken> waiting_;
  bool closed_ = false;
  Signal closing_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_CONNECTION_H_
