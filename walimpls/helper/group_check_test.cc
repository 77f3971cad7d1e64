#include "walimpls/helper/group_check.h"

#include <string>

#include "gtest/gtest.h"
#include "wal/message/testing/messages.h"
#include "walimpls/wal.h"

namespace tidelog::walimpls {
namespace {

ImmutableMessage Message(size_t payload_size) {
  const std::string payload(payload_size, 'x');
  return tidelog::testing::Stamped(tidelog::testing::MakeInsert(payload), Term{1}, TimeTick{1});
}

// Of messages of 100 bytes of payload, two, of a property each.
Traits SmallTraits() {
  Traits traits;
  traits.message_bytes_max = Message(100).record().size();
  traits.group_bytes_max = 2 * traits.message_bytes_max;
  traits.group_count_max = 3;
  traits.property_count_max = 1;
  return traits;
}

TEST(GroupCheckTest, AGroupAtEveryLimitPasses) {
  CheckGroup(SmallTraits(), Group{Message(100), Message(100)});
  CheckGroup(SmallTraits(), Group{Message(0), Message(0), Message(0)});
}

TEST(GroupCheckDeathTest, AboveALimitItAbortsSayingWhich) {
  const Traits traits = SmallTraits();
  EXPECT_DEATH(CheckGroup(traits, Group{}), "empty group");
  EXPECT_DEATH(CheckGroup(traits, Group{Message(101)}), "bytes of a message: above the limit");
  EXPECT_DEATH(CheckGroup(traits, Group{Message(100), Message(100), Message(0)}),
               "bytes of a group: above the limit");
  EXPECT_DEATH(CheckGroup(traits, Group{Message(0), Message(0), Message(0), Message(0)}),
               "messages in a group: above the limit");
  MutableMessage::Builder builder(MessageType::kInsert);
  builder.Property("a", "1").Property("b", "2");
  const ImmutableMessage rich =
      tidelog::testing::Stamped(std::move(builder).Build("").value(), Term{1}, TimeTick{1});
  EXPECT_DEATH(CheckGroup(traits, Group{rich}), "properties of a message: above the limit");
}

}  // namespace
}  // namespace tidelog::walimpls
