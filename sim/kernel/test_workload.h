// A small service for tests of the kernel: it uses everything that a process can.
#ifndef TIDELOG_SIM_KERNEL_TEST_WORKLOAD_H_
#define TIDELOG_SIM_KERNEL_TEST_WORKLOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "sim/kernel/remote_calls.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "wal/async/random_stream.h"

namespace tidelog::sim {

// A server in the world: answers with the number in words, after a while.
class EchoServer {
 public:
  explicit EchoServer(Kernel* kernel) : kernel_(kernel), random_(kernel->Stream("echo")) {}

  // From a process.
  void Ask(CallToken token, int64_t number);

  int64_t asked() const { return asked_; }

 private:
  Kernel* const kernel_;
  RandomStream random_;
  int64_t asked_ = 0;
};

// Clients in a process, in its memory.  Each of some rounds sleeps, calls another strand, runs a
// blocking job and asks the server, with a pass of the gate.
class EchoService {
 public:
  EchoService(Process* process, EchoServer* server);

  // Ready when all clients are through and the gate is closed.
  Future<Unit> Run(int client_count, int round_count);

  Executor* executor() { return strands_.front().get(); }

 private:
  Future<Unit> Client(int number, int round_count);
  Future<int64_t> Round(int number, uint64_t delay_us, uint64_t strand);
  Future<int64_t> OnStrand(uint64_t strand, int64_t number);

  Process* const process_;
  EchoServer* const server_;
  std::vector<std::unique_ptr<Executor>> strands_;
  Gate gate_;
  RemoteCalls<absl::StatusOr<std::string>> calls_;
};

// One process with a service, from its start to its end.
class EchoRun {
 public:
  EchoRun(Kernel* kernel, EchoServer* server);

  Process* process() { return process_; }
  bool done() const { return done_; }

  // Destroys the service and ends the process.  Requires: done().
  Leftovers End();

 private:
  Kernel* const kernel_;
  Process* const process_;
  EchoService* service_ = nullptr;  // Memory of the process.
  bool done_ = false;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_TEST_WORKLOAD_H_
