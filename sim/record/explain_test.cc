#include "sim/record/explain.h"

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/check/code.h"
#include "sim/check/events.h"
#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/record/event_text.h"
#include "sim/record/sample_run.h"

namespace tidelog::sim {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

check::Event At(check::Nanos at, check::What what) {
  check::Event event;
  event.at = at;
  event.process = 2;
  event.handle = 3;
  event.op = 17;
  event.what = std::move(what);
  return event;
}

check::Submission Message(int32_t client, int32_t number) {
  check::Submission message;
  message.payload.client = client;
  message.payload.number = number;
  message.type = 2;
  return message;
}

TEST(EventTextTest, TimesHaveNanoseconds) {
  EXPECT_EQ(TimeText(12'003'004), "12.003004 ms");
  EXPECT_EQ(TimeText(0), "0.000000 ms");
}

TEST(EventTextTest, AnAppendNamesItsMessages) {
  check::AppendInvoke append;
  append.messages = {Message(1, 4), Message(1, 5)};
  append.timeout = 5'000'000;
  EXPECT_EQ(EventText(At(0, append)), "append of 2 messages: c1#4 c1#5, within 5.000000 ms");
}

TEST(EventTextTest, ALongListIsCutAndCounted) {
  check::AppendInvoke append;
  for (int32_t number = 1; number <= 20; ++number) append.messages.push_back(Message(1, number));
  EXPECT_THAT(EventText(At(0, append)), AllOf(HasSubstr("c1#8 and 12 more"), Not(HasSubstr("#9"))));
}

TEST(EventTextTest, APartOfABatchIsToldByItsOutcomes) {
  check::AppendReturn append;
  append.done.push_back(check::Acknowledgement{7, 70, 6});
  append.unknown = 2;
  append.code = check::Code::kOutcomeUnknown;
  EXPECT_EQ(EventText(At(0, append)),
            "acknowledged 7@70, 2 unknown, append failed: outcome unknown");
}

TEST(EventTextTest, MessagesOfATransactionSayWhatTheyAreToIt) {
  check::AppendInvoke append;
  append.messages = {Message(1, 4)};
  append.messages[0].type = check::kBeginType;
  EXPECT_EQ(EventText(At(0, append)), "append of begin c1#4");
  append.messages[0] = Message(1, 5);
  append.messages[0].txn = 70;
  EXPECT_EQ(EventText(At(0, append)), "append of body of 70 c1#5");
  append.messages[0].type = check::kCommitType;
  append.messages[0].bodies = 2;
  EXPECT_EQ(EventText(At(0, append)), "append of commit of 70 with 2 bodies c1#5");
  append.messages[0].type = check::kRollbackType;
  EXPECT_EQ(EventText(At(0, append)), "append of rollback of 70 c1#5");
  append.messages[0] = Message(1, 6);
  append.messages[0].type = 6;
  EXPECT_EQ(EventText(At(0, append)), "append of exclusive c1#6");
}

TEST(EventTextTest, ABeginIsToldItsTransaction) {
  check::AppendReturn append;
  append.done.push_back(check::Acknowledgement{7, 70, 6, 70, 5'000'000});
  EXPECT_EQ(EventText(At(0, append)), "acknowledged 7@70, transaction 70 with a lease of 5 ms");
  append.done[0].lease = check::kForever;
  EXPECT_EQ(EventText(At(0, append)), "acknowledged 7@70, transaction 70 with a lease of no end");
}

TEST(EventTextTest, ATransactionIsReadWithItsMembers) {
  check::Record begin;
  begin.id = 7;
  begin.tick = 90;
  begin.stored_tick = 70;
  begin.content = Message(1, 4);
  begin.content.type = check::kBeginType;
  check::Record commit;
  commit.id = 9;
  commit.tick = commit.stored_tick = 90;
  commit.content = Message(1, 5);
  commit.content.type = check::kCommitType;
  commit.content.txn = 70;
  check::ScanBatch batch;
  batch.records = {commit};
  batch.records[0].members = {begin, commit};
  EXPECT_EQ(EventText(At(0, batch)),
            "reads 9:commit of 70 with 0 bodies c1#5@90 [7:begin c1#4@70 "
            "9:commit of 70 with 0 bodies c1#5@90]");
}

TEST(EventTextTest, AScanSaysWhereItStartsAndEnds) {
  check::ScanOpen scan;
  scan.start = check::Start::kAfter;
  scan.position = check::Position{4, 40};
  scan.end = check::ScanOpen::End::kPosition;
  scan.until = 90;
  scan.deliver_ticks = true;
  EXPECT_EQ(EventText(At(0, scan)), "scan from after (id 4, tick 40) until tick 90, with ticks");
}

TEST(EventTextTest, EveryKindOfEventHasWords) {
  const std::vector<check::What> all = {
      check::OpenInvoke{},
      check::OpenReturn{},
      check::CloseInvoke{},
      check::CloseReturn{},
      check::Unavailable{},
      check::AppendInvoke{},
      check::ScanOpen{},
      check::ScanOpened{},
      check::ScanBatch{},
      check::ScanError{},
      check::ScanClose{},
      check::InfoInvoke{},
      check::TruncateInvoke{},
      check::TruncateReturn{},
      check::InfoReturn{},
      check::MvccInvoke{},
      check::MvccReturn{},
      check::ProcessStart{},
      check::ProcessCrash{},
      check::Pause{},
      check::Resume{},
      check::MachineCrash{},
      check::Retention{},
      check::Observed{},
      check::Phase{},
      check::AppendReturn{{check::Acknowledgement{}}, 0, check::Code::kOk}};
  EXPECT_THAT(all, SizeIs(std::variant_size_v<check::What>));
  std::set<size_t> kinds;
  std::set<std::string> texts;
  for (const check::What& what : all) {
    kinds.insert(what.index());
    const std::string text = EventText(At(0, what));
    EXPECT_NE(text, "");
    texts.insert(text);
  }
  EXPECT_THAT(kinds, SizeIs(all.size()));
  EXPECT_THAT(texts, SizeIs(all.size()));  // And no two the same.
}

TEST(ExplainTest, TellsHeadingsViolationsAndEventsInOrder) {
  check::History history;
  history.events.push_back(At(1'000'000, check::OpenInvoke{check::Term{4}, false}));
  history.events.push_back(At(3'000'000, check::OpenReturn{check::Code::kChannelFenced, {}, 0}));
  history.events.push_back(At(4'000'000, check::CloseInvoke{}));
  const std::vector<check::Violation> violations = {
      {"fencing", "B2", "late-fence", "handle 3 was told too late", {1, 2}},
      {"order", "D8", "out-of-order", "2 before 1", {2}}};
  const RunStory story{"seed 5",
                       {"replay: it"},
                       history,
                       violations,
                       {Happening{2'000'000, "pause of slot 1"}, Happening{9'000'000, "bit rot"}}};
  EXPECT_EQ(Explain(story),
            "seed 5\n"
            "replay: it\n"
            "violation 1: fencing/late-fence (B2): handle 3 was told too late\n"
            "violation 2: order/out-of-order (D8): 2 before 1\n"
            "         0      1.000000 ms  process 2, handle 3, op 17: open for writing, term 4\n"
            "                2.000000 ms  * pause of slot 1\n"
            ">1       1      3.000000 ms  process 2, handle 3, op 17: open failed: fenced\n"
            ">1       2      4.000000 ms  process 2, handle 3, op 17: close\n"
            "                9.000000 ms  * bit rot\n");
}

TEST(ExplainTest, ARunWithoutViolationsSaysSo) {
  const check::History history;
  EXPECT_EQ(Explain(RunStory{"seed 5", {}, history, {}, {}}), "seed 5\nno violation\n");
}

TEST(ExplainTest, EventsThatAreNotThereAreNoTrouble) {
  check::History history;
  history.events.push_back(At(0, check::CloseInvoke{}));
  const std::vector<check::Violation> violations = {{"a", "A1", "b", "c", {-1, 0, 99}}};
  EXPECT_THAT(ViolationOfEvents(RunStory{"", {}, history, violations, {}}), ElementsAre(1));
}

TEST(ExplainTest, TheSampleTellsOfItsLostRecord) {
  const SampleRun run = MakeSampleRun();
  const std::string text = Explain(run.Story());
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  EXPECT_THAT(lines, Contains(StartsWith("violation 1: ")));
  EXPECT_THAT(lines, Contains(HasSubstr("durability/lost-write")));
  EXPECT_THAT(lines, Contains(AllOf(StartsWith(">"), HasSubstr("acknowledged"))));
  EXPECT_THAT(lines, Contains(HasSubstr("CRASHES")));
}

}  // namespace
}  // namespace tidelog::sim
