// Conformance: what an append that ended means (C1, C2, C8, D8, B1, B3, B4).
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/signal.h"
#include "wal/message/message_stamper.h"
#include "walimpls/testing/conformance.h"
#include "walimpls/testing/conformance_tools.h"

namespace tidelog::walimpls {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAreArray;

const PChannel kChannel = {"orders", Term{1}};

std::string BytesOf(const ImmutableMessage& message) {
  return std::string(message.record().data(), message.record().size());
}

TEST_P(WalImplsConformance, AnAppendedMessageIsReadAtItsIdAsItWas) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const ImmutableMessage first = maker.Insert(std::string("\0\xff payload", 10));
  // A backend may share the block, so look before it could touch it.
  const std::string first_bytes = BytesOf(first);
  const absl::StatusOr<MessageId> first_id = writer->Append(first);
  ASSERT_TRUE(first_id.ok()) << first_id.status();

  // Every field that the log keeps in its slots.
  MutableMessage::Builder builder(MessageType{4711});
  builder.VChannel("v2").Property("a", "").Property("b", std::string(3000, 'b'));
  builder.BarrierTimeTick(TimeTick{77}).Property("id", "2").IdempotencyKey("key");
  absl::StatusOr<MutableMessage> rich = std::move(builder).Build("");
  ASSERT_TRUE(rich.ok()) << rich.status();
  MessageStamper::Stamp(*rich, Term{1}, TimeTick{5000}, &*first_id);
  const ImmutableMessage second = MessageStamper::Seal(*std::move(rich));
  const std::string second_bytes = BytesOf(second);
  const absl::StatusOr<MessageId> second_id = writer->Append(second);
  ASSERT_TRUE(second_id.ok()) << second_id.status();

  const std::vector<ImmutableMessage> read = writer->ReadToTail().messages;
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].id(), *first_id);
  EXPECT_EQ(read[0].last_confirmed(), *first_id) << "it was stamped as its own";
  EXPECT_EQ(BytesOf(read[0]), first_bytes);
  EXPECT_EQ(read[1].id(), *second_id);
  EXPECT_EQ(read[1].last_confirmed(), *first_id);
  EXPECT_EQ(BytesOf(read[1]), second_bytes);
}

TEST_P(WalImplsConformance, AppendsLandInTheOrderOfTheCalls) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  std::vector<Group> groups;
  for (int i = 0; i < 100; ++i) groups.push_back(maker.InsertGroup(1));
  std::vector<MessageId> ids;
  for (const absl::StatusOr<Ids>& result : AppendAll(&*writer, std::move(groups))) {
    ASSERT_TRUE(result.ok()) << result.status();
    ids.push_back(result->front());
  }
  EXPECT_TRUE(StrictlyIncreasing(ids));
  const std::vector<ImmutableMessage> read = writer->ReadToTail().messages;
  EXPECT_THAT(IdsOf(read), ElementsAreArray(ids));
  EXPECT_THAT(NumbersOf(read), ElementsAreArray(Range(1, 100)));
}

// Appends `count` groups, and notes in which order they end.
Future<Unit> AppendAndNoteEnds(WalImpls* wal, std::vector<Group> groups,
                               std::vector<size_t>* ends) {
  Executor* const strand = Executor::Current();
  const size_t count = groups.size();
  Signal ended;
  AppendFutures appends = StartAll(wal, std::move(groups));
  for (size_t i = 0; i < appends.size(); ++i) {
    const auto note = [ends, i, &ended](absl::StatusOr<Ids>) {
      ends->push_back(i);
      ended.NotifyAll();
    };
    Then<absl::StatusOr<Ids>>(std::move(appends[i]), strand, note);
  }
  while (ends->size() < count) {
    co_await ended.Wait();
  }
  co_return Unit{};
}

TEST_P(WalImplsConformance, AppendsEndInTheOrderOfTheCalls) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  std::vector<Group> groups;
  for (int i = 0; i < 20; ++i) groups.push_back(maker.InsertGroup(i % 3 + 1));
  std::vector<size_t> ends;
  writer->Run([&] { return AppendAndNoteEnds(writer->get(), std::move(groups), &ends); });
  ASSERT_EQ(ends.size(), 20u);
  EXPECT_TRUE(std::is_sorted(ends.begin(), ends.end()));
}

