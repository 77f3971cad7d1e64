#include "sim/record/timeline.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "sim/check/code.h"
#include "sim/check/events.h"
#include "sim/check/history.h"
#include "sim/check/record.h"
#include "sim/record/event_text.h"

namespace tidelog::sim {
namespace {

// Pixels.
constexpr int kMarginX = 16;
constexpr int kEventX = 11;      // From one event to the next at the same moment.
constexpr int kSilenceX = 5;     // For each doubling of the microseconds in between.
constexpr int kAxisTickX = 150;  // From one label of the axis to the next, at least.
constexpr int kBarLeastX = 8;
constexpr int kRecordX = 9;

Ending EndingOf(check::Code code) {
  if (code == check::Code::kOk) return Ending::kFine;
  return check::LeavesUnknown(code) ? Ending::kUnknown : Ending::kFailed;
}

// What an append is to a transaction, in the few letters that a bar has room for.
std::string_view RoleMark(const check::Submission& content) {
  switch (check::RoleOf(content)) {
    case check::Role::kNone:
      return check::IsExclusive(content.type) ? "excl " : "";
    case check::Role::kBegin:
      return "begin ";
    case check::Role::kBody:
      return "body ";
    case check::Role::kCommit:
      return "commit ";
    case check::Role::kRollback:
      return "rollback ";
  }
  return "";
}

// x of each event, and of each fault.
struct Axis {
  std::vector<int> event_x;
  std::vector<int> fault_x;
  std::vector<AxisTick> ticks;
  int width = 0;
};

Axis LayOutAxis(const RunStory& story) {
  Axis axis;
  const std::vector<check::Event>& events = story.history.events;
  int x = kMarginX;
  check::Nanos last = 0;
  int labelled = -kAxisTickX;
  const auto advance = [&](check::Nanos at) {
    const auto silence_us = static_cast<uint64_t>(std::max<check::Nanos>(at - last, 0) / 1000);
    x += kEventX + kSilenceX * std::bit_width(silence_us);
    last = std::max(last, at);
    if (x - labelled >= kAxisTickX) {
      axis.ticks.push_back(AxisTick{x, TimeText(at)});
      labelled = x;
    }
    return x;
  };
  size_t fault = 0;
  for (const check::Event& event : events) {
    for (; fault < story.faults.size() && story.faults[fault].at <= event.at; ++fault) {
      axis.fault_x.push_back(advance(story.faults[fault].at));
    }
    axis.event_x.push_back(advance(event.at));
  }
  for (; fault < story.faults.size(); ++fault) {
    axis.fault_x.push_back(advance(story.faults[fault].at));
  }
  axis.width = x + 4 * kMarginX;
  return axis;
}

// Puts bars of a lane into rows so that none lies on another.
class Rows {
 public:
  // The first row that is free from `x` on.
  int Take(int x) {
    for (size_t row = 0; row < free_from_.size(); ++row) {
      if (free_from_[row] < x) {
        free_from_[row] = INT32_MAX;
        return static_cast<int>(row);
      }
    }
    free_from_.push_back(INT32_MAX);
    return static_cast<int>(free_from_.size()) - 1;
  }
  void Release(int row, int x) { free_from_[static_cast<size_t>(row)] = x; }
  int count() const { return std::max(1, static_cast<int>(free_from_.size())); }

 private:
  std::vector<int> free_from_;
};

class Builder {
 public:
  explicit Builder(const RunStory& story)
      : story_(story), axis_(LayOutAxis(story)), violations_(ViolationOfEvents(story)) {}

  Timeline Build();

