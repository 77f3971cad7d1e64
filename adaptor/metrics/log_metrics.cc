#include "adaptor/metrics/log_metrics.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace tidelog::adaptor {
namespace {

using Type = Metric::Type;

// One series whose value is a field.
template <class Field>
struct Row {
  std::string_view name;
  std::string_view help;
  Field field;
  Type type;
  std::string_view label = {};  // Besides the channel, with this value.
  std::string_view label_value = {};
};

constexpr std::string_view kSyncTotal = "Time ticks that were issued, stored or told to readers.";
constexpr std::string_view kSyncTick = "The newest time tick that was issued.";
constexpr std::string_view kAcknowledged = "Records that storage has acknowledged.";
constexpr std::string_view kAppends = "Messages whose append has ended, by what became of it.";

constexpr Row<TimeTick LogNumbers::*> kTicks[] = {
    {"last_allocated_time_tick_seconds", "The newest time tick that was allocated.",
     &LogNumbers::last_allocated, Type::kGauge},
    {"last_confirmed_time_tick_seconds", "The newest time tick that is acknowledged.",
     &LogNumbers::last_acknowledged, Type::kGauge},
    {"sync_time_tick_seconds", kSyncTick, &LogNumbers::last_stored_tick, Type::kGauge, "type",
     "persistent"},
    {"sync_time_tick_seconds", kSyncTick, &LogNumbers::last_unstored_tick, Type::kGauge, "type",
     "memory"},
    {"write_ahead_buffer_earliest_time_tick_seconds", "Of the oldest record in the buffer.",
     &LogNumbers::buffer_oldest, Type::kGauge},
    {"write_ahead_buffer_latest_time_tick_seconds", "Of the newest record in the buffer.",
     &LogNumbers::buffer_newest, Type::kGauge},
};

constexpr Row<uint64_t LogNumbers::*> kNumbers[] = {
    {"term", "The term under which the channel is open.", &LogNumbers::term, Type::kGauge},
    {"available", "1 while the log takes appends; 0 once it is fenced or broken.",
     &LogNumbers::available, Type::kGauge},
    {"allocate_time_tick_total", "Time ticks that were allocated.", &LogNumbers::ticks_allocated,
     Type::kCounter},
    {"sync_time_tick_total", kSyncTotal, &LogNumbers::stored_ticks, Type::kCounter, "type",
     "persistent"},
    {"sync_time_tick_total", kSyncTotal, &LogNumbers::unstored_ticks, Type::kCounter, "type",
     "memory"},
    {"acknowledge_time_tick_total", kAcknowledged, &LogNumbers::done, Type::kCounter, "type",
     "common"},
    {"acknowledge_time_tick_total", kAcknowledged, &LogNumbers::stored_ticks, Type::kCounter,
     "type", "sync"},
    {"append_message_total", kAppends, &LogNumbers::done, Type::kCounter, "status", "done"},
    {"append_message_total", kAppends, &LogNumbers::not_done, Type::kCounter, "status", "not_done"},
    {"append_message_total", kAppends, &LogNumbers::unknown, Type::kCounter, "status", "unknown"},
    {"append_message_bytes", "Sizes of the records that were acknowledged, time ticks included.",
     &LogNumbers::stored_bytes, Type::kCounter},
    {"slow_append_total", "Appends that took longer than wal.slow_append_limit.", &LogNumbers::slow,
     Type::kCounter},
    {"impls_append_message_retry_total", "Further attempts at the backend.", &LogNumbers::retries,
     Type::kCounter},
    {"append_in_flight", "Messages between the call and the end of their append.",
     &LogNumbers::in_flight, Type::kGauge},
    {"append_in_flight_bytes", "Their sizes.", &LogNumbers::in_flight_bytes, Type::kGauge},
    {"append_waiting", "Appends that wait for room in the queue.", &LogNumbers::waiting,
     Type::kGauge},
    {"flow_state", "Of flow control: 0 normal, 1 recovering, 2 slowed, 3 rejecting.",
     &LogNumbers::flow_state, Type::kGauge},
    {"flow_rate_bytes", "Bytes of data a second that are let in; 0 when normal or rejecting.",
     &LogNumbers::flow_rate, Type::kGauge},
    {"flow_waiting", "Appends that wait for their turn at that rate.", &LogNumbers::flow_waiting,
     Type::kGauge},
    {"flow_paced_total", "Appends that have waited so.", &LogNumbers::flow_paced, Type::kCounter},
    {"flow_refused_total", "Appends that flow control has refused.", &LogNumbers::flow_refused,
     Type::kCounter},
    {"inflight_txn", "Transactions that are open.", &LogNumbers::open_transactions, Type::kGauge},
    {"write_ahead_buffer_entries", "Records in the write-ahead buffer.",
     &LogNumbers::buffer_entries, Type::kGauge},
    {"write_ahead_buffer_size_bytes", "Memory of the write-ahead buffer.",
     &LogNumbers::buffer_bytes, Type::kGauge},
    {"write_ahead_buffer_capacity_bytes", "The most that the write-ahead buffer may take.",
     &LogNumbers::buffer_capacity, Type::kGauge},
    {"write_ahead_buffer_batch_total", "Batches that readers were given out of the buffer.",
     &LogNumbers::buffer_batches, Type::kCounter},
    {"write_ahead_buffer_enter_total", "Readers that changed from the backend to the buffer.",
     &LogNumbers::buffer_entered, Type::kCounter},
    {"write_ahead_buffer_leave_total", "Readers whose place in the buffer was evicted.",
     &LogNumbers::buffer_left_behind, Type::kCounter},
    {"scanners", "Scanners that are open.", &LogNumbers::scans, Type::kGauge},
    {"scanner_pending_queue_bytes", "What scanners have read ahead of their readers.",
     &LogNumbers::scan_pending_bytes, Type::kGauge},
};

constexpr Row<uint64_t ScanCounts::*> kScans[] = {
    {"scan_message_total", "Records that scans have read.", &ScanCounts::read, Type::kCounter},
    {"scan_message_bytes", "Their sizes.", &ScanCounts::read_bytes, Type::kCounter},
    {"scan_pass_message_total", "Messages that scans have delivered.", &ScanCounts::delivered,
     Type::kCounter},
    {"scan_pass_message_bytes", "Their sizes.", &ScanCounts::delivered_bytes, Type::kCounter},
    {"scan_term_violation_message_total",
     "Records of a lower term than one already met, which were dropped: must stay at 0.",
     &ScanCounts::term_violations, Type::kCounter},
};

constexpr std::array<std::string_view, 5> kTransactionEnds = {
    "committed", "mismatched", "rolled_back", "exclusive", "expired"};

// Adds series of one log.
class Writer {
 public:
  Writer(const std::string& channel, std::vector<Metric>* metrics)
      : channel_(channel), metrics_(*metrics) {}