TEST_P(WalImplsConformance, AGroupLandsAdjacentAndInOrder) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  const size_t size = std::min<size_t>(5, writer->get()->traits().group_count_max);
  std::vector<Group> groups;
  for (int i = 0; i < 10; ++i) groups.push_back(maker.InsertGroup(i % 2 == 0 ? size : 1));
  std::vector<MessageId> ids;
  for (const absl::StatusOr<Ids>& result : AppendAll(&*writer, std::move(groups))) {
    ASSERT_TRUE(result.ok()) << result.status();
    ids.insert(ids.end(), result->begin(), result->end());
  }
  // Read back, nothing lies between the messages of a group, and each has the id it was given.
  EXPECT_TRUE(StrictlyIncreasing(ids));
  const std::vector<ImmutableMessage> read = writer->ReadToTail().messages;
  EXPECT_THAT(IdsOf(read), ElementsAreArray(ids));
  EXPECT_THAT(NumbersOf(read), ElementsAreArray(Range(1, static_cast<int>(ids.size()))));
}

TEST_P(WalImplsConformance, WhatTheTraitsAllowIsTaken) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  const Traits& traits = writer->get()->traits();
  MessageMaker maker(Term{1});
  std::vector<ImmutableMessage> largest;
  std::vector<std::string> bytes;
  largest.push_back(maker.InsertOfSize(traits.message_bytes_max));
  const auto properties_max = std::min<int>(traits.property_count_max, kPropertyCountMax);
  largest.push_back(maker.InsertOfSize(1 << 16, properties_max));
  for (const ImmutableMessage& message : largest) {
    bytes.push_back(BytesOf(message));
    const absl::StatusOr<MessageId> id = writer->Append(message);
    ASSERT_TRUE(id.ok()) << id.status();
  }
  const absl::StatusOr<Ids> many = writer->Append(maker.InsertGroup(traits.group_count_max));
  ASSERT_TRUE(many.ok()) << many.status();

  const std::vector<ImmutableMessage> read = writer->ReadToTail().messages;
  ASSERT_EQ(read.size(), 2 + traits.group_count_max);
  EXPECT_EQ(BytesOf(read[0]), bytes[0]);
  EXPECT_EQ(BytesOf(read[1]), bytes[1]);
}

// Goal: the caller refuses what is too large (B4); a backend that met it all the same must not
// store a part of it, nor call it a failure of storage, which the caller would retry for ever.
TEST_P(WalImplsConformance, AGroupAboveTheTraitsAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  const Traits traits = writer->get()->traits();
  MessageMaker maker(Term{1});
  EXPECT_DEATH({ writer->Append(Group{}).IgnoreError(); }, "empty group");
  EXPECT_DEATH({ writer->Append(maker.InsertGroup(traits.group_count_max + 1)).IgnoreError(); },
               "above the limit");
  EXPECT_DEATH({ writer->Append(maker.InsertOfSize(traits.message_bytes_max + 1)).IgnoreError(); },
               "above the limit");
}

