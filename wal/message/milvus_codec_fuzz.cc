// Any properties: DecodeMilvus() refuses them, or they are encoded to what decodes to the same
// record.
//
// The input is a payload's size and pieces, each one byte of size and as many bytes: key, value,
// key...
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/milvus_codec.h"
#include "wal/message/record.h"
#include "wal/message/record_writer.h"
#include "wal/status.h"

namespace {

// Takes a piece off the front of `rest`.
std::string_view Piece(std::string_view* rest) {
  if (rest->empty()) return {};
  const size_t size = static_cast<uint8_t>(rest->front());
  rest->remove_prefix(1);
  const std::string_view piece = rest->substr(0, size);
  rest->remove_prefix(piece.size());
  return piece;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view payload = Piece(&rest);
  std::vector<tidelog::PropertyView> properties;
  while (!rest.empty()) {
    const std::string_view key = Piece(&rest);
    const std::string_view value = Piece(&rest);
    properties.push_back({key, value});
  }
  const auto id = tidelog::MessageId::FromNumber({tidelog::LogKind::kKafka, 1, 2}, 3);
  const auto message = tidelog::DecodeMilvus(payload, properties, id);
  if (!message.ok()) {
    CHECK(tidelog::GetWalErrorCode(message.status()) == tidelog::WalErrorCode::kCorrupt);
    return 0;
  }
  const std::string_view bytes = message->record().bytes();
  CHECK_OK(tidelog::RecordView::Parse(bytes).status());
  const tidelog::MilvusMessage encoded = tidelog::EncodeMilvus(message->record());
  std::vector<tidelog::PropertyView> views;
  for (const auto& [key, value] : encoded.properties) views.push_back({key, value});
  const auto again = tidelog::DecodeMilvus(encoded.payload, views, id);
  CHECK_OK(again.status());
  CHECK(again->record().bytes() == bytes);
  CHECK_GE(tidelog::MilvusEstimateSize(encoded), views.size());
  return 0;
}
