#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"
#include "wal/message/milvus_codec.h"
#include "wal/message/record.h"
#include "wal/status.h"

namespace tidelog {
namespace {

constexpr MessageId::Origin kLog{LogKind::kKafka, 1, 0};

absl::StatusOr<ImmutableMessage> Decode(const MilvusMessage& message, const MessageId& id) {
  std::vector<PropertyView> views;
  for (const MilvusProperty& property : message.properties) {
    views.push_back({property.key, property.value});
  }
  return DecodeMilvus(message.payload, views, id);
}

MessageId AnyId() { return MessageId::FromNumber(kLog, *rc::gen::arbitrary<uint64_t>()); }

// A message of any kind that the log can write.
MutableMessage AnyMessage() {
  MutableMessage::Builder builder =
      MessageFactory::AnyBuilder(MessageType{*rc::gen::distinctFrom<int32_t>(999)});
  MessageFactory::SetVersion(builder, *rc::gen::inRange<uint16_t>(1, UINT16_MAX));
  const auto properties = *rc::gen::arbitrary<std::map<std::string, std::string>>();
  for (const auto& [key, value] : properties) builder.Property("user_" + key, value);
  const auto vchannel = *rc::gen::arbitrary<std::string>();
  if (!vchannel.empty()) builder.VChannel(vchannel);
  if (*rc::gen::arbitrary<bool>()) builder.IdempotencyKey(*rc::gen::arbitrary<std::string>());
  if (*rc::gen::arbitrary<bool>()) builder.TxnBodies(*rc::gen::arbitrary<uint32_t>());
  if (*rc::gen::arbitrary<bool>()) {
    builder.BarrierTimeTick(TimeTick{*rc::gen::arbitrary<uint64_t>()});
  }
  if (*rc::gen::arbitrary<bool>()) {
    const TimeTick id{*rc::gen::arbitrary<uint64_t>()};
    const int64_t ms = *rc::gen::inRange<int64_t>(0, INT64_MAX);
    builder.Txn(TxnContext{id, ms == 0 ? absl::InfiniteDuration() : absl::Milliseconds(ms)});
  }
  MutableMessage message = std::move(builder).Build(*rc::gen::arbitrary<std::string>()).value();
  const Term term{*rc::gen::arbitrary<int64_t>()};
  const TimeTick tick{*rc::gen::arbitrary<uint64_t>()};
  const MessageId last_confirmed = AnyId();
  MessageStamper::Stamp(message, term, tick,
                        *rc::gen::arbitrary<bool>() ? &last_confirmed : nullptr);
  return message;
}

RC_GTEST_PROP(MilvusCodecProperty, ARecordComesBackByteForByte, ()) {
  const MutableMessage message = AnyMessage();
  const MessageId id = AnyId();
  const ImmutableMessage decoded = Decode(EncodeMilvus(message.view()), id).value();
  RC_ASSERT(decoded.record().bytes() == message.view().bytes());
  RC_ASSERT(decoded.id() == id);
}

// Damage to one value is either refused or kept; it never changes silently.
RC_GTEST_PROP(MilvusCodecProperty, WhatIsDecodedIsEncodedAgain, (const std::string& value)) {
  const MutableMessage message = AnyMessage();
  MilvusMessage encoded = EncodeMilvus(message.view());
  const size_t at = *rc::gen::inRange<size_t>(0, encoded.properties.size());
  RC_PRE(encoded.properties[at].key != "_tx");
  encoded.properties[at].value = value;
  const absl::StatusOr<ImmutableMessage> decoded = Decode(encoded, AnyId());
  if (!decoded.ok()) {
    RC_ASSERT(GetWalErrorCode(decoded.status()) == WalErrorCode::kCorrupt);
    return;
  }
  MilvusMessage again = EncodeMilvus(decoded->record());
  RC_ASSERT(again.payload == encoded.payload);
  // An empty VChannel is none.
  std::erase(encoded.properties, MilvusProperty{"_vc", ""});
  RC_ASSERT(again.properties == encoded.properties);
}

}  // namespace
}  // namespace tidelog
