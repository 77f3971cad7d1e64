#include "adaptor/interceptors/required_property/required_property.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/message/message.h"
#include "wal/status.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RequiredPropertyTest : public testing::Test {
 protected:
  RequiredPropertyTest() : world_({.interceptors = {&builder_}}), wal_(world_.MustOpen(Term{1})) {}
  ~RequiredPropertyTest() override { world_.MustClose(*wal_); }

  static MutableMessage Message(std::string_view payload, std::string_view tenant) {
    MutableMessage::Builder builder(MessageType::kInsert);
    if (!tenant.empty()) builder.Property("tenant", tenant);
    absl::StatusOr<MutableMessage> message = std::move(builder).Build(payload);
    CHECK_OK(message);
    return *std::move(message);
  }

  RequiredPropertyBuilder builder_{"tenant"};
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(RequiredPropertyTest, PassesAMessageThatHasIt) {
  EXPECT_TRUE(world_.Append(*wal_, Message("a", "t1")).ok());
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a"));
}

TEST_F(RequiredPropertyTest, RefusesAMessageThatLacksItAndNamesIt) {
  const absl::StatusOr<AppendResult> result = world_.Append(*wal_, Message("a", ""));
  EXPECT_EQ(CodeOf(result), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(result.status().message(), HasSubstr("no property \"tenant\""));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

TEST_F(RequiredPropertyTest, RefusesABatchAsAWhole) {
  std::vector<MutableMessage> batch;
  batch.push_back(Message("a", "t1"));
  batch.push_back(Message("b", ""));
  const BatchResult result =
      world_.Run([&] { return wal_->AppendBatch(std::move(batch), AppendOptions()); });
  EXPECT_EQ(result.done.size(), 0u);
  EXPECT_EQ(result.unknown, 0u);
  EXPECT_THAT(result.rest.message(), HasSubstr("message 2 of 2"));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

}  // namespace
}  // namespace tidelog::adaptor
