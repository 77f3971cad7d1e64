#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wal/base/number_text.h"
#include "wal/message/message_version.h"
#include "wal/message/milvus_codec.h"
#include "wal/message/milvus_fields.h"
#include "wal/message/record.h"
#include "wal/message/reserved_properties.h"
#include "wal/proto/milvus.pb.h"
#include "wal/types.h"

namespace tidelog {
namespace {

class Encoder {
 public:
  explicit Encoder(const RecordView& record)
      : record_(record), flags_(record.flags()), is_old_(record.version() == kMessageVersionOld) {}

  std::vector<MilvusProperty> Run() {
    AddStamps();
    AddExtensions();
    AddMarks();
    AddKept();
    std::sort(properties_.begin(), properties_.end(),
              [](const MilvusProperty& a, const MilvusProperty& b) { return a.key < b.key; });
    return std::move(properties_);
  }

 private:
  void Add(std::string_view key, std::string value) {
    properties_.push_back({std::string(key), std::move(value)});
  }

  // Messages of the old version, from before this encoding, have only what they came with.
  void AddStamps() {
    if (!is_old_) Add(milvus::kVersion, FormatNumber(record_.version(), 10));
    if (!is_old_ || record_.type() != MessageType::kUnknown) {
      Add(milvus::kType, FormatNumber(ToInt(record_.type()), 10));
    }
    if (!is_old_ || record_.time_tick() != TimeTick{0}) {
      Add(milvus::kTimeTick, FormatNumber(ToInt(record_.time_tick()), milvus::kIdBase));
    }
    if (!is_old_ || record_.term() != Term{0}) {
      Add(milvus::kTerm, FormatNumber(ToInt(record_.term()), milvus::kIdBase));
    }
    if (!record_.vchannel().empty()) Add(milvus::kVChannel, std::string(record_.vchannel()));
    if (!is_old_ && !record_.Property(milvus::kHeader)) Add(milvus::kHeader, "");
  }

  void AddExtensions() {
    const std::string_view last_confirmed = record_.last_confirmed_key();
    if (!last_confirmed.empty()) Add(milvus::kLastConfirmed, milvus::FormatKey(last_confirmed));
    if (const auto barrier = record_.barrier_time_tick()) {
      Add(milvus::kBarrierTimeTick, FormatNumber(ToInt(*barrier), milvus::kIdBase));
    }
    if (const auto txn = record_.txn()) Add(milvus::kTxnContext, milvus::FormatTxnContext(*txn));
    if (const auto bodies = record_.txn_bodies()) {
      Add(kTxnBodiesProperty, FormatNumber(*bodies, 10));
    }
    if (flags_ & kHasReplayStart) {
      const std::string_view key = record_.replay_start_key();
      Add(kReplayStartProperty, key.empty() ? std::string() : milvus::FormatKey(key));
    }
    if (const auto chunk = record_.chunk()) {
      Add(milvus::kChunkIndex, FormatNumber(chunk->index, 10));
      Add(milvus::kChunkTotal, FormatNumber(chunk->total, 10));
    }
  }

  void AddMarks() {
    if (flags_ & kLastConfirmedIsSelf) Add(milvus::kLastConfirmedIsSelfMark, "");
    if (flags_ & kNotPersisted) Add(milvus::kNotPersistedMark, "");
    if (flags_ & kFenceBarrier) Add(kFenceBarrierProperty, "");
  }

  void AddKept() {
    record_.ForEachProperty([this](std::string_view key, std::string_view value) {
      // Only a record that was not made by these builders can hold a slot's property as well.
      if (!milvus::IsSlot(key, record_.version())) Add(key, std::string(value));
    });
  }

  const RecordView record_;
  const uint16_t flags_;
  const bool is_old_;
  std::vector<MilvusProperty> properties_;
};

std::optional<size_t> SizeBeforeEncryption(const MilvusMessage& message) {
  for (const MilvusProperty& property : message.properties) {
    if (property.key != milvus::kCipherHeader) continue;
    const std::optional<std::string> bytes = milvus::ParseBase64(property.value);
    proto::MilvusCipherHeader header;
    if (!bytes || !header.ParseFromString(*bytes) || header.payload_bytes() < 0) break;
    return static_cast<size_t>(header.payload_bytes());
  }
  return std::nullopt;
}

}  // namespace

MilvusMessage EncodeMilvus(const RecordView& record) {
  return MilvusMessage{record.payload(), Encoder(record).Run()};
}

size_t MilvusEstimateSize(const MilvusMessage& message) {
  size_t size = SizeBeforeEncryption(message).value_or(message.payload.size());
  for (const MilvusProperty& property : message.properties) {
    size += property.key.size() + property.value.size();
  }
  return size;
}

}  // namespace tidelog
