#include "walimpls/helper/group_check.h"

#include "absl/log/check.h"

namespace tidelog::walimpls {

void CheckGroup(const Traits& traits, const Group& group) {
  CHECK(!group.empty()) << "append of an empty group";
  CHECK_LE(group.size(), traits.group_count_max) << "messages in a group: above the limit";
  size_t bytes = 0;
  for (const ImmutableMessage& message : group) {
    const size_t size = message.record().size();
    CHECK_LE(size, traits.message_bytes_max) << "bytes of a message: above the limit";
    CHECK_LE(message.record().property_count(), static_cast<size_t>(traits.property_count_max))
        << "properties of a message: above the limit";
    bytes += size;
  }
  CHECK_LE(bytes, traits.group_bytes_max) << "bytes of a group: above the limit";
}

}  // namespace tidelog::walimpls
