#include "adaptor/options.h"

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "wal/base/number_text.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

constexpr std::string_view kPrefix = "wal.";

struct DurationKey {
  std::string_view name;
  absl::Duration LogOptions::*field;
  absl::Duration min;
  absl::Duration max;
};
constexpr DurationKey kDurations[] = {
    {"tick_interval", &LogOptions::tick_interval, absl::Milliseconds(1), absl::Minutes(1)},
    {"retry_delay_min", &LogOptions::retry_delay_min, absl::Milliseconds(1), absl::Minutes(1)},
    {"retry_delay_max", &LogOptions::retry_delay_max, absl::Milliseconds(1), absl::Hours(1)},
    {"open_step_limit", &LogOptions::open_step_limit, absl::Milliseconds(1), absl::Hours(1)},
    {"interceptor_close_limit", &LogOptions::interceptor_close_limit, absl::Milliseconds(1),
     absl::Hours(1)},
    {"close_step_limit", &LogOptions::close_step_limit, absl::Milliseconds(1), absl::Hours(1)},
    {"slow_append_limit", &LogOptions::slow_append_limit, absl::Milliseconds(1), absl::Hours(1)},
    {"buffer_age_max", &LogOptions::buffer_age_max, absl::Milliseconds(1), absl::Hours(1)},
    {"txn_lease", &LogOptions::txn_lease, absl::Milliseconds(1), absl::Hours(24)},
    {"idempotency_window", &LogOptions::idempotency_window, absl::Milliseconds(1), absl::Hours(24)},
    {"flow_lag_max", &LogOptions::flow_lag_max, absl::ZeroDuration(), absl::Hours(24 * 365)},
    {"flow_slow_interval", &LogOptions::flow_slow_interval, absl::ZeroDuration(), absl::Hours(1)},
    {"flow_recover_interval", &LogOptions::flow_recover_interval, absl::ZeroDuration(),
     absl::Hours(1)},
    {"flow_reject_delay", &LogOptions::flow_reject_delay, absl::ZeroDuration(), absl::Hours(24)},
};

struct NumberKey {
  std::string_view name;
  uint64_t LogOptions::*field;
  uint64_t min;
  uint64_t max;
};
constexpr NumberKey kNumbers[] = {
    {"in_flight_count_max", &LogOptions::in_flight_count_max, 1, 1u << 24},
    {"in_flight_bytes_max", &LogOptions::in_flight_bytes_max, 1, uint64_t{1} << 40},
    {"buffer_bytes_max", &LogOptions::buffer_bytes_max, 0, uint64_t{1} << 40},
    {"txn_open_max", &LogOptions::txn_open_max, 1, 1u << 20},
    {"txn_bytes_max", &LogOptions::txn_bytes_max, 1, uint64_t{1} << 40},
    {"idempotency_keys_max", &LogOptions::idempotency_keys_max, 1, 1u << 24},
    {"idempotency_bytes_max", &LogOptions::idempotency_bytes_max, 1, uint64_t{1} << 40},
    {"idempotency_log_bytes_max", &LogOptions::idempotency_log_bytes_max, 1, uint64_t{1} << 50},
    {"flow_memory_bytes_max", &LogOptions::flow_memory_bytes_max, 0, uint64_t{1} << 50},
    {"flow_memory_slow_percent", &LogOptions::flow_memory_slow_percent, 1, 1000},
    {"flow_memory_reject_percent", &LogOptions::flow_memory_reject_percent, 1, 1000},
    {"flow_memory_recover_percent", &LogOptions::flow_memory_recover_percent, 1, 1000},
    {"flow_append_rate_max", &LogOptions::flow_append_rate_max, 0, uint64_t{1} << 50},
    {"flow_rate_min", &LogOptions::flow_rate_min, 0, uint64_t{1} << 50},
    {"flow_rate_max", &LogOptions::flow_rate_max, 0, uint64_t{1} << 50},
    {"chunking", &LogOptions::chunking, 0, 1},
    {"chunk_bytes_max", &LogOptions::chunk_bytes_max, 256, uint64_t{1} << 30},
    {"chunked_message_bytes_max", &LogOptions::chunked_message_bytes_max, 256, uint64_t{1} << 30},
    {"sampling_rate", &LogOptions::sampling_rate, 0, uint64_t{1} << 40},
};

absl::Status BadValue(std::string_view key, std::string_view value, std::string_view allowed) {
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("setting ", key, " is \"", value, "\": give ", allowed));
}

