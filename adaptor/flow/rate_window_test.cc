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

}  // namespace
}  // namespace tidelog::adaptor
