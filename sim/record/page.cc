#include "sim/record/page.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "sim/record/event_text.h"
#include "sim/record/page_assets.h"
#include "sim/record/timeline.h"

namespace tidelog::sim {
namespace {

// Pixels.
constexpr int kAxisY = 42;
constexpr int kRowY = 17;
constexpr int kBarY = 13;
constexpr int kLaneGapY = 7;
constexpr int kLetterX = 6;

std::string Quoted(std::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

int HeightOf(const TimelineLane& lane) { return lane.row_count * kRowY + kLaneGapY; }

// The text of a bar, if there is room for it.  Marks have theirs beside them.
void AddLabel(const TimelineBar& bar, int y, std::string* html) {
  if (bar.label.empty()) return;
  const bool is_beside =
      bar.look == Look::kNotice || bar.look == Look::kFault || bar.look == Look::kCrash;
  const int length = kLetterX * static_cast<int>(bar.label.size()) + 4;
  if (!is_beside && length > bar.width) return;
  absl::StrAppendFormat(html, "<text x=\"%d\" y=\"%d\">%s</text>",
                        is_beside ? bar.x + bar.width + 3 : bar.x + 3, y + kBarY - 3,
                        Quoted(bar.label));
}

void AddBar(const TimelineBar& bar, int lane_y, std::string* html) {
  const int y = lane_y + bar.row * kRowY;
  absl::StrAppendFormat(html, "<g class=\"%s %s%s\" data-e=\"%d\"", NameOf(bar.look),
                        NameOf(bar.ending), bar.violation == 0 ? "" : " bad", bar.event);
  if (bar.event < 0) absl::StrAppend(html, " data-t=\"", Quoted(bar.text), "\"");
  absl::StrAppendFormat(html, "><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/>",
                        bar.x, y, bar.width, kBarY);
  AddLabel(bar, y, html);
  absl::StrAppend(html, "</g>\n");
}

void AddViolations(const RunStory& story, std::string* html) {
  if (story.violations.empty()) {
    absl::StrAppend(html, "<p class=\"fine\">No violation.</p>\n");
    return;
  }
  absl::StrAppend(html, "<ol class=\"violations\">\n");
  for (const check::Violation& violation : story.violations) {
    absl::StrAppendFormat(html, "<li class=\"violation\"><b>%s</b> %s<span>%s</span>",
                          Quoted(violation.Signature()),
                          violation.rule.empty() ? "" : absl::StrCat("(", violation.rule, ") "),
                          Quoted(violation.message));
    for (const int event : violation.events) {
      absl::StrAppendFormat(html, " <a href=\"#a%d\">event %d</a>", event, event);
    }
    absl::StrAppend(html, "</li>\n");
  }
  absl::StrAppend(html, "</ol>\n");
}

// Names of the lanes, beside the drawing, so that they stay when it is scrolled.
void AddNames(const Timeline& timeline, std::string* html) {
  absl::StrAppendFormat(html, "<div class=\"names\"><div style=\"height:%dpx\"></div>\n", kAxisY);
  std::string_view group;
  for (const TimelineLane& lane : timeline.lanes) {
    absl::StrAppendFormat(html,
                          "<div class=\"lane%s\" data-lane=\"%s\" style=\"height:%dpx\">"
                          "<i>%s</i><span>%s</span></div>\n",
                          lane.group == group ? "" : " first", lane.group, HeightOf(lane),
                          lane.group == group ? "" : lane.group, Quoted(lane.name));
    group = lane.group;
  }
  absl::StrAppend(html, "</div>\n");
}

void AddDrawing(const Timeline& timeline, std::string* html) {
  int height = kAxisY;
  for (const TimelineLane& lane : timeline.lanes) height += HeightOf(lane);
  absl::StrAppendFormat(html,
                        "<div class=\"drawing\"><svg width=\"%d\" height=\"%d\" "
                        "viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"timeline\">\n",
                        timeline.width, height, timeline.width, height);
  for (const AxisTick& tick : timeline.ticks) {
    absl::StrAppendFormat(
        html, "<g class=\"axis\"><path d=\"M%d %dV%d\"/><text x=\"%d\" y=\"13\">%s</text></g>\n",
        tick.x, 4, height, tick.x + 2, tick.text);
  }
  int y = kAxisY;
  std::string_view group;
  for (const TimelineLane& lane : timeline.lanes) {
    absl::StrAppendFormat(html, "<path class=\"%s\" d=\"M0 %dH%d\"/>\n",
                          lane.group == group ? "line" : "line first", y, timeline.width);
    for (const TimelineBar& bar : lane.bars) AddBar(bar, y + kLaneGapY / 2 + 1, html);
    y += HeightOf(lane);
    group = lane.group;
  }
  // Of several violations at one event, the first has the mark.
  std::vector<int> marked;
  for (const AnomalyMark& mark : timeline.anomalies) {
    if (std::find(marked.begin(), marked.end(), mark.event) != marked.end()) continue;
    marked.push_back(mark.event);
    absl::StrAppendFormat(html,
                          "<g class=\"anomaly\" id=\"a%d\" data-e=\"%d\"><path d=\"M%d 30V%d\"/>"
                          "<circle cx=\"%d\" cy=\"30\" r=\"8\"/><text x=\"%d\" y=\"34\">%d</text>"
                          "</g>\n",
                          mark.event, mark.event, mark.x, height, mark.x, mark.x, mark.violation);
  }
  absl::StrAppend(html, "</svg></div>\n");
}

void AddLegend(std::string* html) {
  absl::StrAppend(html, "<p class=\"legend\">");
  for (const Look look : {Look::kOpen, Look::kAppend, Look::kScan, Look::kBatch, Look::kAsk,
                          Look::kRecord, Look::kNotice, Look::kFault, Look::kCrash}) {
    absl::StrAppend(html, "<span class=\"", NameOf(look), "\"><b></b>", NameOf(look), "</span>");
  }
  absl::StrAppend(html,
                  "<span class=\"append failed\"><b></b>failed</span>"
                  "<span class=\"append unknown\"><b></b>unknown</span>"
                  "<span class=\"append never\"><b></b>no answer</span>"
                  "<em>Time is squeezed where nothing happens.</em></p>\n");
}

void AddEvents(const RunStory& story, std::string* html) {
  const std::vector<int> violations = ViolationOfEvents(story);
  absl::StrAppend(html, "<h2>Events</h2>\n<table class=\"events\">\n");
  for (size_t i = 0; i < story.history.events.size(); ++i) {
    const check::Event& event = story.history.events[i];
    absl::StrAppendFormat(html,
                          "<tr id=\"e%d\"%s><td>%d</td><td>%s</td><td>%s</td><td>%s</td></tr>\n", i,
                          violations[i] == 0 ? "" : " class=\"bad\"", i, TimeText(event.at),
                          WhoText(event), Quoted(EventText(event)));
  }
  absl::StrAppend(html, "</table>\n");
}

}  // namespace

std::string HtmlPage(const RunStory& story) {
  const Timeline timeline = MakeTimeline(story);
  std::string html =
      absl::StrCat("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>",
                   Quoted(story.title), "</title>\n<style>\n", kPageStyle,
                   "</style></head><body>\n<header><h1>", Quoted(story.title), "</h1>\n");
  for (const std::string& heading : story.headings) {
    absl::StrAppend(&html, "<p>", Quoted(heading), "</p>\n");
  }
  AddViolations(story, &html);
  absl::StrAppend(&html, "</header>\n");
  AddLegend(&html);
  absl::StrAppend(&html, "<main>\n");
  AddNames(timeline, &html);
  AddDrawing(timeline, &html);
  absl::StrAppend(&html, "</main>\n");
  AddEvents(story, &html);
  absl::StrAppend(&html, "<div id=\"told\"></div>\n<script>\n", kPageScript,
                  "</script></body></html>\n");
  return html;
}

}  // namespace tidelog::sim