  Metric& Add(std::string_view name, std::string_view help, Type type) {
    Metric& metric = metrics_.emplace_back();
    metric.name = absl::StrCat("tidelog_wal_", name);
    metric.help = std::string(help);
    metric.type = type;
    metric.labels.emplace_back("channel", channel_);
    return metric;
  }
  template <class Field>
  void Add(const Row<Field>& row, double value) {
    Metric& metric = Add(row.name, row.help, row.type);
    if (!row.label.empty()) metric.labels.emplace_back(row.label, row.label_value);
    metric.value = value;
  }
  void Add(std::string_view name, std::string_view help, const LatencyHistogram& histogram) {
    Metric& metric = Add(name, help, Type::kHistogram);
    metric.histogram.bounds.assign(LatencyHistogram::kBounds.begin(),
                                   LatencyHistogram::kBounds.end());
    metric.histogram.counts.assign(histogram.counts().begin(), histogram.counts().end());
    metric.histogram.sum = histogram.sum();
  }
  void Add(const LogNumbers::Hooks& hooks) {
    constexpr std::string_view kTime = "What the hooks of the sampled appends took, waits apart.";
    constexpr std::string_view kName = "interceptor_append_seconds_total";
    Metric& before = Add(kName, kTime, Type::kCounter);
    before.labels.emplace_back("interceptor", hooks.name);
    before.labels.emplace_back("hook", "before");
    before.value = hooks.before_seconds;
    Metric& after = Add(kName, kTime, Type::kCounter);
    after.labels.emplace_back("interceptor", hooks.name);
    after.labels.emplace_back("hook", "after");
    after.value = hooks.after_seconds;
    Metric& count =
        Add("interceptor_sampled_total", "Appends whose hooks were timed.", Type::kCounter);
    count.labels.emplace_back("interceptor", hooks.name);
    count.value = static_cast<double>(hooks.count);
  }

 private:
  const std::string& channel_;
  std::vector<Metric>& metrics_;
};

}  // namespace

void LogMetrics::Collect(std::vector<Metric>* metrics) const {
  LogNumbers numbers;
  {
    absl::MutexLock lock(&mutex_);
    numbers = numbers_;
  }
  Writer writer(channel_, metrics);
  Metric& info = writer.Add("info", "1: the channel is open for writing.", Type::kGauge);
  info.labels.emplace_back("backend", backend_);
  info.value = 1;
  for (const auto& row : kNumbers) writer.Add(row, static_cast<double>(numbers.*row.field));
  for (const auto& row : kTicks) {
    writer.Add(row, static_cast<double>(PhysicalMs(numbers.*row.field)) / 1000);
  }
  for (const auto& row : kScans) {
    writer.Add(row, static_cast<double>(numbers.scan_counts.*row.field));
  }
  for (size_t i = 0; i < kTransactionEnds.size(); ++i) {
    Metric& ended = writer.Add("txn_total", "Transactions that have ended.", Type::kCounter);
    ended.labels.emplace_back("state", kTransactionEnds[i]);
    ended.value = static_cast<double>(numbers.ended_transactions[i]);
  }
  writer.Add("append_message_duration_seconds",
             "From the call to the end, of one of wal.sampling_rate appends.", numbers.append);
  writer.Add("impls_append_message_duration_seconds",
             "From the hand-over to the backend to the end, of the same.", numbers.at_backend);
  for (const LogNumbers::Hooks& hooks : numbers.interceptors) writer.Add(hooks);
}

}  // namespace tidelog::adaptor
