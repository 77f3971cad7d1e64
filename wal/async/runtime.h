// Runtime: the one source of time, order, threads and randomness.
//
// Production uses ThreadRuntime (thread_runtime.h); tests use TestRuntime and the
// simulator its own.  Code that takes all five from here runs unchanged, and
// repeatably, under each of them.
#ifndef TIDELOG_WAL_ASYNC_RUNTIME_H_
#define TIDELOG_WAL_ASYNC_RUNTIME_H_

#include <memory>
#include <string_view>

#include "absl/time/time.h"
#include "wal/async/executor.h"
#include "wal/async/job.h"
#include "wal/async/quarantine.h"
#include "wal/async/random_stream.h"

namespace tidelog {

// Safe from any thread.  Lives longer than every executor it made and everything
// that runs on them.
class Runtime {
 public:
  virtual ~Runtime() = default;

  // A new executor.  `name` is for people and for traces; it need not be unique.
  virtual std::unique_ptr<Executor> MakeExecutor(std::string_view name) = 0;

  // Monotonic time since an arbitrary origin, the same for all executors.
  virtual absl::Duration Now() const = 0;

  // The wall clock: it may jump either way.  Only the first tick of a term is placed
  // by it (D1), and what people read.
  virtual absl::Time WallNow() const = 0;

  enum class Urgency {
    kWhenIdle,  // After the executor at hand has run dry: most work overlaps.
    kNow,       // After the job at hand: the I/O is large and worth a second thread.
  };

  // Runs `job`, which may block in a system call, on a thread that is on no
  // executor.  From an executor's job, the same thread usually leaves the executor and runs
  // it ("float"): no other thread is woken, and the executor is free meanwhile.
  //
  // What the job posts, and the waiters of promises that it sets, may have to wait until it
  // returns: it does that last, and waits for nobody.
  virtual void RunBlocking(Job* job, Urgency urgency) = 0;

  // A stream of random numbers of its own.  Under a seeded runtime it depends on
  // the seed and `name` alone; in production it is seeded by the system.
  virtual RandomStream MakeRandom(std::string_view name) = 0;

  // Where operations go that a hung backend will not give back (H2).
  virtual Quarantine& quarantine() = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_RUNTIME_H_
