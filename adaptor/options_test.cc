#include "adaptor/options.h"

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

absl::Status ErrorOf(const Config& config) { return ParseConfig(config).status(); }

TEST(OptionsTest, SplitsTheLogsOwnKeysFromTheBackends) {
  const absl::StatusOr<SplitConfig> split = ParseConfig({{"wal.tick_interval", "50ms"},
                                                         {"wal.in_flight_count_max", "7"},
                                                         {"wal.sampling_rate", "0"},
                                                         {"wal.buffer_bytes_max", "0"},
                                                         {"wal.buffer_age_max", "3s"},
                                                         {"wal.idempotency_window", "4s"},
                                                         {"wal.idempotency_keys_max", "5"},
                                                         {"wal.idempotency_bytes_max", "6"},
                                                         {"wal.idempotency_log_bytes_max", "7"},
                                                         {"wal.chunking", "1"},
                                                         {"wal.chunk_bytes_max", "256"},
                                                         {"wal.chunked_message_bytes_max", "9000"},
                                                         {"directory", "d"},
                                                         {"walrus", "w"}});
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(split->log.tick_interval, absl::Milliseconds(50));
  EXPECT_EQ(split->log.in_flight_count_max, 7u);
  EXPECT_EQ(split->log.sampling_rate, 0u);
  EXPECT_EQ(split->log.buffer_bytes_max, 0u);
  EXPECT_EQ(split->log.buffer_age_max, absl::Seconds(3));
  EXPECT_EQ(split->log.idempotency_window, absl::Seconds(4));
  EXPECT_EQ(split->log.idempotency_keys_max, 5u);
  EXPECT_EQ(split->log.idempotency_bytes_max, 6u);
  EXPECT_EQ(split->log.idempotency_log_bytes_max, 7u);
  EXPECT_EQ(split->log.chunking, 1u);
  EXPECT_EQ(split->log.chunk_bytes_max, 256u);
  EXPECT_EQ(split->log.chunked_message_bytes_max, 9000u);
  EXPECT_EQ(split->log.retry_delay_min, LogOptions().retry_delay_min);
  EXPECT_THAT(split->backend, ElementsAre(Pair("directory", "d"), Pair("walrus", "w")));
}

TEST(OptionsTest, NamesAKeyThatThereIsNot) {
  const absl::Status error = ErrorOf({{"wal.tick_intervall", "50ms"}});
  EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("\"wal.tick_intervall\""));
  EXPECT_THAT(error.message(), HasSubstr(" wal.tick_interval "));
}

TEST(OptionsTest, NamesAValueThatIsNoDuration) {
  const absl::Status error = ErrorOf({{"wal.close_step_limit", "10"}});
  EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("wal.close_step_limit is \"10\""));
  EXPECT_THAT(error.message(), HasSubstr("from 1ms to 1h"));
}

TEST(OptionsTest, NamesAValueThatIsOutOfBounds) {
  EXPECT_THAT(ErrorOf({{"wal.in_flight_count_max", "0"}}).message(), HasSubstr("from 1 to"));
  EXPECT_THAT(ErrorOf({{"wal.in_flight_count_max", "-1"}}).message(), HasSubstr("from 1 to"));
  EXPECT_THAT(ErrorOf({{"wal.tick_interval", "0s"}}).message(), HasSubstr("from 1ms to 1m"));
  EXPECT_THAT(ErrorOf({{"wal.tick_interval", "2m"}}).message(), HasSubstr("from 1ms to 1m"));
}

TEST(OptionsTest, TakesTheSettingsOfFlowControl) {
  const absl::StatusOr<SplitConfig> split = ParseConfig({{"wal.buffer_bytes_max", "0"},
                                                         {"wal.flow_memory_bytes_max", "1"},
                                                         {"wal.flow_memory_slow_percent", "70"},
                                                         {"wal.flow_memory_reject_percent", "75"},
                                                         {"wal.flow_memory_recover_percent", "60"},
                                                         {"wal.flow_append_rate_max", "2"},
                                                         {"wal.flow_lag_max", "3s"},
                                                         {"wal.flow_rate_min", "4"},
                                                         {"wal.flow_rate_max", "5"},
                                                         {"wal.flow_slow_interval", "6s"},
                                                         {"wal.flow_recover_interval", "7s"},
                                                         {"wal.flow_reject_delay", "8s"}});
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(split->log.flow_memory_bytes_max, 1u);
  EXPECT_EQ(split->log.flow_memory_slow_percent, 70u);
  EXPECT_EQ(split->log.flow_memory_reject_percent, 75u);
  EXPECT_EQ(split->log.flow_memory_recover_percent, 60u);
  EXPECT_EQ(split->log.flow_append_rate_max, 2u);
  EXPECT_EQ(split->log.flow_lag_max, absl::Seconds(3));
  EXPECT_EQ(split->log.flow_rate_min, 4u);
  EXPECT_EQ(split->log.flow_rate_max, 5u);
  EXPECT_EQ(split->log.flow_slow_interval, absl::Seconds(6));
  EXPECT_EQ(split->log.flow_recover_interval, absl::Seconds(7));
  EXPECT_EQ(split->log.flow_reject_delay, absl::Seconds(8));
}

TEST(OptionsTest, RefusesThresholdsAndRatesThatAreOutOfOrder) {
  const absl::Status error = ErrorOf({{"wal.flow_memory_slow_percent", "95"}});
  EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("80, 95 and 90"));
  EXPECT_THAT(ErrorOf({{"wal.flow_memory_recover_percent", "86"}}).message(),
              HasSubstr("86, 85 and 90"));
  EXPECT_THAT(ErrorOf({{"wal.flow_rate_min", "9"}, {"wal.flow_rate_max", "8"}}).message(),
              HasSubstr("above wal.flow_rate_max, 8"));
}

TEST(OptionsTest, RefusesAMemoryThatTheBufferAloneWouldFill) {
  const absl::Status error =
      ErrorOf({{"wal.flow_memory_bytes_max", "999"}, {"wal.buffer_bytes_max", "850"}});
  EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("wal.flow_memory_bytes_max is 999"));
  EXPECT_THAT(error.message(), HasSubstr("wal.buffer_bytes_max, 850"));
  EXPECT_THAT(error.message(), HasSubstr("at least 1000"));
  EXPECT_TRUE(
      ParseConfig({{"wal.flow_memory_bytes_max", "1000"}, {"wal.buffer_bytes_max", "850"}}).ok());
  // By the buffer that there is by default.
  EXPECT_THAT(ErrorOf({{"wal.flow_memory_bytes_max", "67108864"}}).message(),
              HasSubstr("67108864"));
  EXPECT_TRUE(ParseConfig({{"wal.flow_memory_bytes_max", "100000000"}}).ok());
}

TEST(OptionsTest, RefusesARetryDelayThatBeginsAboveItsMaximum) {
  const absl::Status error =
      ErrorOf({{"wal.retry_delay_min", "2s"}, {"wal.retry_delay_max", "1s"}});
  EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("above wal.retry_delay_max, 1s"));
}

}  // namespace
}  // namespace tidelog::adaptor
