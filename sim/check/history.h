// History: what happened to one channel in one run, as plain data.  The world records it; the
// checkers (registry.h) judge it.
//
// It knows nothing of the log's code: ids, ticks and codes are numbers, so that a bug in how the
// log compares or prints them cannot hide itself.
//
// Who records must see to this:
//   * The order of `events` is the order in which things happened: a call is recorded before it is
//     made, and what it yields when its caller hears of it.  A completion recorded late only widens
//     what is allowed; a call recorded late makes lies of true histories.
//   * Every open, close and truncation of the channel is in it, by whatever process, and each close
//     that an opener does for its logs.
//   * Positions given to a scan or a truncation came from the log and were not altered.
//   * Handles, operations, clients and VChannels are numbered from 1 through the whole run; 0 is
//     none.  A process number is one incarnation: what is started again gets a new one.
#ifndef TIDELOG_SIM_CHECK_HISTORY_H_
#define TIDELOG_SIM_CHECK_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/check/events.h"
#include "sim/check/record.h"

namespace tidelog::sim::check {

struct Event {
  Nanos at = 0;
  int32_t process = 0;
  int32_t handle = 0;
  int32_t op = 0;
  What what;
};

// What this run may expect.
struct Contract {
  // Until a reader in another process sees what a living writer acknowledged (C1); from the next
  // open for writing on he sees it in any case.  kForever: not checked.
  Nanos visible_within = kForever;
  // Until a writer that runs knows of a higher term, by WhenUnavailable() or by an error.
  // kForever: not checked.
  Nanos fence_noticed_within = kForever;
  // Until a transaction whose lease has run out is ended by a stored tick, while the log has an
  // owner (D5).  kForever: not checked.
  Nanos lease_ended_within = kForever;
  // How far back idempotency keys are remembered at least (G4), in ticks.
  Nanos idempotency_window = Nanos{600} * 1'000'000'000;
  bool flow = false;        // Flow control may slow down and refuse (G5).
  bool faults = true;       // False: nothing was made to fail, so no error needs one to explain it.
  bool corruption = false;  // Bytes in storage were damaged: kCorrupt and gaps are true answers.
};

// What is left of something at the end of the run, when nothing should be: "frames", 3.
struct Leftover {
  std::string what;
  int64_t count = 0;
};

struct EndOfRun {
  // Faults stopped, and then the virtual time passed in which all that is possible gets done:
  // what is pending now is stuck.
  bool quiesced = false;
  // Scans (by their operations) from Earliest without filters, with ticks, that were opened after
  // all was settled and were read to the tail: the truth about what the log holds.
  std::vector<int32_t> final_scans;
  Tick mark = 0;  // LogInfo::oldest then; 0: nothing was forgotten.
  // Handles whose backend never answers again: what waits for it may wait, but for Close().
  std::vector<int32_t> dead_backends;
  std::vector<Leftover> leftovers;
};

struct History {
  Contract contract;
  std::vector<Event> events;
  EndOfRun end;
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_HISTORY_H_
