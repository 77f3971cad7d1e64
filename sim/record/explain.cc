#include "sim/record/explain.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/record/event_text.h"

namespace tidelog::sim {
namespace {

void AddViolations(const RunStory& story, std::string* text) {
  if (story.violations.empty()) {
    absl::StrAppend(text, "no violation\n");
    return;
  }
  int number = 0;
  for (const check::Violation& violation : story.violations) {
    absl::StrAppend(text, "violation ", ++number, ": ", violation.Signature());
    if (!violation.rule.empty()) absl::StrAppend(text, " (", violation.rule, ")");
    absl::StrAppend(text, ": ", violation.message, "\n");
  }
}

void AddEvent(const check::Event& event, int index, int violation, std::string* text) {
  const std::string mark = violation == 0 ? "" : absl::StrCat(">", violation);
  absl::StrAppendFormat(text, "%-4s%6d %16s  ", mark, index, TimeText(event.at));
  const std::string who = WhoText(event);
  if (!who.empty()) absl::StrAppend(text, who, ": ");
  absl::StrAppend(text, EventText(event), "\n");
}

}  // namespace

std::vector<int> ViolationOfEvents(const RunStory& story) {
  std::vector<int> numbers(story.history.events.size(), 0);
  int number = 0;
  for (const check::Violation& violation : story.violations) {
    ++number;
    for (const int event : violation.events) {
      const auto index = static_cast<size_t>(event);
      if (index < numbers.size() && numbers[index] == 0) numbers[index] = number;
    }
  }
  return numbers;
}

std::string Explain(const RunStory& story) {
  std::string text = absl::StrCat(story.title, "\n");
  for (const std::string& heading : story.headings) absl::StrAppend(&text, heading, "\n");
  AddViolations(story, &text);
  const std::vector<int> violations = ViolationOfEvents(story);
  size_t fault = 0;
  for (size_t i = 0; i < story.history.events.size(); ++i) {
    const check::Event& event = story.history.events[i];
    for (; fault < story.faults.size() && story.faults[fault].at <= event.at; ++fault) {
      absl::StrAppendFormat(&text, "%10s %16s  * %s\n", "", TimeText(story.faults[fault].at),
                            story.faults[fault].text);
    }
    AddEvent(event, static_cast<int>(i), violations[i], &text);
  }
  for (; fault < story.faults.size(); ++fault) {
    absl::StrAppendFormat(&text, "%10s %16s  * %s\n", "", TimeText(story.faults[fault].at),
                          story.faults[fault].text);
  }
  return text;
}

}  // namespace tidelog::sim
