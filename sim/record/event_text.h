// Events of a history, and how a run ended, in words.
#ifndef TIDELOG_SIM_RECORD_EVENT_TEXT_H_
#define TIDELOG_SIM_RECORD_EVENT_TEXT_H_

#include <string>
#include <string_view>

#include "sim/check/code.h"
#include "sim/check/history.h"

namespace tidelog::sim {

std::string_view NameOf(check::Code code);

// "12.003400 ms": time since the run began.
std::string TimeText(check::Nanos at);

// "process 2, handle 3, op 17": whose event it is; nothing for the world's.
std::string WhoText(const check::Event& event);

// What happened, in half a line: "append of 3 messages: c1#4 c1#5 c1#6".
std::string EventText(const check::Event& event);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_RECORD_EVENT_TEXT_H_
