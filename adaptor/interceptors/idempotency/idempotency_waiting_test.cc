// What it costs to wait for keys in flight.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/idempotency/idempotency.h"
#include "adaptor/interceptors/interceptor.h"
#include "adaptor/interceptors/txn/txn_sessions.h"
#include "gtest/gtest.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

// Goal: a batch whose keys are all in flight elsewhere, and end one after the other, does not look
// at all of them each time: with thousands that would hold the channel up for seconds.
TEST(IdempotencyWaitingTest, LooksAtEachMessageOfABatchThatWaitsAFewTimesAtMost) {
  constexpr size_t kKeys = 500;
  const PChannel channel{"orders", Term{1}};
  TxnSessions transactions(&channel, {1, 1, absl::Seconds(1)});
  const Idempotency::Limits limits{{absl::Minutes(1), kKeys, 1u << 30, 1u << 30}, 10, 1u << 30};
  Idempotency idempotency(&channel, limits, &transactions);
  std::vector<std::unique_ptr<AppendOp>> singles;
  std::vector<MutableMessage> messages;
  for (size_t i = 0; i < kKeys; ++i) {
    MutableMessage single = testing::MakeKeyed(absl::StrCat(i), "", "v");
    singles.push_back(std::make_unique<AppendOp>(std::span(&single, 1), AppendOptions()));
    ASSERT_TRUE(idempotency.Before(*singles.back()).goes_on());
    messages.push_back(testing::MakeKeyed(absl::StrCat(i), "", "v"));
  }
  AppendOp batch(messages, AppendOptions());
  Verdict verdict = idempotency.Before(batch);
  ASSERT_NE(verdict.until(), nullptr);
  const uint64_t before = idempotency.look_count();
  for (const std::unique_ptr<AppendOp>& single : singles) {
    EXPECT_FALSE(verdict.until()->ready());
    idempotency.After(*single);  // Not done.
  }
  EXPECT_TRUE(verdict.until()->ready());
  EXPECT_LE(idempotency.look_count() - before, 4 * kKeys);
  idempotency.After(batch);
  EXPECT_EQ(idempotency.waiting_count(), 0u);
}

}  // namespace
}  // namespace tidelog::adaptor