  // One overload an event that shows in some lane.
  void operator()(const check::OpenInvoke& open);
  void operator()(const check::OpenReturn& open);
  void operator()(const check::CloseInvoke&) { Begin(Look::kAsk, "close"); }
  void operator()(const check::CloseReturn& close) { End(EndingOf(close.code)); }
  void operator()(const check::Unavailable&) { Notice("unavailable"); }
  void operator()(const check::AppendInvoke& append);
  void operator()(const check::AppendReturn& append);
  void operator()(const check::ScanOpen&) { Begin(Look::kScan, "scan"); }
  void operator()(const check::ScanOpened& scan) {
    if (scan.code != check::Code::kOk) End(EndingOf(scan.code));
  }
  void operator()(const check::ScanBatch& batch);
  void operator()(const check::ScanError& error) { End(EndingOf(error.code)); }
  void operator()(const check::ScanClose&) { End(Ending::kFine); }
  void operator()(const check::TruncateInvoke&) { Begin(Look::kAsk, "truncate"); }
  void operator()(const check::TruncateReturn& truncate);
  void operator()(const check::InfoInvoke&) { Begin(Look::kAsk, "info"); }
  void operator()(const check::InfoReturn& info) { End(EndingOf(info.code)); }
  void operator()(const check::MvccInvoke&) { Begin(Look::kAsk, "mvcc"); }
  void operator()(const check::MvccReturn& mvcc) { End(EndingOf(mvcc.code)); }
  void operator()(const check::ProcessStart&) { StartProcess(); }
  void operator()(const check::ProcessCrash&) { CrashProcess(); }
  void operator()(const check::Pause&);
  void operator()(const check::Resume&);
  void operator()(const check::MachineCrash&) { Mark(&faults_, Look::kCrash, "machine crash"); }
  void operator()(const check::Retention&) { Notice("retention"); }
  void operator()(const check::Observed&) { Notice("observed"); }
  void operator()(const check::Phase&) { Mark(&faults_, Look::kNotice, EventText(event())); }

 private:
  struct Lane {
    TimelineLane lane;
    Rows rows;
  };
  // A bar whose end is not yet known.
  struct Pending {
    Lane* lane = nullptr;
    size_t bar = 0;
  };

  const check::Event& event() const { return story_.history.events[index_]; }
  int x() const { return axis_.event_x[index_]; }

  Lane& HandleLane();
  TimelineBar& AddBar(Lane* lane, Look look, std::string label);
  void Begin(Look look, std::string label);
  void End(Ending ending);
  void EndBar(const Pending& pending, Ending ending);
  void Mark(Lane* lane, Look look, std::string label);
  void Notice(std::string label) { Mark(&backend_, Look::kNotice, std::move(label)); }
  void StartProcess();
  void CrashProcess();
  void AddFaults();
  void AddAnomalies(Timeline* timeline) const;

  const RunStory& story_;
  const Axis axis_;
  const std::vector<int> violations_;
  size_t index_ = 0;  // Of the event at hand.

