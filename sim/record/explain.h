// Explain: the story of a run, a line an event.
#ifndef TIDELOG_SIM_RECORD_EXPLAIN_H_
#define TIDELOG_SIM_RECORD_EXPLAIN_H_

#include <span>
#include <string>
#include <vector>

#include "sim/check/history.h"
#include "sim/check/report.h"

namespace tidelog::sim {

// Something that happened and is no event of the history: a fault.
struct Happening {
  check::Nanos at = 0;
  std::string text;
};

// What is told.  Everything in it outlives the call that it is given to.
struct RunStory {
  std::string title;                  // "seed 17, file, hostile".
  std::vector<std::string> headings;  // Of the run: replay command, configuration; a line each.
  const check::History& history;
  std::span<const check::Violation> violations;
  std::vector<Happening> faults;  // In the order in which they happened.
};

// Headings, then each violation, then events and faults by their times; an event that shows a
// violation is marked by '>' and the violation's number.
std::string Explain(const RunStory& story);

// Of each event, the number, from one, of the first violation that names it; 0: none.
std::vector<int> ViolationOfEvents(const RunStory& story);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_RECORD_EXPLAIN_H_
