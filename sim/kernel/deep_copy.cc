#include "sim/kernel/deep_copy.h"

#include <string_view>

#include "absl/strings/cord.h"

namespace tidelog::sim {

std::string DeepCopy(const std::string& value) { return value; }

absl::Status DeepCopy(const absl::Status& value) {
  absl::Status copy(value.code(), value.message());
  value.ForEachPayload([&copy](std::string_view type, const absl::Cord& payload) {
    // By way of a string: cords share what they hold.
    copy.SetPayload(type, absl::Cord(std::string(payload)));
  });
  return copy;
}

}  // namespace tidelog::sim
