// TransactionWorld: an open log in a LogWorld, and the messages of transactions in a line each.
#ifndef TIDELOG_ADAPTOR_TESTING_TRANSACTION_WORLD_H_
#define TIDELOG_ADAPTOR_TESTING_TRANSACTION_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"

namespace tidelog::adaptor {

class TransactionWorld : public ::testing::Test {
 protected:
  using Result = absl::StatusOr<AppendResult>;

  explicit TransactionWorld(Config config = {})
      : world_({.config = std::move(config)}), wal_(world_.MustOpen(Term{1})) {}
  ~TransactionWorld() override { (void)world_.Close(*wal_); }

  void Settle() { world_.runtime().RunUntilIdle(); }
  // The log, closed before, again.
  void Open(Term term) { wal_ = world_.MustOpen(term); }
  void Reopen(Term term) {
    (void)world_.Close(*wal_);
    Open(term);
  }
  // The next owner opens while this one is there, which learns of it at its next tick.
  void Crash(Term term) {
    std::unique_ptr<Wal> next = world_.MustOpen(term);
    world_.runtime().Advance(absl::Milliseconds(200));
    (void)world_.Close(*wal_);
    wal_ = std::move(next);
  }

  Future<Result> Start(MutableMessage message) { return wal_->Append(std::move(message), {}); }
  Result Append(MutableMessage message) {
    Future<Result> result = Start(std::move(message));
    // Not by LogWorld::Append(), which goes on until the result is there: some wait for the test.
    Settle();
    if (!result.ready()) world_.runtime().Advance(absl::Seconds(1));
    CHECK(result.ready());
    return std::move(result).Take();
  }
  BatchResult AppendBatch(std::vector<MutableMessage> messages) {
    return world_.Run([&] { return wal_->AppendBatch(std::move(messages), AppendOptions()); });
  }
  static AppendResult Must(const Result& result) {
    CHECK_OK(result);
    return *result;
  }

  TxnContext Begin(std::string_view vchannel = "v", absl::Duration lease = absl::Seconds(10)) {
    return Must(Append(tidelog::testing::MakeBegin(vchannel, lease))).txn;
  }
  Result Body(const TxnContext& txn, std::string_view payload, std::string_view vchannel = "v") {
    return Append(tidelog::testing::MakeBody(payload, vchannel, txn));
  }
  Result Commit(const TxnContext& txn, uint32_t bodies, std::string_view vchannel = "v") {
    return Append(tidelog::testing::MakeCommit(vchannel, txn, bodies));
  }
  Result RollBack(const TxnContext& txn, std::string_view vchannel = "v") {
    return Append(tidelog::testing::MakeRollback(vchannel, txn));
  }
  Result Exclusive(std::string_view vchannel) {
    return Append(tidelog::testing::MakeMessage(MessageType::kManualFlush, "flush", vchannel));
  }
  // Whose tick will be the next above `tick`.
  static MutableMessage BodyAbove(const TxnContext& txn, std::string_view payload, TimeTick tick) {
    MutableMessage::Builder builder(MessageType::kInsert);
    builder.VChannel("v").Txn(txn).BarrierTimeTick(tick);
    return *std::move(builder).Build(payload);
  }
  static MutableMessage CommitAbove(const TxnContext& txn, uint32_t bodies, TimeTick tick) {
    MutableMessage::Builder builder(MessageType::kCommitTxn);
    builder.VChannel("v").Txn(txn).TxnBodies(bodies).BarrierTimeTick(tick);
    return *std::move(builder).Build("");
  }
  // What can end it, without bodies; and a body besides.
  static std::vector<MutableMessage> Ends(const TxnContext& txn) {
    std::vector<MutableMessage> messages;
    messages.push_back(tidelog::testing::MakeCommit("v", txn, 0));
    messages.push_back(tidelog::testing::MakeRollback("v", txn));
    return messages;
  }
  static std::vector<MutableMessage> Members(const TxnContext& txn) {
    std::vector<MutableMessage> messages = Ends(txn);
    messages.push_back(tidelog::testing::MakeBody("late", "v", txn));
    return messages;
  }

  static void ExpectExpired(const Result& result, std::string_view why) {
    EXPECT_EQ(CodeOf(result), WalErrorCode::kTransactionExpired) << result.status();
    EXPECT_THAT(result.status().message(), ::testing::HasSubstr(std::string(why)));
  }

  // "a"; of a transaction "[a b]".
  static std::string Text(const ImmutableMessage& message) {
    if (message.type() != MessageType::kTxn) return std::string(message.payload());
    std::vector<std::string_view> bodies;
    for (const ImmutableMessage& member : message.transaction()) {
      if (!FramesTransaction(member.type())) bodies.push_back(member.payload());
    }
    return absl::StrCat("[", absl::StrJoin(bodies, " "), "]");
  }
  std::vector<std::string> ReadAll(ReadOptions options = {}) {
    options.until = TailAtOpen{};
    std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, std::move(options));
    std::vector<std::string> texts;
    bool end = false;
    while (!end) {
      const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
      CHECK_OK(batch);
      for (const ImmutableMessage& message : batch->messages) texts.push_back(Text(message));
      end = batch->end;
    }
    world_.MustClose(*scanner);
    return texts;
  }

  Mvcc MvccOf(std::string vchannel) {
    return *world_.Run([&] { return wal_->LatestMvcc(vchannel); });
  }
  std::string Details(const std::string& key) {
    return world_.Run([&] { return wal_->Info(); })->details.at(key);
  }
  // Records but for TimeTicks.
  size_t StoredCount() {
    size_t count = 0;
    for (const ImmutableMessage& record : world_.fake().records()) {
      count += record.type() != MessageType::kTimeTick ? 1 : 0;
    }
    return count;
  }

  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_TESTING_TRANSACTION_WORLD_H_
