#include "sim/kernel/trace.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tidelog::sim {
namespace {

TraceEvent EventAt(int64_t time_ns) { return {.time_ns = time_ns, .kind = EventKind::kJob}; }

TEST(TraceTest, EveryFieldCounts) {
  std::vector<TraceEvent> events(6, EventAt(1));
  events[1].time_ns = 2;
  events[2].kind = EventKind::kTimer;
  events[3].process = 1;
  events[4].choice = 1;
  events[5].payload = 1;
  events.push_back(EventAt(1));
  events.back().strand = 1;
  std::set<uint64_t> hashes;
  for (const TraceEvent& event : events) {
    Trace trace({});
    trace.Add(event);
    hashes.insert(trace.hash());
  }
  EXPECT_EQ(hashes.size(), events.size());
}

TEST(TraceTest, TheOrderCounts) {
  Trace one({}), other({});
  one.Add(EventAt(1));
  one.Add(EventAt(2));
  other.Add(EventAt(2));
  other.Add(EventAt(1));
  EXPECT_NE(one.hash(), other.hash());
  EXPECT_EQ(one.count(), 2u);
}

TEST(TraceTest, TheLastEventsAreKept) {
  for (const size_t kept_max : {size_t{0}, size_t{1}, size_t{3}, size_t{10}, Trace::kWhole}) {
    Trace trace({.kept_max = kept_max});
    std::vector<TraceEvent> expected;
    for (int64_t i = 0; i < 10; ++i) {
      trace.Add(EventAt(i));
      expected.push_back(EventAt(i));
      while (expected.size() > kept_max) expected.erase(expected.begin());
      EXPECT_EQ(trace.Events(), expected) << kept_max << " " << i;
    }
  }
}

TEST(TraceTest, TheFirstDifferenceIsFound) {
  const std::vector<TraceEvent> list = {EventAt(1), EventAt(2), EventAt(3)};
  std::vector<TraceEvent> other = list;
  EXPECT_EQ(FirstDifference(list, other), std::nullopt);
  other.pop_back();
  EXPECT_EQ(FirstDifference(list, other), 2u);
  other[1].payload = 1;
  EXPECT_EQ(FirstDifference(list, other), 1u);
  EXPECT_EQ(FirstDifference({}, other), 0u);
}

TEST(TraceTest, BytesHaveHashes) {
  EXPECT_NE(HashBytes("a"), HashBytes("b"));
  EXPECT_NE(HashBytes(""), HashBytes(std::string(1, '\0')));
  EXPECT_EQ(HashBytes("abc"), HashBytes("abc"));
}

TEST(TraceTest, KindsHaveNames) {
  std::set<std::string_view> names;
  for (int kind = 1; kind <= static_cast<int>(EventKind::kNote); ++kind) {
    names.insert(NameOf(static_cast<EventKind>(kind)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(EventKind::kNote));
}

}  // namespace
}  // namespace tidelog::sim
