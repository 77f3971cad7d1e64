// Any text: no id and no position, or one whose text form is that very text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "wal/message/message_id.h"
#include "wal/status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tidelog::GetWalErrorCode;
  using tidelog::WalErrorCode;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<tidelog::MessageId> id = tidelog::MessageId::Parse(text);
  if (id.ok()) {
    CHECK(id->has_value());
    CHECK_EQ(id->ToString(), text);
  } else {
    CHECK(GetWalErrorCode(id.status()) == WalErrorCode::kInvalidArgument) << id.status();
  }
  const absl::StatusOr<tidelog::Position> position = tidelog::Position::Parse(text);
  if (position.ok()) {
    CHECK_EQ(position->ToString(), text);
  } else {
    CHECK(GetWalErrorCode(position.status()) == WalErrorCode::kInvalidArgument);
  }
  return 0;
}
