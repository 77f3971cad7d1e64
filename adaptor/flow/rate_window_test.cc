#include "adaptor/flow/rate_window.h"

#include <cstdint>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tidelog::adaptor {
namespace {

class RateWindowTest : public ::testing::Test {
 protected:
  uint64_t Add(absl::Duration after, uint64_t count) {
    now_ += after;
    total_ += count;
    window_.Add(now_, total_);
    return window_.rate();
  }

  RateWindow window_;
  absl::Duration now_ = absl::Hours(5);
  uint64_t total_ = 0;
};

TEST_F(RateWindowTest, IsTheSumOfTenSecondsByTen) {
  EXPECT_EQ(Add(absl::ZeroDuration(), 0), 0u);
  EXPECT_EQ(Add(absl::Milliseconds(200), 1000), 100u);
  for (int i = 0; i < 100; ++i) Add(absl::Milliseconds(200), 1000);
  // A bucket that has just begun makes a difference of 500 ms.
  EXPECT_GE(window_.rate(), 4750u);
  EXPECT_LE(window_.rate(), 5000u);
}

TEST_F(RateWindowTest, ForgetsWhatIsOlder) {
  Add(absl::ZeroDuration(), 10000);
  EXPECT_EQ(window_.rate(), 1000u);
  EXPECT_EQ(Add(absl::Seconds(9), 0), 1000u);
  EXPECT_EQ(Add(absl::Seconds(1), 0), 0u);
}

TEST_F(RateWindowTest, ForgetsAllAfterALongPause) {
  Add(absl::ZeroDuration(), 10000);
  EXPECT_EQ(Add(absl::Hours(1), 0), 0u);
}

TEST_F(RateWindowTest, SpreadsWhatIsToldSeldomOverItsTime) {
  Add(absl::ZeroDuration(), 0);
  EXPECT_EQ(Add(absl::Seconds(60), 60000), 1000u);
}

// A tick interval may be a minute.
TEST_F(RateWindowTest, SaysNoMoreThanThereWasHoweverSeldomItIsTold) {
  for (const int ms : {1, 7, 200, 499, 500, 501, 700, 3000, 6000, 9900, 9999, 10001, 60000}) {
    RateWindow window;
    absl::Duration now = absl::Milliseconds(12345);
    uint64_t total = 0;
    window.Add(now, total);
    const int count = 30000 / ms + 3;
    for (int i = 0; i < count; ++i) {
      now += absl::Milliseconds(ms);
      total += static_cast<uint64_t>(ms) * 100;
      window.Add(now, total);
    }
    EXPECT_LE(window.rate(), 100000u) << ms;
    EXPECT_GE(window.rate(), 95000u - 1) << ms;
  }
}

TEST_F(RateWindowTest, IsEmptyWhenNothingCameForTenSeconds) {
  Add(absl::ZeroDuration(), 0);
  EXPECT_TRUE(window_.is_empty());
  Add(absl::Milliseconds(500), 1);
  EXPECT_EQ(window_.rate(), 0u);
  EXPECT_FALSE(window_.is_empty());
  Add(absl::Milliseconds(9500), 0);
  EXPECT_FALSE(window_.is_empty());
  Add(absl::Milliseconds(500), 0);
  EXPECT_TRUE(window_.is_empty());
}

}  // namespace
}  // namespace tidelog::adaptor
