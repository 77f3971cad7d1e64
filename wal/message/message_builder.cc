#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "wal/base/status_macros.h"
#include "wal/message/message.h"
#include "wal/message/message_version.h"
#include "wal/message/record.h"
#include "wal/message/record_writer.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog {
namespace {

absl::Status Invalid(MessageType type, std::string_view what) {
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("build a message of type ", MessageTypeName(type), ": ", what));
}

absl::Status TooLarge(MessageType type, std::string_view what, size_t size, size_t max) {
  return WalError(WalErrorCode::kTooLarge,
                  absl::StrCat("build a message of type ", MessageTypeName(type), ": ", what, " ",
                               size, " is above the limit ", max));
}

}  // namespace

MutableMessage::Builder::Builder(MessageType type) {
  parts_.type = type;
  parts_.version = DefaultMessageVersion(type);
}

void MutableMessage::Builder::NoteRepeat(bool repeated, std::string_view part) {
  if (repeated && repeated_part_.empty()) repeated_part_ = part;
}

void MutableMessage::Builder::AddProperty(std::string_view key, std::string_view value,
                                          bool by_the_builder) {
  property_places_.push_back({bytes_.size(), key.size(), value.size(), by_the_builder});
  bytes_.insert(bytes_.end(), key.begin(), key.end());
  bytes_.insert(bytes_.end(), value.begin(), value.end());
}

MutableMessage::Builder& MutableMessage::Builder::VChannel(std::string_view name) {
  NoteRepeat(has_vchannel_, "the vchannel");
  has_vchannel_ = true;
  vchannel_begin_ = bytes_.size();
  vchannel_size_ = name.size();
  bytes_.insert(bytes_.end(), name.begin(), name.end());
  return *this;
}

MutableMessage::Builder& MutableMessage::Builder::Property(std::string_view key,
                                                           std::string_view value) {
  AddProperty(key, value, /*by_the_builder=*/false);
  return *this;
}

MutableMessage::Builder& MutableMessage::Builder::Txn(const TxnContext& txn) {
  NoteRepeat(parts_.txn.has_value(), "the transaction");
  parts_.txn = txn;
  return *this;
}

MutableMessage::Builder& MutableMessage::Builder::TxnBodies(uint32_t count) {
  NoteRepeat(parts_.txn_bodies.has_value(), "the number of bodies");
  parts_.txn_bodies = count;
  return *this;
}

MutableMessage::Builder& MutableMessage::Builder::BarrierTimeTick(TimeTick tick) {
  NoteRepeat(parts_.barrier_time_tick.has_value(), "the barrier");
  parts_.barrier_time_tick = tick;
  return *this;
}

MutableMessage::Builder& MutableMessage::Builder::IdempotencyKey(std::string_view key) {
  NoteRepeat(has_idempotency_key_, "the idempotency key");
  has_idempotency_key_ = true;
  AddProperty(kIdempotencyKeyProperty, key, /*by_the_builder=*/true);
  return *this;
}

absl::Status MutableMessage::Builder::CheckTxn() const {
  const MessageType type = parts_.type;
  const bool ends_txn = type == MessageType::kCommitTxn || type == MessageType::kRollbackTxn;
  if (ends_txn && !parts_.txn) return Invalid(type, "it names no transaction: call Txn()");
  if (type == MessageType::kCommitTxn && !parts_.txn_bodies) {
    return Invalid(type, "it does not say how many bodies count in: call TxnBodies()");
  }
  if (type != MessageType::kCommitTxn && parts_.txn_bodies) {
    return Invalid(type, "only a commit says how many bodies count in");
  }
  if (has_idempotency_key_ && parts_.txn && type != MessageType::kCommitTxn) {
    return Invalid(type, "in a transaction only the commit has an idempotency key");
  }
  if (!parts_.txn || parts_.txn->keepalive == absl::InfiniteDuration()) return absl::OkStatus();
  const absl::Duration keepalive = parts_.txn->keepalive;
  if (keepalive < absl::ZeroDuration() ||
      keepalive != absl::Trunc(keepalive, absl::Milliseconds(1))) {
    return Invalid(type, absl::StrCat("a lease of ", absl::FormatDuration(keepalive),
                                      ": whole milliseconds are needed"));
  }
  return absl::OkStatus();
}

