// LogOptions: the settings of a log that do not depend on its backend: the keys "wal.*" of a
// Config.
#ifndef TIDELOG_ADAPTOR_OPTIONS_H_
#define TIDELOG_ADAPTOR_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// Each field is set by the key "wal." and its name.  Durations are written as "200ms" or "3s".
struct LogOptions {
  // How often a channel emits a time tick (D5).
  absl::Duration tick_interval = absl::Milliseconds(200);

  // What may be between Append() and its completion at one time (C5).  One append that is larger
  // than in_flight_bytes_max is let in when nothing else is in flight.
  size_t in_flight_count_max = 16384;
  size_t in_flight_bytes_max = size_t{128} << 20;

  // The pause before an attempt that a backend refused for the moment is repeated: doubled from the
  // first to the second, and back to the first at the next success (C3).
  absl::Duration retry_delay_min = absl::Milliseconds(10);
  absl::Duration retry_delay_max = absl::Seconds(5);

  // How long one step of an open may take: a call of the backend, one batch of the replay, the
  // first time tick (G1).
  absl::Duration open_step_limit = absl::Seconds(30);

  // How long Close() waits for the interceptors to drain, and for each of its other steps (H2).
  absl::Duration interceptor_close_limit = absl::Seconds(3);
  absl::Duration close_step_limit = absl::Seconds(10);

  // An append that a backend holds for longer is reported while it waits (D5), and each that took
  // longer, one a second at most, when it has ended (H4): to within a tick interval, or exactly if
  // this is less than four of them.
  absl::Duration slow_append_limit = absl::Seconds(1);

  // What the write-ahead buffer keeps of the newest records, for readers at the tail: so much
  // memory and for so long; the newest one always (F3).  0 bytes: there is none, and readers read
  // from the backend.
  size_t buffer_bytes_max = size_t{64} << 20;
  absl::Duration buffer_age_max = absl::Seconds(30);

  // The lease of a transaction whose begin names none (E2); how many may be open at one time, and
  // what the bodies of one may come to, for readers hold them until the commit.
  absl::Duration txn_lease = absl::Seconds(10);
  size_t txn_open_max = 1024;
  size_t txn_bytes_max = size_t{64} << 20;

  // How far back idempotency keys are remembered (G4): in ticks to the newest record, how many of a
  // channel, how many bytes of them (with 256 for each: that much memory a channel at most), and
  // how many bytes of records behind them, with keys or without.  The first that is reached counts.
  // An open replays that far back, and Truncate() leaves that in storage: of the log not much more
  // than idempotency_log_bytes_max, and the transactions that reach into it.
  absl::Duration idempotency_window = absl::Minutes(10);
  size_t idempotency_keys_max = 1000000;
  size_t idempotency_bytes_max = size_t{256} << 20;
  uint64_t idempotency_log_bytes_max = uint64_t{1} << 30;

  // Flow control (G5, wal/flow_control.h).  What the log holds in memory (buffer, queues,
  // idempotency keys) is held against flow_memory_bytes_max, or not at all if that is 0, for each
  // part has a limit of its own; and what FlowSignals say of the node's memory against all of it.
  // Above so many percent data is slowed down, above so many rejected; below so many it recovers.
  // A full buffer must be within flow_memory_slow_percent of it.  Leave room for keys too, up to
  // idempotency_bytes_max: what they hold is free when idempotency_window has passed.
  uint64_t flow_memory_bytes_max = 0;
  uint64_t flow_memory_slow_percent = 85;
  uint64_t flow_memory_reject_percent = 90;
  uint64_t flow_memory_recover_percent = 80;
  // Bytes of records a second, over ten seconds; recovers below 7/8 of it.  0: any.  Data is slowed
  // down from that rate to a sixteenth of it.
  uint64_t flow_append_rate_max = 0;
  // How far the oldest checkpoint (G2), or a consumer by FlowSignals, may be behind what is
  // appended, in ticks; recovers from half of it down.  0: any.
  absl::Duration flow_lag_max = absl::ZeroDuration();
  // How fast it slows down and recovers, whatever the source.  0: as each source has it
  // (adaptor/flow/flow_controller.h).  The rates, bytes a second, are the lowest and the highest
  // that data is let in at while the state is not normal.  After flow_reject_delay at the lowest
  // rate it rejects; time in which nothing was appended for ten seconds does not count.  States
  // change at time ticks, so no interval is finer than tick_interval.
  uint64_t flow_rate_min = 0;
  uint64_t flow_rate_max = 0;
  absl::Duration flow_slow_interval = absl::ZeroDuration();
  absl::Duration flow_recover_interval = absl::ZeroDuration();
  absl::Duration flow_reject_delay = absl::ZeroDuration();

  // 1: messages above what the backend takes in one record are stored in several, chunks (F9), each
  // of at most chunk_bytes_max and of what the backend takes.  Readers understand them whatever
  // this says.  How large a message may be then, or as large as the backend takes, if that is more.
  uint64_t chunking = 0;
  size_t chunk_bytes_max = size_t{1} << 30;
  // Not much of what may be in flight, and of the buffer: it passes through both as one.
  size_t chunked_message_bytes_max = size_t{64} << 20;

  // One append of so many is timed, and so are its interceptors, for metrics (H4); 0: none.
  uint64_t sampling_rate = 256;
};

// A Config in two parts: the log's own settings, and the rest, which is the backend's.
struct SplitConfig {
  LogOptions log;
  Config backend;
};

// kInvalidArgument: names a key "wal.*" that is none, or a value that is out of bounds and what is
// allowed.
absl::StatusOr<SplitConfig> ParseConfig(const Config& config);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_OPTIONS_H_
