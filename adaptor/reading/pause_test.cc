// A reader pauses by not reading on (wal/scanner.h, F6).
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/metrics.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

constexpr int kAppends = 500;
constexpr int kAhead = 10;
constexpr size_t kPayload = 100;

std::vector<std::string> Payloads(int first, int end) {
  std::vector<std::string> payloads;
  for (int i = first; i < end; ++i) {
    payloads.push_back(absl::StrCat(i, std::string(kPayload, 'x')));
  }
  return payloads;
}

class PauseTest : public ::testing::Test {
 protected:
  explicit PauseTest(const Config& config = {})
      : world_({.config = config, .metrics = &metrics_}), wal_(world_.MustOpen(Term{1})) {}
  ~PauseTest() override { (void)world_.Close(*wal_); }

  void Append(int first, int end) {
    for (const std::string& payload : Payloads(first, end)) world_.MustAppend(*wal_, payload);
  }
  double MetricOf(std::string_view name) {
    world_.runtime().Advance(absl::Milliseconds(200));
    for (const Metric& metric : metrics_.Collect()) {
      if (metric.name == name) return metric.value;
    }
    ADD_FAILURE() << "there is no metric " << name;
    return -1;
  }
  // Reads some, pauses while much is appended, and reads on.
  void PauseAndGoOn() {
    Append(0, kAhead);
    std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.read_ahead_count_max = kAhead});
    EXPECT_EQ(world_.Take(*scanner, kAhead), Payloads(0, kAhead));
    const double read = MetricOf("tidelog_wal_scan_message_total");
    Append(kAhead, kAppends);
    world_.runtime().Advance(absl::Minutes(10));
    // What a batch of the backend or of the buffer had begun with, and the ticks in it.
    EXPECT_LE(MetricOf("tidelog_wal_scan_message_total") - read, 4 * kAhead);
    EXPECT_LE(MetricOf("tidelog_wal_scanner_pending_queue_bytes"), 4 * kAhead * (kPayload + 400));
    EXPECT_EQ(world_.Take(*scanner, kAppends - kAhead), Payloads(kAhead, kAppends));
    world_.MustClose(*scanner);
  }

  MetricRegistry metrics_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(PauseTest, ReadsNothingAheadOfItsLimitsAndGoesOnWhereItWas) { PauseAndGoOn(); }

class PauseOfBackendTest : public PauseTest {
 protected:
  PauseOfBackendTest() : PauseTest({{"wal.buffer_bytes_max", "0"}}) {}
};

TEST_F(PauseOfBackendTest, ReadsNothingAheadOfItsLimitsAndGoesOnWhereItWas) { PauseAndGoOn(); }

}  // namespace
}  // namespace tidelog::adaptor