  // Pending bars point to lanes, which the nodes of a btree_map would move.
  absl::btree_map<int32_t, std::unique_ptr<Lane>> handles_;
  absl::btree_map<check::Term, std::unique_ptr<Lane>> terms_;
  absl::btree_map<int32_t, std::unique_ptr<Lane>> processes_;
  Lane backend_{TimelineLane{"backend", "fences, marks, notices", 1, {}}, {}};
  Lane faults_{TimelineLane{"faults", "what was made to fail", 1, {}}, {}};
  absl::btree_map<int32_t, Pending> calls_;  // By operation.
  absl::btree_map<int32_t, Pending> alive_;  // By process.
  absl::btree_map<int32_t, Pending> paused_;
  absl::btree_map<int32_t, check::Term> term_of_handle_;
};

Builder::Lane& Builder::HandleLane() {
  std::unique_ptr<Lane>& lane = handles_[event().handle];
  if (lane == nullptr) {
    lane = std::make_unique<Lane>();
    lane->lane.group = "clients";
    lane->lane.name =
        event().handle == 0 ? std::string("no handle") : absl::StrCat("handle ", event().handle);
  }
  return *lane;
}

TimelineBar& Builder::AddBar(Lane* lane, Look look, std::string label) {
  TimelineBar bar;
  bar.look = look;
  bar.x = x();
  bar.width = kBarLeastX;
  bar.label = std::move(label);
  bar.event = static_cast<int>(index_);
  bar.violation = violations_[index_];
  lane->lane.bars.push_back(std::move(bar));
  return lane->lane.bars.back();
}

void Builder::Begin(Look look, std::string label) {
  Lane& lane = HandleLane();
  TimelineBar& bar = AddBar(&lane, look, std::move(label));
  bar.row = lane.rows.Take(x());
  bar.ending = Ending::kNever;
  bar.width = axis_.width - bar.x;
  calls_[event().op] = Pending{&lane, lane.lane.bars.size() - 1};
}

void Builder::EndBar(const Pending& pending, Ending ending) {
  TimelineBar& bar = pending.lane->lane.bars[pending.bar];
  bar.ending = ending;
  bar.width = std::max(kBarLeastX, x() - bar.x);
  if (bar.violation == 0) bar.violation = violations_[index_];
  pending.lane->rows.Release(bar.row, bar.x + bar.width);
}

void Builder::End(Ending ending) {
  const auto found = calls_.find(event().op);
  if (found == calls_.end()) return;
  EndBar(found->second, ending);
  calls_.erase(found);
}

void Builder::Mark(Lane* lane, Look look, std::string label) {
  TimelineBar& bar = AddBar(lane, look, std::move(label));
  bar.row = lane->rows.Take(x());
  // Labels of marks stand beside them.
  lane->rows.Release(bar.row, x() + kBarLeastX + 7 * static_cast<int>(bar.label.size()));
}

void Builder::operator()(const check::OpenInvoke& open) {
  Begin(Look::kOpen, "open");
  const std::string how =
      open.read_only ? std::string("reader") : absl::StrCat("writer, term ", open.term);
  HandleLane().lane.name =
      absl::StrCat("handle ", event().handle, ": ", how, ", process ", event().process);
  if (!open.read_only) term_of_handle_[event().handle] = open.term;
}

void Builder::operator()(const check::OpenReturn& open) {
  End(EndingOf(open.code));
  if (open.code == check::Code::kOk && open.boundary.has_value()) {
    Notice(absl::StrCat("fence of term ", term_of_handle_[event().handle], " behind ",
                        *open.boundary));
  }
}

void Builder::operator()(const check::AppendInvoke& append) {
  std::string label;
  if (!append.messages.empty() && append.messages[0].payload.client != 0) {
    const check::Payload& payload = append.messages[0].payload;
    label = absl::StrCat(RoleMark(append.messages[0]), "c", payload.client, "#", payload.number);
    if (append.messages.size() > 1) absl::StrAppend(&label, "+", append.messages.size() - 1);
  }
  Begin(Look::kAppend, std::move(label));
}

void Builder::operator()(const check::AppendReturn& append) {
  End(append.unknown > 0 ? Ending::kUnknown : EndingOf(append.code));
  const check::Term term = term_of_handle_[event().handle];
  std::unique_ptr<Lane>& lane = terms_[term];
  if (lane == nullptr) {
    lane = std::make_unique<Lane>();
    lane->lane.group = "log";
    lane->lane.name = absl::StrCat("records of term ", term);
  }
  int past = x();
  for (const check::Acknowledgement& done : append.done) {
    TimelineBar& bar = AddBar(lane.get(), Look::kRecord, absl::StrCat(done.id));
    bar.x = past;
    bar.width = kRecordX + 6 * static_cast<int>(bar.label.size());
    bar.row = lane->rows.Take(past);
    past += bar.width + 1;
    lane->rows.Release(bar.row, past - 1);
  }
}

void Builder::operator()(const check::ScanBatch& batch) {
  const auto found = calls_.find(event().op);
  if (found != calls_.end()) {
    Lane* lane = found->second.lane;
    const int row = lane->lane.bars[found->second.bar].row;
    TimelineBar& bar = AddBar(lane, Look::kBatch, "");
    bar.row = row;
    if (batch.gap.has_value()) bar.ending = Ending::kUnknown;
  }
  if (batch.end) End(Ending::kFine);
}

void Builder::operator()(const check::TruncateReturn& truncate) {
  End(EndingOf(truncate.code));
  if (truncate.code == check::Code::kOk) {
    Notice(absl::StrCat("mark at tick ", truncate.mark.tick));
  }
}

void Builder::StartProcess() {
  std::unique_ptr<Lane>& lane = processes_[event().process];
  lane = std::make_unique<Lane>();
  lane->lane.group = "faults";
  lane->lane.name = absl::StrCat("process ", event().process);
  TimelineBar& bar = AddBar(lane.get(), Look::kAlive, "");
  bar.row = lane->rows.Take(x());
  bar.ending = Ending::kNever;
  bar.width = axis_.width - bar.x;
  alive_[event().process] = Pending{lane.get(), lane->lane.bars.size() - 1};
}

void Builder::CrashProcess() {
  const auto found = alive_.find(event().process);
  if (found == alive_.end()) return;
  Lane* lane = found->second.lane;
  EndBar(found->second, Ending::kFailed);
  AddBar(lane, Look::kCrash, "crash");
  alive_.erase(found);
  // What it had begun ends with it.
  for (auto call = calls_.begin(); call != calls_.end();) {
    const Pending pending = call->second;
    const auto begun = static_cast<size_t>(pending.lane->lane.bars[pending.bar].event);
    if (story_.history.events[begun].process == event().process) {
      EndBar(pending, Ending::kNever);
      call = calls_.erase(call);
    } else {
      ++call;
    }
  }
}

void Builder::operator()(const check::Pause&) {
  const auto found = processes_.find(event().process);
  if (found == processes_.end()) return;
  Lane* lane = found->second.get();
  TimelineBar& bar = AddBar(lane, Look::kPause, "paused");
  bar.width = axis_.width - bar.x;
  paused_[event().process] = Pending{lane, lane->lane.bars.size() - 1};
}

void Builder::operator()(const check::Resume&) {
  const auto found = paused_.find(event().process);
  if (found == paused_.end()) return;
  TimelineBar& bar = found->second.lane->lane.bars[found->second.bar];
  bar.width = std::max(kBarLeastX, x() - bar.x);
  paused_.erase(found);
}

void Builder::AddFaults() {
  for (size_t i = 0; i < story_.faults.size(); ++i) {
    TimelineBar bar;
    bar.look = Look::kFault;
    bar.x = axis_.fault_x[i];
    bar.width = kBarLeastX;
    bar.label = story_.faults[i].text.substr(0, story_.faults[i].text.find(' '));
    bar.text = absl::StrCat(TimeText(story_.faults[i].at), "  ", story_.faults[i].text);
    bar.row = faults_.rows.Take(bar.x);
    faults_.rows.Release(bar.row, bar.x + kBarLeastX + 7 * static_cast<int>(bar.label.size()));
    faults_.lane.bars.push_back(std::move(bar));
  }
}

void Builder::AddAnomalies(Timeline* timeline) const {
  int number = 0;
  for (const check::Violation& violation : story_.violations) {
    ++number;
    for (const int event : violation.events) {
      if (static_cast<size_t>(event) >= axis_.event_x.size()) continue;
      const AnomalyMark mark{axis_.event_x[static_cast<size_t>(event)], number, event};
      timeline->anomalies.push_back(mark);
    }
  }
}

Timeline Builder::Build() {
  for (index_ = 0; index_ < story_.history.events.size(); ++index_) {
    std::visit(*this, story_.history.events[index_].what);
  }
  AddFaults();
  Timeline timeline;
  timeline.width = axis_.width;
  timeline.ticks = axis_.ticks;
  const auto add = [&timeline](Lane* lane) {
    lane->lane.row_count = lane->rows.count();
    timeline.lanes.push_back(std::move(lane->lane));
  };
  for (auto& [handle, lane] : handles_) add(lane.get());
  for (auto& [term, lane] : terms_) add(lane.get());
  add(&backend_);
  for (auto& [process, lane] : processes_) add(lane.get());
  add(&faults_);
  AddAnomalies(&timeline);
  return timeline;
}

}  // namespace

std::string_view NameOf(Look look) {
  switch (look) {
    case Look::kOpen:
      return "open";
    case Look::kAppend:
      return "append";
    case Look::kScan:
      return "scan";
    case Look::kBatch:
      return "batch";
    case Look::kAsk:
      return "ask";
    case Look::kRecord:
      return "record";
    case Look::kNotice:
      return "notice";
    case Look::kAlive:
      return "alive";
    case Look::kPause:
      return "pause";
    case Look::kCrash:
      return "crash";
    case Look::kFault:
      return "fault";
  }
  return "";
}

std::string_view NameOf(Ending ending) {
  switch (ending) {
    case Ending::kFine:
      return "fine";
    case Ending::kFailed:
      return "failed";
    case Ending::kUnknown:
      return "unknown";
    case Ending::kNever:
      return "never";
  }
  return "";
}

Timeline MakeTimeline(const RunStory& story) { return Builder(story).Build(); }

}  // namespace tidelog::sim
