#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "wal/base/number_text.h"
#include "wal/base/status_macros.h"
#include "wal/message/message_version.h"
#include "wal/message/milvus_codec.h"
#include "wal/message/milvus_fields.h"
#include "wal/message/record_writer.h"
#include "wal/message/reserved_properties.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog {
namespace {

using Properties = absl::InlinedVector<PropertyView, 16>;

class Decoder {
 public:
  Decoder(absl::Span<const PropertyView> properties, const MessageId& id)
      : id_(id), properties_(properties.begin(), properties.end()) {}

  absl::StatusOr<ImmutableMessage> Run(std::string_view payload) {
    TIDELOG_RETURN_IF_ERROR(CheckKeys());
    TIDELOG_RETURN_IF_ERROR(ReadStamps());
    TIDELOG_RETURN_IF_ERROR(ReadLastConfirmed());
    TIDELOG_RETURN_IF_ERROR(ReadExtensions());
    TIDELOG_RETURN_IF_ERROR(ReadChunk());
    TIDELOG_RETURN_IF_ERROR(ReadMarks());
    if (payload.size() > kPayloadSizeMax) return Corrupt("payload", "is too large");
    const Properties kept = Kept();
    parts_.properties = kept;
    MessageBlockRef block = MakeRecord(parts_, payload.size());
    if (!payload.empty()) {
      std::memcpy(MutablePayload(block.get()), payload.data(), payload.size());
    }
    const RecordView record = RecordView::Trusted(block->bytes());
    return ImmutableMessage(std::move(block), record, id_);
  }

 private:
  absl::Status Corrupt(std::string_view key, std::string_view what) const {
    return WalError(WalErrorCode::kCorrupt, absl::StrCat("decode ", id_.ToString(), ": property \"",
                                                         absl::CHexEscape(key), "\" ", what));
  }

  absl::Status Malformed(std::string_view key, std::string_view value) const {
    return Corrupt(key,
                   absl::StrCat("is malformed: \"", absl::CHexEscape(value.substr(0, 100)), "\""));
  }

  // Orders the properties, and checks that they fit a record.
  absl::Status CheckKeys() {
    std::sort(properties_.begin(), properties_.end(),
              [](const PropertyView& a, const PropertyView& b) { return a.key < b.key; });
    if (properties_.size() > std::numeric_limits<uint16_t>::max()) {
      return Corrupt(properties_.back().key, "is one of too many");
    }
    size_t size = 0;
    for (size_t i = 0; i < properties_.size(); ++i) {
      const auto& [key, value] = properties_[i];
      if (key.empty()) return Corrupt(key, "has no key");
      if (i > 0 && properties_[i - 1].key == key) return Corrupt(key, "is there twice");
      size += key.size() + value.size();
      if (key.size() > std::numeric_limits<uint16_t>::max() || size > kPropertiesSizeMax) {
        return Corrupt(key.substr(0, 100), "is too large");
      }
    }
    return absl::OkStatus();
  }

  std::optional<std::string_view> Find(std::string_view key) const {
    const auto at =
        std::lower_bound(properties_.begin(), properties_.end(), key,
                         [](const PropertyView& a, std::string_view b) { return a.key < b; });
    if (at == properties_.end() || at->key != key) return std::nullopt;
    return at->value;
  }

  // The number of property `key`; none if it is absent.
  template <class T>
  absl::StatusOr<std::optional<T>> Number(std::string_view key, int base) const {
    const std::optional<std::string_view> value = Find(key);
    if (!value) return std::optional<T>();
    const std::optional<T> number = ParseNumber<T>(*value, base);
    if (!number) return Malformed(key, *value);
    return number;
  }

  // As Number(), of a property that only messages of the old version may lack.
  template <class T>
  absl::StatusOr<T> Stamp(std::string_view key, int base) const {
    TIDELOG_ASSIGN_OR_RETURN(const std::optional<T> number, Number<T>(key, base));
    if (!number && parts_.version != kMessageVersionOld) return Corrupt(key, "is missing");
    return number.value_or(0);
  }

  absl::Status ReadStamps() {
    TIDELOG_ASSIGN_OR_RETURN(const auto version, Number<uint16_t>(milvus::kVersion, 10));
    parts_.version = version.value_or(kMessageVersionOld);
    TIDELOG_ASSIGN_OR_RETURN(const int32_t type, Stamp<int32_t>(milvus::kType, 10));
    if (type == ToInt(MessageType::kTxn)) {
      return Corrupt(milvus::kType, "is Txn, which is never stored");
    }
    parts_.type = MessageType{type};
    TIDELOG_ASSIGN_OR_RETURN(const uint64_t tick,
                             Stamp<uint64_t>(milvus::kTimeTick, milvus::kIdBase));
    parts_.time_tick = TimeTick{tick};
    TIDELOG_ASSIGN_OR_RETURN(const int64_t term, Stamp<int64_t>(milvus::kTerm, milvus::kIdBase));
    parts_.term = Term{term};
    parts_.vchannel = Find(milvus::kVChannel).value_or(std::string_view());
    if (parts_.vchannel.size() > std::numeric_limits<uint16_t>::max()) {
      return Corrupt(milvus::kVChannel, "is too large");
    }
    return absl::OkStatus();
  }

