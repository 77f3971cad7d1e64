// Timeline: a run as lanes of bars, laid out; page.h draws it.
//
// The lanes are in four groups: clients (a lane a handle, its calls from the call to what it
// yields), log (a lane a term, the records acknowledged in it), backend (fences, marks, notices)
// and faults (a lane a process, and one for what was made to fail).  Time is squeezed where nothing
// happens: what comes later lies further to the right, but not in proportion.
#ifndef TIDELOG_SIM_RECORD_TIMELINE_H_
#define TIDELOG_SIM_RECORD_TIMELINE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/record/explain.h"

namespace tidelog::sim {

// What a bar shows.
enum class Look : uint8_t {
  kOpen,
  kAppend,
  kScan,
  kBatch,
  kAsk,  // Truncations, questions, closes.
  kRecord,
  kNotice,
  kAlive,
  kPause,
  kCrash,
  kFault,
};
std::string_view NameOf(Look look);

// How a call ended.
enum class Ending : uint8_t { kFine, kFailed, kUnknown, kNever };
std::string_view NameOf(Ending ending);

struct TimelineBar {
  Look look{};
  Ending ending = Ending::kFine;
  int row = 0;
  int x = 0;
  int width = 0;
  std::string label;
  int event = -1;     // Index in the history; -1: a fault.
  std::string text;   // Of a fault.
  int violation = 0;  // Number of the first that names one of its events, from 1.
};

struct TimelineLane {
  std::string_view group;  // "clients", "log", "backend", "faults".
  std::string name;
  int row_count = 1;
  std::vector<TimelineBar> bars;
};

struct AxisTick {
  int x = 0;
  std::string text;
};

// Where an event is that shows a violation.
struct AnomalyMark {
  int x = 0;
  int violation = 0;  // Its number, from 1.
  int event = 0;
};

struct Timeline {
  int width = 0;
  std::vector<TimelineLane> lanes;
  std::vector<AxisTick> ticks;
  std::vector<AnomalyMark> anomalies;
};

Timeline MakeTimeline(const RunStory& story);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_RECORD_TIMELINE_H_
