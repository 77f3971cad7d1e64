// LogHistory: what happened to a simulated log in a run, as its callers saw it, and a check of that
// against the contract of walimpls.
//
// A small checker for the tests of this directory; that of whole runs is //sim/check.
#ifndef TIDELOG_SIM_LOG_LOG_HISTORY_H_
#define TIDELOG_SIM_LOG_LOG_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wal/status.h"

namespace tidelog::sim {

// In the memory of the world: who writes to it from a process does so under a WorldScope.
struct LogHistory {
  // A handle that was opened for writing.
  struct Open {
    int64_t term = 0;
    uint64_t boundary = 0;  // Number; 0: there was nothing.
  };

  // A group that was handed over.  Its messages are named by `first_name` and on.
  struct Append {
    size_t open = 0;     // Index of the handle.
    uint64_t round = 0;  // How often the handle had been told to accept again.
    uint64_t first_name = 0;
    size_t count = 0;
    std::optional<Effect> outcome;  // None: it never ended.
    std::vector<uint64_t> numbers;  // If done.
  };

  // A message that somebody read; no barrier.
  struct Seen {
    uint64_t number = 0;
    uint64_t name = 0;
    int64_t term = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
  };

  std::vector<Open> opens;
  std::vector<Append> appends;
  // Of each scanner, all that it delivered; it began at the beginning.
  std::vector<std::vector<Seen>> scans;
  // The whole log, read at the end by who opened it last.
  std::vector<Seen> log;
  // What is below may be missing: somebody truncated, or tried to.
  uint64_t truncated_below = 0;
  uint64_t next_name = 1;
};

// The first rule that is broken, in words; empty: none is.
std::string FindViolation(const LogHistory& history);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_LOG_HISTORY_H_
