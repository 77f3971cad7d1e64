#include "wal/message/record.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/message/record_layout.h"
#include "wal/status.h"

namespace tidelog {
namespace {

using record_layout::ExtensionOffset;
using record_layout::ExtensionWords;
using record_layout::kPropertyCountSize;
using record_layout::kPropertyHeadSize;
using record_layout::Load;

absl::Status Corrupt(std::string_view what) {
  return WalError(WalErrorCode::kCorrupt, absl::StrCat("parse record: ", what));
}

bool IsZero(const char* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

absl::Status CheckHeader(const RecordHeader& header, size_t size) {
  if (header.flags & ~record_layout::kAllFlags) {
    return Corrupt(absl::StrCat("flags ", absl::Hex(header.flags), ": unknown bits"));
  }
  if (header.reserved != 0) return Corrupt("reserved bytes are not zero");
  if (header.type == ToInt(MessageType::kTxn)) {
    return Corrupt("type Txn, which is never stored");
  }
  if (header.last_confirmed_size > MessageId::kKeyMax) {
    return Corrupt(absl::StrCat("a last-confirmed key of ", header.last_confirmed_size, " bytes"));
  }
  if ((header.flags & kLastConfirmedIsSelf) && header.last_confirmed_size != 0) {
    return Corrupt("last-confirmed is the record itself and another");
  }
  if (!IsZero(header.last_confirmed_key + header.last_confirmed_size,
              MessageId::kKeyMax - header.last_confirmed_size)) {
    return Corrupt("bytes behind the last-confirmed key are not zero");
  }
  if (header.extension_words != ExtensionWords(header.flags)) {
    return Corrupt(absl::StrCat("flags ", absl::Hex(header.flags), " with ", header.extension_words,
                                " words of extensions"));
  }
  const uint64_t sum = sizeof(RecordHeader) + uint64_t{8} * header.extension_words +
                       header.vchannel_size + header.properties_size +
                       uint64_t{header.payload_size};
  if (sum != size) {
    return Corrupt(absl::StrCat("sizes in the header add up to ", sum, ", the record has ", size));
  }
  return absl::OkStatus();
}

absl::Status CheckExtensions(const char* bytes, uint16_t flags) {
  if (flags & kHasTxnBodies) {
    const char* at = bytes + ExtensionOffset(flags, kHasTxnBodies);
    if (Load<uint32_t>(at + 4) != 0) return Corrupt("bytes behind txn_bodies are not zero");
  }
  if (flags & kHasReplayStart) {
    const char* at = bytes + ExtensionOffset(flags, kHasReplayStart);
    const uint32_t key_size = Load<uint32_t>(at);
    if (key_size > MessageId::kKeyMax) {
      return Corrupt(absl::StrCat("a replay-start key of ", key_size, " bytes"));
    }
    if (!IsZero(at + 4 + key_size, MessageId::kKeyMax - key_size)) {
      return Corrupt("bytes behind the replay-start key are not zero");
    }
  }
  if (flags & kHasChunk) {
    const char* at = bytes + ExtensionOffset(flags, kHasChunk);
    const Chunk chunk{Load<uint32_t>(at), Load<uint32_t>(at + 4)};
    if (chunk.total < 2 || chunk.index >= chunk.total) {
      return Corrupt(absl::StrCat("chunk ", chunk.index, " of ", chunk.total));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckProperties(std::string_view rest) {
  if (rest.empty()) return absl::OkStatus();
  if (rest.size() < kPropertyCountSize) return Corrupt("properties are cut off");
  const uint16_t count = Load<uint16_t>(rest.data());
  if (count == 0) return Corrupt("properties with a count of 0");
  rest.remove_prefix(kPropertyCountSize);
  std::string_view previous;
  for (uint16_t i = 0; i < count; ++i) {
    if (rest.size() < kPropertyHeadSize) {
      return Corrupt(absl::StrCat("property ", i, " of ", count, " is cut off"));
    }
    const size_t key_size = Load<uint16_t>(rest.data());
    const uint64_t value_size = Load<uint32_t>(rest.data() + sizeof(uint16_t));
    rest.remove_prefix(kPropertyHeadSize);
    if (key_size + value_size > rest.size()) {
      return Corrupt(absl::StrCat("property ", i, " of ", count, " is cut off"));
    }
    const std::string_view key = rest.substr(0, key_size);
    if (key <= previous) {  // The first one is compared with "": a key is not empty.
      return Corrupt(absl::StrCat("the key of property ", i, " is empty or out of order"));
    }
    previous = key;
    rest.remove_prefix(key_size + value_size);
  }
  if (!rest.empty()) return Corrupt(absl::StrCat(rest.size(), " bytes behind the properties"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RecordView> RecordView::Parse(std::string_view bytes) {
  if (bytes.size() < sizeof(RecordHeader)) {
    return Corrupt(absl::StrCat(bytes.size(), " bytes are less than a header"));
  }
  const RecordHeader header = Load<RecordHeader>(bytes.data());
  TIDELOG_RETURN_IF_ERROR(CheckHeader(header, bytes.size()));
  TIDELOG_RETURN_IF_ERROR(CheckExtensions(bytes.data(), header.flags));
  const RecordView record(bytes.data());
  TIDELOG_RETURN_IF_ERROR(
      CheckProperties(std::string_view(record.properties_begin(), header.properties_size)));
  return record;
}

const char* RecordView::extension(RecordFlags flag) const {
  const uint16_t all = flags();
  return all & flag ? bytes_ + ExtensionOffset(all, flag) : nullptr;
}

std::optional<TimeTick> RecordView::barrier_time_tick() const {
  const char* at = extension(kHasBarrierTick);
  if (at == nullptr) return std::nullopt;
  return TimeTick{Load<uint64_t>(at)};
}

std::optional<TxnContext> RecordView::txn() const {
  const char* at = extension(kHasTxn);
  if (at == nullptr) return std::nullopt;
  return TxnContext{TimeTick{Load<uint64_t>(at)},
                    record_layout::KeepaliveFromMs(Load<int64_t>(at + 8))};
}

std::optional<uint32_t> RecordView::txn_bodies() const {
  const char* at = extension(kHasTxnBodies);
  if (at == nullptr) return std::nullopt;
  return Load<uint32_t>(at);
}

std::string_view RecordView::replay_start_key() const {
  const char* at = extension(kHasReplayStart);
  if (at == nullptr) return {};
  return std::string_view(at + 4, Load<uint32_t>(at));
}

std::optional<Chunk> RecordView::chunk() const {
  const char* at = extension(kHasChunk);
  if (at == nullptr) return std::nullopt;
  return Chunk{Load<uint32_t>(at), Load<uint32_t>(at + 4)};
}

size_t RecordView::property_count() const {
  return Field<uint32_t>(kPropertiesSizeAt) == 0 ? 0 : Load<uint16_t>(properties_begin());
}

std::optional<std::string_view> RecordView::Property(std::string_view key) const {
  size_t left = property_count();
  const char* at = properties_begin() + kPropertyCountSize;
  for (; left > 0; --left) {
    const size_t key_size = Load<uint16_t>(at);
    const size_t value_size = Load<uint32_t>(at + sizeof(uint16_t));
    const std::string_view found(at + kPropertyHeadSize, key_size);
    if (found == key) return std::string_view(found.data() + key_size, value_size);
    if (found > key) break;
    at = found.data() + key_size + value_size;
  }
  return std::nullopt;
}

void RecordView::ForEachProperty(
    absl::FunctionRef<void(std::string_view key, std::string_view value)> f) const {
  size_t left = property_count();
  const char* at = properties_begin() + kPropertyCountSize;
  for (; left > 0; --left) {
    const size_t key_size = Load<uint16_t>(at);
    const size_t value_size = Load<uint32_t>(at + sizeof(uint16_t));
    const std::string_view key(at + kPropertyHeadSize, key_size);
    const std::string_view value(key.data() + key_size, value_size);
    at = value.data() + value_size;
    f(key, value);
  }
}

}  // namespace tidelog
