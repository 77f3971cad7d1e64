// Ways for a simulated log to break its contract on purpose, so that checkers can be seen to
// notice.
#ifndef TIDELOG_SIM_LOG_LOG_BREAKS_H_
#define TIDELOG_SIM_LOG_LOG_BREAKS_H_

#include <cstdint>

namespace tidelog::sim {

// Each is off when false or 0.  Data, part of a LogService's options; with all off nothing of it
// costs or changes anything.
struct LogBreaks {
  // An append ends OK before anything of it was sent, with ids that are a guess (C1).
  bool acknowledges_before_storing = false;
  // Every so manieth record that was stored is never read (C1).
  uint64_t drops_every = 0;
  // Every so manieth group is stored again behind itself (C1).
  uint64_t duplicates_every = 0;
  // Of two groups that wait, the later one is stored first, every so manieth time (D8).
  uint64_t reorders_every = 0;
  // The service lets older writers go on (A2).
  bool accepts_stale_terms = false;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_LOG_BREAKS_H_