absl::Status MutableMessage::Builder::CheckParts(size_t payload_size) const {
  const MessageType type = parts_.type;
  if (type == MessageType::kTxn) return Invalid(type, "readers make it of a transaction's members");
  if (type == MessageType::kTimeTick && !of_the_log_) return Invalid(type, "the log makes it");
  if (!repeated_part_.empty()) return Invalid(type, absl::StrCat(repeated_part_, " twice"));
  if (!of_the_log_) TIDELOG_RETURN_IF_ERROR(CheckTxn());
  if (payload_size > kPayloadSizeMax) {
    return TooLarge(type, "payload size", payload_size, kPayloadSizeMax);
  }
  if (vchannel_size_ > kVChannelNameMax) {
    return TooLarge(type, "size of the vchannel's name", vchannel_size_, kVChannelNameMax);
  }
  if (property_places_.size() > kPropertyCountMax) {
    return TooLarge(type, "property count", property_places_.size(), kPropertyCountMax);
  }
  const size_t properties_size = bytes_.size() - vchannel_size_;
  if (properties_size > kPropertiesSizeMax) {
    return TooLarge(type, "size of all properties", properties_size, kPropertiesSizeMax);
  }
  return absl::OkStatus();
}

absl::StatusOr<MutableMessage::Builder::PropertyViews> MutableMessage::Builder::OrderedProperties()
    const {
  PropertyViews views;
  for (const PropertyPlace& place : property_places_) {
    const std::string_view key(bytes_.data() + place.begin, place.key_size);
    if (key.empty()) return Invalid(parts_.type, "a property without a key");
    if (key.size() > kPropertyKeyMax) {
      return TooLarge(parts_.type, "size of a property's key", key.size(), kPropertyKeyMax);
    }
    if (IsReservedProperty(key) && !place.by_the_builder && !of_the_log_) {
      return Invalid(parts_.type, absl::StrCat("the property \"", absl::CHexEscape(key),
                                               "\": keys that begin with \"_\" are reserved"));
    }
    views.push_back({key, std::string_view(key.data() + key.size(), place.value_size)});
  }
  std::sort(views.begin(), views.end(),
            [](const PropertyView& a, const PropertyView& b) { return a.key < b.key; });
  const auto twice = std::adjacent_find(
      views.begin(), views.end(),
      [](const PropertyView& a, const PropertyView& b) { return a.key == b.key; });
  if (twice != views.end()) {
    return Invalid(parts_.type,
                   absl::StrCat("the property \"", absl::CHexEscape(twice->key), "\" twice"));
  }
  return views;
}

absl::StatusOr<MutableMessage> MutableMessage::Builder::BuildWithRoom(size_t size) && {
  TIDELOG_RETURN_IF_ERROR(CheckParts(size));
  PropertyViews properties;
  if (!property_places_.empty()) {
    TIDELOG_ASSIGN_OR_RETURN(properties, OrderedProperties());
  }
  RecordParts parts = parts_;
  // The log stamps the transaction's id here.
  if (parts.type == MessageType::kBeginTxn && !parts.txn) parts.txn.emplace();
  parts.vchannel = std::string_view(bytes_.data() + vchannel_begin_, vchannel_size_);
  parts.properties = properties;
  return MutableMessage(MakeRecord(parts, size));
}

absl::StatusOr<MutableMessage> MutableMessage::Builder::Build(std::string_view payload) && {
  TIDELOG_ASSIGN_OR_RETURN(MutableMessage message, std::move(*this).BuildWithRoom(payload.size()));
  if (!payload.empty()) {
    std::memcpy(message.mutable_payload().data(), payload.data(), payload.size());
  }
  return message;
}

}  // namespace tidelog
