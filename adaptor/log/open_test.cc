// How a log is opened (D6), on a fake backend.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OpenTest : public testing::Test {
 protected:
  LogWorld world_;
};

TEST_F(OpenTest, StoresTheFirstTickOfTheTermWithItsOwnIdAsLastConfirmed) {
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{1});
  const std::vector<ImmutableMessage> records = world_.fake().records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].type(), MessageType::kTimeTick);
  EXPECT_EQ(records[0].term(), Term{1});
  EXPECT_EQ(records[0].last_confirmed(), records[0].id());
  EXPECT_TRUE(records[0].record().flags() & kLastConfirmedIsSelf);
  world_.MustClose(*wal);
}

TEST_F(OpenTest, AppendsAndReadsBack) {
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{1});
  world_.MustAppend(*wal, "a");
  world_.MustAppend(*wal, "b");
  EXPECT_THAT(world_.ReadAll(*wal), ElementsAre("a", "b"));
  world_.MustClose(*wal);
  EXPECT_EQ(world_.fake().close_mode(), walimpls::CloseMode::kClean);
}

}  // namespace
}  // namespace tidelog::adaptor
