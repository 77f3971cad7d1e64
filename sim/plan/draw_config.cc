#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/plan/draw.h"
#include "sim/plan/draw_keys.h"
#include "sim/plan/generator.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {
namespace {

constexpr int64_t kMicro = 1000;
constexpr int64_t kMilli = 1000 * kMicro;
constexpr int64_t kSecond = 1000 * kMilli;

class ConfigDraw {
 public:
  ConfigDraw(uint64_t seed, const PlanOptions& options)
      : seed_(seed), draw_(seed, "plan config"), options_(options) {}

  SwarmConfig Make() {
    config_.mode = options_.mode;
    config_.backend = options_.backends[draw_.Below(options_.backends.size())];
    config_.horizon_ns = draw_.Log(20 * kMilli, 4 * kSecond);
    if (IsOfTakeovers(options_)) config_.horizon_ns = draw_.Log(5 * kMilli, 200 * kMilli);
    config_.settle_ns = 120 * kSecond;
    config_.steps_max = 4000000;
    DrawClients();
    DrawScheduler();
    DrawHardware();
    DrawLogKnobs();
    if (config_.backend == BackendKind::kFile) DrawFileKnobs();
    DrawBufferKnobs();
    DrawChunkKnobs();
    std::string window = DrawKeys(seed_, OptionsOfKeys(options_, config_)).window;
    if (!window.empty()) config_.knobs.emplace("wal.idempotency_window", std::move(window));
    DrawFlowKnobs();
    return config_;
  }

 private:
  void DrawClients() {
    if (IsOfTakeovers(options_)) {
      DrawRivals();
      return;
    }
    config_.slots = static_cast<uint32_t>(draw_.Between(1, 3));
    const int64_t count = draw_.Between(1, 4);
    for (int64_t i = 0; i < count; ++i) {
      Client client;
      client.slot = static_cast<uint32_t>(draw_.Below(config_.slots));
      const bool writes = draw_.OneIn(1, 2);
      const int64_t reopen_after = draw_.Log(kMilli, 500 * kMilli);
      if (i == 0 || writes) client.reopen_after_ns = reopen_after;
      config_.clients.push_back(client);
    }
  }

  // A writer in each of three processes, and others that may write or read.
  void DrawRivals() {
    config_.slots = 3;
    const int64_t count = draw_.Between(3, 6);
    for (int64_t i = 0; i < count; ++i) {
      Client client;
      client.slot = static_cast<uint32_t>(i % 3);
      const bool writes = draw_.OneIn(1, 3);
      const int64_t reopen_after = draw_.Log(100 * kMicro, 20 * kMilli);
      if (i < 3 || writes) client.reopen_after_ns = reopen_after;
      config_.clients.push_back(client);
    }
  }

  void DrawScheduler() {
    config_.scheduler =
        draw_.Of({SchedulerKind::kFifo, SchedulerKind::kRandomReady, SchedulerKind::kRandomReady,
                  SchedulerKind::kRandomReady, SchedulerKind::kPct, SchedulerKind::kStarve});
    config_.scheduler_depth = static_cast<uint32_t>(draw_.Between(1, 5));
    config_.scheduler_steps = static_cast<uint64_t>(draw_.Log(1000, 30000));
    config_.scheduler_victim = static_cast<uint64_t>(draw_.Log(1, 16));
    config_.time_grain_ns = draw_.Of<int64_t>({0, 10 * kMicro, 50 * kMicro, 200 * kMicro});
  }

  Latencies DrawLatencies(int64_t least, int64_t most) {
    Latencies latencies;
    latencies.least_ns = draw_.Log(least, most);
    latencies.most_ns = draw_.Log(latencies.least_ns, latencies.least_ns * 64);
    return latencies;
  }

  void DrawHardware() {
    config_.disk_cached = DrawLatencies(200, 2 * kMicro);
    config_.disk_device = DrawLatencies(2 * kMicro, 200 * kMicro);
    config_.network = DrawLatencies(5 * kMicro, 500 * kMicro);
    config_.tear_bytes = draw_.Of<uint64_t>({512, 4096});
    config_.two_steps_in_1000 = draw_.Of<uint64_t>({0, 250, 900});
    config_.blocking_max_ns = draw_.Log(10 * kMicro, 10 * kMilli);
    config_.upload_window = static_cast<uint32_t>(draw_.Between(1, 8));
  }

  void Knob(std::string_view name, std::string value) {
    if (draw_.OneIn(1, 2)) config_.knobs.emplace(name, std::move(value));
  }
  void KnobMillis(std::string_view name, int64_t least, int64_t most) {
    const int64_t millis = draw_.Log(least, most);
    Knob(name, absl::StrCat(millis, "ms"));
  }

