// A page that shows a run: one file of HTML that needs nothing else, for a browser.
#ifndef TIDELOG_SIM_RECORD_PAGE_H_
#define TIDELOG_SIM_RECORD_PAGE_H_

#include <string>

#include "sim/record/explain.h"

namespace tidelog::sim {

// Violations, the timeline (timeline.h), and the events, a line each.  Pointing at a bar tells
// what it is; a violation leads to where it shows.  Text of the run is quoted.
std::string HtmlPage(const RunStory& story);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_RECORD_PAGE_H_
