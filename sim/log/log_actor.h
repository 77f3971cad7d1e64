// LogActor: a process of a test that opens a simulated log, appends to it and reads it.
#ifndef TIDELOG_SIM_LOG_LOG_ACTOR_H_
#define TIDELOG_SIM_LOG_LOG_ACTOR_H_

#include <cstdint>
#include <memory>

#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "sim/log/log_history.h"
#include "sim/log/log_service.h"
#include "wal/status.h"

namespace tidelog::sim {

struct LogActorPlan {
  int64_t term = 1;  // 0: reads only.
  int group_count = 12;
  int in_flight_max = 3;
  int group_size_max = 3;
  bool scans = true;             // Reads all there is from the beginning, as it comes.
  int truncate_one_in = 0;       // After so many groups, about; 0: never.
  bool reads_whole_log = false;  // Instead of all that: into LogHistory::log.
  uint64_t seed = 1;
};

// In the memory of the world.  The kernel, the service and the history outlive it.
//
// A writer opens the log at its term, once; appends its groups, and closes cleanly when all have
// ended or when that takes too long.  A reader reads until Stop().
class LogActor {
 public:
  LogActor(Kernel* kernel, LogService* service, LogHistory* history, const LogActorPlan& plan);
  LogActor(const LogActor&) = delete;
  LogActor& operator=(const LogActor&) = delete;
  ~LogActor();  // Kills the process if it lives.

  Process* process() const { return process_; }

  // It has closed everything.  Dead ones never have.
  bool done() const { return shared_.done; }
  // What its open came to; kOk before that, too.
  WalErrorCode open_code() const { return shared_.open_code; }
  bool opened() const { return shared_.opened; }

  // Asks it to close.
  void Stop() { shared_.stopping = true; }

  // Ends the process, and says what it left behind.  Requires: done().
  Leftovers End();

  // What the process and its actor share: numbers.
  struct Shared {
    bool opened = false;
    bool stopping = false;
    bool done = false;
    WalErrorCode open_code = WalErrorCode::kOk;
  };

  // The code of the process.
  class Body;

 private:
  Kernel* const kernel_;
  Process* const process_;
  Shared shared_;
  Body* body_ = nullptr;  // In the memory of the process.
};

// Opens the log at `term` in a process of its own, reads all of it into history->log, and closes.
// Requires: no faults.  False if that did not end.
bool ReadWholeLog(Kernel* kernel, LogService* service, LogHistory* history, int64_t term);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_LOG_ACTOR_H_