  void DrawLogKnobs() {
    KnobMillis("wal.tick_interval", 2, 20000);
    Knob("wal.in_flight_count_max", draw_.Of<const char*>({"1", "2", "8", "64"}));
    Knob("wal.in_flight_bytes_max", draw_.Of<const char*>({"1", "4096", "65536"}));
    Knob("wal.retry_delay_min", draw_.Of<const char*>({"1ms", "3ms", "10ms"}));
    Knob("wal.retry_delay_max", draw_.Of<const char*>({"10ms", "100ms", "1s"}));
    // Room for the round trips of a step, or nobody could ever open it.
    const int64_t step = 100 * config_.network.most_ns / kMilli;
    KnobMillis("wal.open_step_limit", std::max<int64_t>(500, step), 30000);
    KnobMillis("wal.interceptor_close_limit", 10, 3000);
    KnobMillis("wal.close_step_limit", 100, 10000);
    KnobMillis("wal.slow_append_limit", 1, 1000);
    // A step of many round trips over a slow network may take longer: a limit is a fault then.
    if (config_.mode == Mode::kCalm) {
      config_.knobs.erase("wal.open_step_limit");
      config_.knobs.erase("wal.close_step_limit");
    }
  }

  // Segments are small in any case: the log rolls, and the zeros of large ones are slow to write.
  void DrawFileKnobs() {
    config_.knobs["segment_bytes"] = draw_.Of<const char*>({"65536", "65536", "131072", "262144"});
    config_.knobs["preallocate"] = draw_.Of<const char*>({"zero", "zero", "reserve", "none"});
    Knob("read_ahead_bytes", draw_.Of<const char*>({"4096", "65536"}));
    Knob("message_bytes_max", draw_.Of<const char*>({"4096", "16384", "65536"}));
  }

  // Small ones, so that readers fall out of the write-ahead buffer; 0: there is none.  From a
  // stream of their own: what the other draws yield stays as it was.
  void DrawBufferKnobs() {
    Draw draw(seed_, "plan buffer");
    const char* const bytes =
        draw.Of<const char*>({"0", "1", "1", "500", "1000", "2000", "4000", "65536"});
    const int64_t age_ms = draw.Log(1, 10000);
    if (draw.OneIn(4, 5)) config_.knobs.emplace("wal.buffer_bytes_max", bytes);
    if (draw.OneIn(1, 2)) config_.knobs.emplace("wal.buffer_age_max", absl::StrCat(age_ms, "ms"));
  }

  // Limits that a run reaches, and looks and steps that fit into it; from a stream of their own.
  // The rates are such that all that waits at the end of a run is let in while it settles.
  void DrawFlowKnobs() {
    Draw draw(seed_, "plan flow");
    if (!draw.OneIn(options_.flow_in_1000, 1000)) return;
    const auto millis = [&draw](int64_t least, int64_t most) {
      return absl::StrCat(draw.Log(least, most), "ms");
    };
    config_.knobs["wal.tick_interval"] = millis(2, 100);
    const bool is_of_memory = draw.OneIn(3, 4);
    const int64_t memory = draw.Of<int64_t>({300, 1000, 3000, 10000});
    const std::string age = millis(1, 1000);
    const char* const rate = draw.Of<const char*>({"1", "10", "100", "1000"});
    const bool is_of_rate = draw.OneIn(1, 2);
    if (is_of_memory) {
      config_.knobs["wal.flow_memory_bytes_max"] = absl::StrCat(memory);
      // As large as it may be: what is in flight then makes the difference.
      config_.knobs["wal.buffer_bytes_max"] = absl::StrCat(memory * 85 / 100);
      config_.knobs["wal.buffer_age_max"] = age;
    }
    if (is_of_rate || !is_of_memory) config_.knobs["wal.flow_append_rate_max"] = rate;
    const int64_t rate_min = draw.Of<int64_t>({10000, 100000, 1000000});
    const int64_t times = draw.Of<int64_t>({1, 4, 32});
    config_.knobs["wal.flow_rate_min"] = absl::StrCat(rate_min);
    config_.knobs["wal.flow_rate_max"] = absl::StrCat(rate_min * times);
    config_.knobs["wal.flow_slow_interval"] = millis(1, 200);
    config_.knobs["wal.flow_recover_interval"] = millis(1, 200);
    const bool rejects_by_time = draw.OneIn(1, 2);
    std::string reject_delay = millis(1, 500);
    if (rejects_by_time) config_.knobs["wal.flow_reject_delay"] = std::move(reject_delay);
  }

  // Small chunks, so that many messages take several, and groups of a log service (kSimLogTraits)
  // not all of them.  But what is no payload has to fit half of one.  From a stream of their own.
  void DrawChunkKnobs() {
    Draw draw(seed_, "plan chunks");
    if (!draw.OneIn(options_.chunks_in_1000, 1000)) return;
    const char* const most = draw.Of<const char*>({"4096", "20000", "65536"});
    config_.knobs["wal.chunking"] = "1";
    config_.knobs["wal.chunk_bytes_max"] = draw.Of<const char*>({"512", "512", "1024", "4096"});
    if (draw.OneIn(1, 2)) config_.knobs["wal.chunked_message_bytes_max"] = most;
  }

  const uint64_t seed_;
  Draw draw_;
  const PlanOptions& options_;
  SwarmConfig config_;
};

}  // namespace

SwarmConfig DrawConfig(uint64_t seed, const PlanOptions& options) {
  return ConfigDraw(seed, options).Make();
}

}  // namespace tidelog::sim