absl::Status SetDuration(const DurationKey& key, std::string_view name, std::string_view value,
                         LogOptions* options) {
  absl::Duration duration;
  if (!absl::ParseDuration(value, &duration) || duration < key.min || duration > key.max) {
    return BadValue(name, value,
                    absl::StrCat("a duration from ", absl::FormatDuration(key.min), " to ",
                                 absl::FormatDuration(key.max)));
  }
  options->*key.field = duration;
  return absl::OkStatus();
}

absl::Status SetNumber(const NumberKey& key, std::string_view name, std::string_view value,
                       LogOptions* options) {
  const std::optional<uint64_t> number = ParseNumber<uint64_t>(value, 10);
  if (!number || *number < key.min || *number > key.max) {
    return BadValue(name, value, absl::StrCat("a number from ", key.min, " to ", key.max));
  }
  options->*key.field = *number;
  return absl::OkStatus();
}

absl::Status UnknownKey(std::string_view name) {
  std::string known;
  for (const DurationKey& key : kDurations) absl::StrAppend(&known, " ", kPrefix, key.name);
  for (const NumberKey& key : kNumbers) absl::StrAppend(&known, " ", kPrefix, key.name);
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("the log has no setting \"", name, "\"; it has:", known));
}

absl::Status Set(std::string_view name, std::string_view value, LogOptions* options) {
  const std::string_view rest = name.substr(kPrefix.size());
  for (const DurationKey& key : kDurations) {
    if (key.name == rest) return SetDuration(key, name, value, options);
  }
  for (const NumberKey& key : kNumbers) {
    if (key.name == rest) return SetNumber(key, name, value, options);
  }
  return UnknownKey(name);
}

// The buffer is a cache: it fills up by itself, and with a limit so low a log that does nothing
// wrong would be slowed down, or reject, for as long as it is used.
absl::Status CheckFlowMemory(const LogOptions& options) {
  const uint64_t most = options.flow_memory_bytes_max;
  const uint64_t percent = options.flow_memory_slow_percent;
  if (most == 0 || options.buffer_bytes_max * 100 <= most * percent) return absl::OkStatus();
  return WalError(
      WalErrorCode::kInvalidArgument,
      absl::StrCat("setting wal.flow_memory_bytes_max is ", most, ": wal.buffer_bytes_max, ",
                   options.buffer_bytes_max, ", alone is more than wal.flow_memory_slow_percent, ",
                   percent, ", of it: give a smaller buffer, or at least ",
                   (options.buffer_bytes_max * 100 + percent - 1) / percent));
}

// Else it would recover while it slows down, or reject what it has not slowed down.
absl::Status CheckFlow(const LogOptions& options) {
  const bool in_order = options.flow_memory_recover_percent <= options.flow_memory_slow_percent &&
                        options.flow_memory_slow_percent <= options.flow_memory_reject_percent;
  if (!in_order) {
    return WalError(
        WalErrorCode::kInvalidArgument,
        absl::StrCat("settings wal.flow_memory_recover_percent, _slow_percent and ",
                     "_reject_percent are ", options.flow_memory_recover_percent, ", ",
                     options.flow_memory_slow_percent, " and ", options.flow_memory_reject_percent,
                     ": none may be above the next"));
  }
  if (options.flow_rate_max != 0 && options.flow_rate_min > options.flow_rate_max) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("setting wal.flow_rate_min is ", options.flow_rate_min,
                                 ": above wal.flow_rate_max, ", options.flow_rate_max));
  }
  return CheckFlowMemory(options);
}

}  // namespace

absl::StatusOr<SplitConfig> ParseConfig(const Config& config) {
  SplitConfig split;
  for (const auto& [name, value] : config) {
    if (!absl::StartsWith(name, kPrefix)) {
      split.backend.emplace(name, value);
      continue;
    }
    TIDELOG_RETURN_IF_ERROR(Set(name, value, &split.log));
  }
  TIDELOG_RETURN_IF_ERROR(CheckFlow(split.log));
  if (split.log.retry_delay_min > split.log.retry_delay_max) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("setting wal.retry_delay_min is ",
                                 absl::FormatDuration(split.log.retry_delay_min),
                                 ": above wal.retry_delay_max, ",
                                 absl::FormatDuration(split.log.retry_delay_max)));
  }
  return split;
}

}  // namespace tidelog::adaptor
