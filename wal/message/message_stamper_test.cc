#include "wal/message/message_stamper.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/message/message_factory.h"
#include "wal/message/testing/messages.h"

namespace tidelog {
namespace {

constexpr MessageId::Origin kLog{LogKind::kFile, 1, 0};
MessageId Id(uint64_t number) { return MessageId::FromNumber(kLog, number); }

TEST(MessageStamper, FillsInTheLogsFieldsAndNothingElse) {
  MutableMessage message = testing::MakeInsert("payload", "v1");
  const MessageId last_confirmed = Id(5);
  MessageStamper::Stamp(message, Term{3}, TimeTick{100}, &last_confirmed);
  const RecordView record = message.view();
  EXPECT_EQ(record.term(), Term{3});
  EXPECT_EQ(record.time_tick(), TimeTick{100});
  EXPECT_EQ(record.last_confirmed_key(), last_confirmed.key());
  EXPECT_EQ(record.flags(), 0);
  EXPECT_EQ(record.vchannel(), "v1");
  EXPECT_EQ(record.payload(), "payload");
  EXPECT_EQ(RecordView::Parse(record.bytes()).status(), absl::OkStatus());
}

TEST(MessageStamper, ASecondStampReplacesTheFirst) {
  MutableMessage message = testing::MakeInsert("payload", "v1");
  const MessageId long_key({LogKind::kObject, 1, 0}, "a key of 20 bytes...");
  const MessageId short_key({LogKind::kObject, 1, 0}, "short");
  MessageStamper::Stamp(message, Term{3}, TimeTick{100}, &long_key);
  MessageStamper::Stamp(message, Term{4}, TimeTick{101}, &short_key);
  EXPECT_EQ(message.view().term(), Term{4});
  EXPECT_EQ(message.view().last_confirmed_key(), "short");
  EXPECT_EQ(RecordView::Parse(message.view().bytes()).status(), absl::OkStatus());
  MessageStamper::Stamp(message, Term{4}, TimeTick{102}, nullptr);
  EXPECT_EQ(message.view().last_confirmed_key(), "");
  EXPECT_EQ(message.view().flags(), kLastConfirmedIsSelf);
  EXPECT_EQ(RecordView::Parse(message.view().bytes()).status(), absl::OkStatus());
  MessageStamper::Stamp(message, Term{4}, TimeTick{103}, &short_key);
  EXPECT_EQ(message.view().flags(), 0);
}

TEST(MessageStamper, ABeginsTickIsItsTransactionsId) {
  MutableMessage begin = testing::MakeBegin("v1", absl::Seconds(3));
  MessageStamper::Stamp(begin, Term{1}, TimeTick{100}, nullptr);
  EXPECT_EQ(begin.view().txn(), (TxnContext{TimeTick{100}, absl::Seconds(3)}));
  MessageStamper::Stamp(begin, Term{1}, TimeTick{200}, nullptr);
  EXPECT_EQ(begin.view().txn()->id, TimeTick{200});

  const TxnContext txn{TimeTick{200}, absl::Seconds(3)};
  MutableMessage body = testing::MakeBody("x", "v1", txn);
  MessageStamper::Stamp(body, Term{1}, TimeTick{201}, nullptr);
  EXPECT_EQ(body.view().txn(), txn);
}

TEST(MessageStamper, ALeaseIsReplaced) {
  MutableMessage begin = testing::MakeBegin("v1");
  const TxnContext txn{TimeTick{9}, absl::InfiniteDuration()};
  MessageStamper::SetTxn(begin, txn);
  EXPECT_EQ(begin.view().txn(), txn);
}

TEST(MessageStamper, TheReplayStartIsSetAndTakenBack) {
  MutableMessage tick = MessageFactory::StoredTimeTick();
  const MessageId start = Id(77);
  MessageStamper::SetReplayStart(tick, &start);
  EXPECT_EQ(tick.view().replay_start_key(), start.key());
  MessageStamper::SetReplayStart(tick, nullptr);
  EXPECT_EQ(tick.view().replay_start_key(), "");
  EXPECT_EQ(RecordView::Parse(tick.view().bytes()).status(), absl::OkStatus());
}

TEST(MessageStamper, ASealedMessageIsTheSameBytesWithoutAnId) {
  MutableMessage message = testing::MakeInsert("payload");
  MessageStamper::Stamp(message, Term{1}, TimeTick{7}, nullptr);
  const char* const bytes = message.view().data();
  const ImmutableMessage sealed = MessageStamper::Seal(std::move(message));
  EXPECT_EQ(sealed.record().data(), bytes);
  EXPECT_EQ(sealed.time_tick(), TimeTick{7});
  EXPECT_FALSE(sealed.id().has_value());
}

TEST(MessageStamper, ReopeningTheOnlyReferenceCopiesNothing) {
  ImmutableMessage sealed = testing::Stamped(testing::MakeInsert("payload"), Term{1}, TimeTick{7});
  const char* const bytes = sealed.record().data();
  MutableMessage again = MessageStamper::Reopen(std::move(sealed));
  EXPECT_EQ(again.view().data(), bytes);
}

TEST(MessageStamper, ReopeningASharedMessageLeavesTheOthersAlone) {
  const ImmutableMessage shared =
      testing::Stamped(testing::MakeInsert("payload"), Term{1}, TimeTick{7});
  MutableMessage again = MessageStamper::Reopen(shared);
  MessageStamper::Stamp(again, Term{1}, TimeTick{8}, nullptr);
  EXPECT_EQ(again.payload(), "payload");
  EXPECT_EQ(again.view().time_tick(), TimeTick{8});
  EXPECT_EQ(shared.record().time_tick(), TimeTick{7});
}

TEST(MessageStamperDeathTest, SlotsThatAreNotThereAbort) {
  MutableMessage insert = testing::MakeInsert("x");
  EXPECT_DEATH(MessageStamper::SetTxn(insert, TxnContext()), "in no transaction");
  EXPECT_DEATH(MessageStamper::SetReplayStart(insert, nullptr), "no stored TimeTick");
}

TEST(MessageFactory, ATimeTickIsStoredOrNot) {
  const MutableMessage stored = MessageFactory::StoredTimeTick();
  EXPECT_EQ(stored.type(), MessageType::kTimeTick);
  EXPECT_EQ(stored.view().flags(), kHasReplayStart);
  const MutableMessage unstored = MessageFactory::UnstoredTimeTick();
  EXPECT_EQ(unstored.type(), MessageType::kTimeTick);
  EXPECT_EQ(unstored.view().flags(), kNotPersisted);
}

TEST(MessageFactory, AFenceBarrierCopiesTheNewestTick) {
  const Position newest{Id(40), TimeTick{400}};
  MutableMessage barrier = MessageFactory::FenceBarrier(Term{8}, newest, "writer-a");
  EXPECT_EQ(MessageFactory::WriterIdOf(barrier.view()), "writer-a");
  EXPECT_TRUE(MessageFactory::IsFence(barrier.view()));
  EXPECT_FALSE(MessageFactory::IsCloseMark(barrier.view()));
  const ImmutableMessage stored = MessageStamper::Seal(std::move(barrier)).WithId(Id(50));
  EXPECT_EQ(stored.type(), MessageType::kTimeTick);
  EXPECT_EQ(stored.term(), Term{8});
  EXPECT_EQ(stored.position(), newest);
}

TEST(MessageFactory, OnAnEmptyLogABarrierHasTickZeroAndItsOwnId) {
  MutableMessage barrier = MessageFactory::FenceBarrier(Term{1}, std::nullopt, "w");
  const ImmutableMessage stored = MessageStamper::Seal(std::move(barrier)).WithId(Id(0));
  EXPECT_EQ(stored.position(), (Position{Id(0), TimeTick{0}}));
}

TEST(MessageFactory, ACloseMarkIsABarrierToo) {
  const MutableMessage mark = MessageFactory::CloseMark(Term{1}, std::nullopt, "w");
  EXPECT_TRUE(MessageFactory::IsFence(mark.view()));
  EXPECT_TRUE(MessageFactory::IsCloseMark(mark.view()));
  EXPECT_EQ(MessageFactory::WriterIdOf(mark.view()), "w");
}

TEST(MessageFactory, AnythingElseIsNoFenceWhateverItsPropertiesSay) {
  MutableMessage::Builder builder = MessageFactory::AnyBuilder(MessageType::kInsert);
  builder.Property("_fc", "").Property("_fw", "w");
  const MutableMessage message = std::move(builder).Build("").value();
  EXPECT_FALSE(MessageFactory::IsCloseMark(message.view()));
  EXPECT_EQ(MessageFactory::WriterIdOf(message.view()), "");
}

TEST(MessageFactory, TheVersionCanBeSet) {
  MutableMessage::Builder builder = MessageFactory::AnyBuilder(MessageType::kInsert);
  MessageFactory::SetVersion(builder, 2);
  EXPECT_EQ(std::move(builder).Build("").value().view().version(), 2);
}

}  // namespace
}  // namespace tidelog
