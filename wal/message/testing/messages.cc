#include "wal/message/testing/messages.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "wal/message/message_stamper.h"

namespace tidelog::testing {
namespace {

MutableMessage BuildOrDie(MutableMessage::Builder builder, std::string_view payload) {
  absl::StatusOr<MutableMessage> message = std::move(builder).Build(payload);
  CHECK(message.ok()) << message.status();
  return *std::move(message);
}

MutableMessage::Builder BuilderFor(MessageType type, std::string_view vchannel) {
  MutableMessage::Builder builder(type);
  if (!vchannel.empty()) builder.VChannel(vchannel);
  return builder;
}

}  // namespace

MutableMessage MakeMessage(MessageType type, std::string_view payload, std::string_view vchannel) {
  return BuildOrDie(BuilderFor(type, vchannel), payload);
}

MutableMessage MakeInsert(std::string_view payload, std::string_view vchannel) {
  return MakeMessage(MessageType::kInsert, payload, vchannel);
}

MutableMessage MakeKeyed(std::string_view key, std::string_view payload,
                         std::string_view vchannel) {
  MutableMessage::Builder builder = BuilderFor(MessageType::kInsert, vchannel);
  builder.IdempotencyKey(key);
  return BuildOrDie(std::move(builder), payload);
}

MutableMessage MakeKeyedCommit(std::string_view key, std::string_view vchannel,
                               const TxnContext& txn, uint32_t bodies) {
  MutableMessage::Builder builder = BuilderFor(MessageType::kCommitTxn, vchannel);
  builder.Txn(txn).TxnBodies(bodies).IdempotencyKey(key);
  return BuildOrDie(std::move(builder), "");
}

MutableMessage MakeBegin(std::string_view vchannel, absl::Duration keepalive) {
  MutableMessage::Builder builder = BuilderFor(MessageType::kBeginTxn, vchannel);
  builder.Txn(TxnContext{TimeTick{0}, keepalive});
  return BuildOrDie(std::move(builder), "");
}

MutableMessage MakeBody(std::string_view payload, std::string_view vchannel,
                        const TxnContext& txn) {
  MutableMessage::Builder builder = BuilderFor(MessageType::kInsert, vchannel);
  builder.Txn(txn);
  return BuildOrDie(std::move(builder), payload);
}

MutableMessage MakeCommit(std::string_view vchannel, const TxnContext& txn, uint32_t bodies) {
  MutableMessage::Builder builder = BuilderFor(MessageType::kCommitTxn, vchannel);
  builder.Txn(txn).TxnBodies(bodies);
  return BuildOrDie(std::move(builder), "");
}

MutableMessage MakeRollback(std::string_view vchannel, const TxnContext& txn) {
  MutableMessage::Builder builder = BuilderFor(MessageType::kRollbackTxn, vchannel);
  builder.Txn(txn);
  return BuildOrDie(std::move(builder), "");
}

ImmutableMessage Stamped(MutableMessage message, Term term, TimeTick tick,
                         const MessageId* last_confirmed) {
  MessageStamper::Stamp(message, term, tick, last_confirmed);
  return MessageStamper::Seal(std::move(message));
}

ImmutableMessage Stored(MutableMessage message, Term term, TimeTick tick, const MessageId& id,
                        const MessageId* last_confirmed) {
  return Stamped(std::move(message), term, tick, last_confirmed).WithId(id);
}

}  // namespace tidelog::testing
