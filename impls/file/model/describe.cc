#include "impls/file/model/describe.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "impls/file/model/disk.h"
#include "impls/file/model/state.h"

namespace tidelog::impls::file::model {

namespace {

std::string WordText(uint8_t word) {
  if (word == 0) return "none";
  return absl::StrCat(TermIn(word), "/", IncarnationIn(word), IsClean(word) ? " clean" : "");
}

// "P2b": the second segment that P2 made.
std::string SegmentText(uint8_t segment) {
  const char letter = static_cast<char>('a' + segment % kSegmentsEach);
  return absl::StrCat("P", MakerOf(segment) + 1, std::string(1, letter));
}

// "P2.0": what P2 appended first.  P1.0 was there when the exploration began.
std::string RecordText(uint8_t value) {
  if (value == 0) return "nothing";
  return absl::StrCat("P", AppenderOf(value) + 1, ".", (value - 1) % kAppendsEach);
}

std::string ListText(const List& list) {
  std::string text = "[";
  for (int i = 0; i < list.count; ++i) {
    const Listed& listed = list.at[i];
    absl::StrAppend(&text, i == 0 ? "" : ", ", SegmentText(listed.segment));
    if (listed.seal == kOpen) {
      absl::StrAppend(&text, " open");
    } else {
      absl::StrAppend(&text, " to ", listed.seal);
    }
  }
  return text + "]";
}

std::string ActorText(const Setting& setting, const Label& label) {
  if (label.actor == kReaderActs) return "reader";
  if (label.actor == kMachineActs) return "machine";
  return absl::StrCat("P", label.actor + 1, " (term ", setting.scope.terms[label.actor], ")");
}

std::string LandedText(uint32_t landed) {
  if (landed == 0) return "nothing dirty has landed";
  std::string text = "of what was dirty have landed:";
  for (int i = 0; i < 32; ++i) {
    if ((landed >> i & 1) != 0) absl::StrAppend(&text, " ", i);
  }
  return text;
}

std::string ReaderDetail(const TraceStep<Protocol>& step) {
  const Reader& after = step.after.reader;
  switch (step.label.step) {
    case Step::kRefresh:
    case Step::kAskManifest:
      return absl::StrCat(after.term, ".", after.number, " ", ListText(after.list));
    case Step::kOpenPlace:
      return after.segment == kNone ? absl::StrCat("goes on at id ", after.next)
                                    : SegmentText(after.segment);
    case Step::kDeliver:
      return absl::StrCat("id ", step.before.reader.next, ", ",
                          RecordText(step.after.seen[step.before.reader.next]));
    default:
      return "";
  }
}

std::string ProcessDetail(const Setting& setting, const TraceStep<Protocol>& step) {
  const Process& before = step.before.processes[step.label.actor];
  const Process& after = step.after.processes[step.label.actor];
  switch (step.label.step) {
    case Step::kClaim:
    case Step::kReadTerm:
    case Step::kWriteTerm:
    case Step::kMarkClean:
      return absl::StrCat(WordText(step.before.term.cached), " -> ",
                          WordText(step.after.term.cached));
    case Step::kReadManifest:
      return ListText(after.list);
    case Step::kReadTail:
      return absl::StrCat("the log goes to id ", after.boundary,
                          after.step == Step::kReadTail ? " at least" : "");
    case Step::kMakeSegment:
      if (after.blank == kNone) return "";
      return absl::StrCat(SegmentText(after.blank), ", ids from ",
                          step.after.segments[after.blank].base, " on",
                          step.after.segments[after.blank].file != after.blank ? ", recycled" : "");
    case Step::kLink:
      return absl::StrCat(setting.scope.terms[step.label.actor], ".", after.number, " ",
                          ListText(after.list), ", for the ", NameOf(before.why));
    case Step::kWriteRecord:
      return absl::StrCat(RecordText(after.value), " to ",
                          after.segment == kNone ? "" : SegmentText(after.segment));
    case Step::kSyncGroup:
      return RecordText(before.value);
    case Step::kAcknowledge:
      return absl::StrCat("id ", before.durable + 1, ", ", RecordText(before.value));
    case Step::kReturn:
      return absl::StrCat("boundary ", before.boundary);
    case Step::kWriteWatermark:
      return absl::StrCat("up to id ", after.watermark);
    default:
      return "";
  }
}

}  // namespace

std::string Describe(const Setting& setting, const TraceStep<Protocol>& step) {
  const Label& label = step.label;
  const StepInfo& info = InfoOf(label.step);
  std::string text(info.does);
  const auto add = [&text](std::string_view detail) {
    if (!detail.empty()) absl::StrAppend(&text, ": ", detail);
  };
  if (label.actor == kReaderActs) {
    add(ReaderDetail(step));
  } else if (label.actor != kMachineActs) {
    add(ProcessDetail(setting, step));
  }
  add(NameOf(label.outcome));
  const bool lands = label.outcome == Outcome::kFailed || label.step == Step::kCrash;
  if (lands) add(LandedText(label.landed));
  return absl::StrFormat("%-12s %-72s %s", ActorText(setting, label), text, info.function);
}

std::string Describe(const Setting& setting, const std::vector<TraceStep<Protocol>>& trace) {
  std::string text;
  int number = 0;
  for (const TraceStep<Protocol>& step : trace) {
    std::string line = absl::StrFormat("%4d. %s", ++number, Describe(setting, step));
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
  }
  if (trace.empty()) return text;
  const Protocol protocol(setting);
  const Broken broken = protocol.Judge(trace.back().after, trace.back().label);
  if (broken != Broken::kNothing) absl::StrAppend(&text, "   => ", NameOf(broken), "\n");
  return text;
}

}  // namespace tidelog::impls::file::model
