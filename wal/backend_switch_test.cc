// The message that switches the backend of a log (G6).
#include "wal/backend_switch.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "wal/message/message.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog {
namespace {

WalErrorCode CodeOfMaking(const BackendTarget& target) {
  return GetWalErrorCode(MakeAlterWal(target).status());
}

TEST(BackendSwitchTest, AMessageSaysWhereTheLogGoesOn) {
  for (const BackendTarget& target :
       {BackendTarget{"file", {{"dir", "/b c\n"}, {"segment_bytes", "1"}}},
        BackendTarget{"memory", {}}}) {
    const absl::StatusOr<MutableMessage> message = MakeAlterWal(target);
    ASSERT_TRUE(message.ok()) << message.status();
    EXPECT_EQ(message->type(), MessageType::kAlterWal);
    EXPECT_EQ(message->vchannel(), "");
    const absl::StatusOr<BackendTarget> read = TargetOf(message->view());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, target);
  }
}

TEST(BackendSwitchTest, RefusesNamesThatAreNone) {
  for (const std::string& name : {std::string(), std::string("a b"), std::string(101, 'a')}) {
    EXPECT_EQ(CodeOfMaking({name, {}}), WalErrorCode::kInvalidArgument) << name;
    EXPECT_EQ(CodeOfMaking({"file", {{name, "v"}}}), WalErrorCode::kInvalidArgument) << name;
  }
  EXPECT_EQ(CodeOfMaking({"file", {{"wal.tick_interval", "1s"}}}), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOfMaking({std::string(100, 'a'), {}}), WalErrorCode::kOk);
}

TEST(BackendSwitchTest, TakesNothingElseForSuchAMessage) {
  MutableMessage::Builder plain(MessageType::kAlterWal);
  EXPECT_FALSE(TargetOf(std::move(plain).Build("")->view()).ok());
  MutableMessage::Builder other(MessageType::kInsert);
  other.Property("backend", "file");
  EXPECT_FALSE(TargetOf(std::move(other).Build("")->view()).ok());
  MutableMessage::Builder more(MessageType::kAlterWal);
  more.Property("backend", "file").Property("dir", "/b");
  EXPECT_FALSE(TargetOf(std::move(more).Build("")->view()).ok());
}

}  // namespace
}  // namespace tidelog