  absl::Status ReadLastConfirmed() {
    const std::optional<std::string_view> text = Find(milvus::kLastConfirmed);
    const bool is_self = Find(milvus::kLastConfirmedIsSelfMark).has_value();
    if (text && is_self) return Corrupt(milvus::kLastConfirmed, "contradicts \"_lcs\"");
    if (!text && !is_self && parts_.version != kMessageVersionOld) {
      return Corrupt(milvus::kLastConfirmed, "is missing");
    }
    if (!text) return absl::OkStatus();
    std::optional<std::string> key = milvus::ParseKey(*text);
    if (!key) return Malformed(milvus::kLastConfirmed, *text);
    last_confirmed_ = *std::move(key);
    parts_.last_confirmed_key = last_confirmed_;
    return absl::OkStatus();
  }

  absl::Status ReadExtensions() {
    TIDELOG_ASSIGN_OR_RETURN(const auto barrier,
                             Number<uint64_t>(milvus::kBarrierTimeTick, milvus::kIdBase));
    if (barrier) parts_.barrier_time_tick = TimeTick{*barrier};
    if (const auto text = Find(milvus::kTxnContext)) {
      parts_.txn = milvus::ParseTxnContext(*text);
      if (!parts_.txn) return Malformed(milvus::kTxnContext, *text);
    }
    TIDELOG_ASSIGN_OR_RETURN(parts_.txn_bodies, Number<uint32_t>(kTxnBodiesProperty, 10));
    const std::optional<std::string_view> start = Find(kReplayStartProperty);
    if (!start) return absl::OkStatus();
    std::optional<std::string> key = start->empty() ? std::string() : milvus::ParseKey(*start);
    if (!key) return Malformed(kReplayStartProperty, *start);
    replay_start_ = *std::move(key);
    parts_.replay_start_key = replay_start_;
    return absl::OkStatus();
  }

  absl::Status ReadChunk() {
    TIDELOG_ASSIGN_OR_RETURN(const auto index, Number<uint32_t>(milvus::kChunkIndex, 10));
    TIDELOG_ASSIGN_OR_RETURN(const auto total, Number<uint32_t>(milvus::kChunkTotal, 10));
    if (!index && !total) return absl::OkStatus();
    if (!index) return Corrupt(milvus::kChunkIndex, "is missing");
    if (!total) return Corrupt(milvus::kChunkTotal, "is missing");
    if (*total < 2) return Corrupt(milvus::kChunkTotal, absl::StrCat("is ", *total));
    if (*index >= *total) {
      return Corrupt(milvus::kChunkIndex, absl::StrCat("is ", *index, " of ", *total));
    }
    parts_.chunk = Chunk{*index, *total};
    return absl::OkStatus();
  }

  absl::Status ReadMarks() {
    constexpr std::pair<std::string_view, RecordFlags> kMarks[] = {
        {milvus::kLastConfirmedIsSelfMark, kLastConfirmedIsSelf},
        {milvus::kNotPersistedMark, kNotPersisted},
        {kFenceBarrierProperty, kFenceBarrier},
    };
    for (const auto& [key, flag] : kMarks) {
      const std::optional<std::string_view> value = Find(key);
      if (!value) continue;
      if (!value->empty()) return Malformed(key, *value);
      parts_.flags |= flag;
    }
    return absl::OkStatus();
  }

  // What has no slot.
  Properties Kept() const {
    Properties kept;
    for (const PropertyView& property : properties_) {
      if (milvus::IsSlot(property.key, parts_.version)) continue;
      const bool is_implied = property.key == milvus::kHeader && property.value.empty() &&
                              parts_.version != kMessageVersionOld;
      if (!is_implied) kept.push_back(property);
    }
    return kept;
  }

  const MessageId id_;
  Properties properties_;
  RecordParts parts_;
  std::string last_confirmed_;  // What views in `parts_` refer to.
  std::string replay_start_;
};

}  // namespace

absl::StatusOr<ImmutableMessage> DecodeMilvus(std::string_view payload,
                                              absl::Span<const PropertyView> properties,
                                              const MessageId& id) {
  return Decoder(properties, id).Run(payload);
}

}  // namespace tidelog