// Goal: the prefix property (D8).  Method: storage fails while several groups are in flight.
TEST_P(WalImplsConformance, AfterAFailureNothingLandsUntilAcceptAgain) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  std::vector<MessageId> ids = writer->AppendInserts(&maker, 2);  // Numbers 1 and 2.
  if (!backend().StartFailing()) GTEST_SKIP() << "this storage never fails";

  std::vector<Group> groups;
  for (int i = 0; i < 5; ++i) groups.push_back(maker.InsertGroup(2));  // Numbers 3 to 12.
  const AppendResults failed = AppendAll(&*writer, std::move(groups));
  EXPECT_THAT(GetWalErrorCode(failed.front().status()),
              AnyOf(WalErrorCode::kUnavailable, WalErrorCode::kResourceExhausted))
      << failed.front().status();
  for (size_t i = 1; i < failed.size(); ++i) {
    EXPECT_WAL_CODE(failed[i].status(), WalErrorCode::kUnavailable);
  }

  backend().StopFailing();
  EXPECT_WAL_CODE(writer->Append(maker.Insert()).status(), WalErrorCode::kUnavailable);  // 13
  writer->Run([&] {
    writer->get()->AcceptAgain();
    return MakeReadyFuture(Unit{});
  });
  ids.push_back(writer->AppendInserts(&maker, 1).front());  // Number 14.
  EXPECT_TRUE(StrictlyIncreasing(ids));
  const std::vector<ImmutableMessage> read = writer->ReadToTail().messages;
  EXPECT_THAT(NumbersOf(read), ElementsAreArray({1, 2, 14}));
  EXPECT_THAT(IdsOf(read), ElementsAreArray(ids));
}

TEST_P(WalImplsConformance, AcceptAgainWithoutAFailureChangesNothing) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  writer->AppendInserts(&maker, 1);
  writer->Run([&] {
    writer->get()->AcceptAgain();
    return MakeReadyFuture(Unit{});
  });
  EXPECT_TRUE(writer->Append(maker.Insert()).ok());
}

// Goal: the caller stamps a message that was not done afresh, in place, and nobody may still be
// looking at it.  Method: Reopen() copies a record that has another owner.
TEST_P(WalImplsConformance, MessagesAreLetGoBeforeAnAppendEndsNotDone) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  MessageMaker maker(Term{1});
  if (!backend().StartFailing()) GTEST_SKIP() << "this storage never fails";
  std::vector<ImmutableMessage> kept;
  std::vector<Group> groups;
  for (int i = 0; i < 3; ++i) {
    kept.push_back(maker.Insert());
    groups.push_back(Group{kept.back()});
  }
  const AppendResults failed = AppendAll(&*writer, std::move(groups));
  backend().StopFailing();
  for (size_t i = 0; i < kept.size(); ++i) {
    ASSERT_EQ(EffectOf(failed[i].status()), Effect::kNotDone) << failed[i].status();
    const char* const bytes = kept[i].record().data();
    const MutableMessage again = MessageStamper::Reopen(std::move(kept[i]));
    EXPECT_EQ(again.view().data(), bytes) << "the backend still refers to message " << i;
  }
}

TEST_P(WalImplsConformance, InfoTellsWhatTheLogHolds) {
  auto writer = OpenWriter(opener(), kChannel, MakeStrand("writer"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  const absl::StatusOr<LogState> empty = writer->Info();
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_FALSE(empty->tail.has_value());
  EXPECT_FALSE(empty->tail_id.has_value());
  EXPECT_FALSE(empty->truncated.has_value());
  EXPECT_EQ(empty->newest_tick, TimeTick{0});
  EXPECT_EQ(empty->newest_term, Term{1});
  EXPECT_NE(empty->holder, LogInfo::Holder::kNone);

  MessageMaker maker(Term{1});
  writer->AppendInserts(&maker, 3);
  const ImmutableMessage last = maker.Insert();
  const absl::StatusOr<MessageId> last_id = writer->Append(last);
  ASSERT_TRUE(last_id.ok()) << last_id.status();
  const absl::StatusOr<LogState> full = writer->Info();
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_EQ(full->tail_id, *last_id);
  EXPECT_EQ(full->tail, (Position{*last_id, last.time_tick()}));
  EXPECT_EQ(full->newest_tick, last.time_tick());

  ASSERT_TRUE(writer->Close(CloseMode::kClean).ok());
  auto reader = OpenReader(MakeOpener(), kChannel, MakeStrand("reader"));
  ASSERT_TRUE(reader.ok()) << reader.status();
  const absl::StatusOr<LogState> closed = reader->Info();
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(closed->tail_id, *last_id);
  EXPECT_EQ(closed->newest_tick, last.time_tick());
  EXPECT_NE(closed->holder, LogInfo::Holder::kLive);
}

}  // namespace
}  // namespace tidelog::walimpls
