#include "wal/metrics.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "adaptor/prometheus/prometheus_exporter.h"
#include "tools/walctl/inspect_commands.h"
#include "tools/walctl/print.h"
#include "wal/async/future.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::walctl {
namespace {

double SecondsOf(TimeTick tick) { return static_cast<double>(PhysicalMs(tick)) / 1000; }

// As far as they are there and may be looked at.
double BytesOfFilesIn(const std::string& directory) {
  uintmax_t bytes = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator file(directory, error), end; !error && file != end;
       file.increment(error)) {
    std::error_code gone;
    const uintmax_t size = file->is_regular_file(gone) ? file->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return static_cast<double>(bytes);
}

// What a log at rest can tell: nothing is counted where nothing runs.
class LogAtRest : public MetricSource {
 public:
  LogAtRest(std::string channel, LogInfo info)
      : channel_(std::move(channel)), info_(std::move(info)) {}

  void Collect(std::vector<Metric>* metrics) const override {
    Add("newest_term", "The highest term ever opened for writing.",
        static_cast<double>(ToInt(info_.newest_term)), metrics);
    if (info_.holder != LogInfo::Holder::kUnknown) {
      Add("held", "1 while a live process has the channel open for writing.",
          info_.holder == LogInfo::Holder::kLive ? 1 : 0, metrics);
    }
    Add("newest_time_tick_seconds", "The newest time tick that is stored.",
        SecondsOf(info_.newest_tick), metrics);
    if (info_.tail.has_value()) {
      Add("tail_time_tick_seconds", "Of the newest record.", SecondsOf(info_.tail->time_tick),
          metrics);
    }
    if (info_.oldest.has_value()) {
      Add("truncated_time_tick_seconds", "Of the newest message that was truncated away.",
          SecondsOf(info_.oldest->time_tick), metrics);
    }
    AddDetails(metrics);
  }

 private:
  void Add(std::string_view name, std::string_view help, double value,
           std::vector<Metric>* metrics) const {
    Metric& metric = metrics->emplace_back();
    metric.name = absl::StrCat("tidelog_log_", name);
    metric.help = std::string(help);
    metric.type = Metric::Type::kGauge;
    metric.labels = {{"channel", channel_}};
    metric.value = value;
  }

  // Which there are is the backend's business.
  void AddDetails(std::vector<Metric>* metrics) const {
    const auto segments = info_.details.find("segments");
    double count = 0;
    if (segments != info_.details.end() && absl::SimpleAtod(segments->second, &count)) {
      Add("segments", "Files that hold its records.", count, metrics);
    }
    const auto directory = info_.details.find("directory");
    if (directory != info_.details.end()) {
      Add("directory_bytes", "Sizes of all files in its directory.",
          BytesOfFilesIn(directory->second), metrics);
    }
  }

  const std::string channel_;
  const LogInfo info_;
};

absl::Status AddChannel(const LogFlags& all_flags, const std::string& channel,
                        MetricRegistry* metrics) {
  LogFlags flags = all_flags;
  flags.channel = channel;
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(flags);
  if (!session.ok()) return session.status();
  absl::StatusOr<RoWal*> log = (*session)->OpenForReading();
  if (!log.ok()) return log.status();
  absl::StatusOr<LogInfo> info = Blocking((*log)->executor(), [&] { return (*log)->Info(); });
  if (!info.ok()) return info.status();
  metrics->Add(std::make_shared<LogAtRest>(channel, *std::move(info)));
  return (*session)->Close();
}

}  // namespace

ExitCode RunMetrics(const LogFlags& flags) {
  absl::StatusOr<std::vector<std::string>> channels = ChannelsToShow(flags);
  if (!channels.ok()) return Complain(channels.status());
  ExitCode code = ExitCode::kFine;
  MetricRegistry metrics;
  for (const std::string& channel : *channels) {
    const absl::Status status = AddChannel(flags, channel, &metrics);
    if (!status.ok()) code = Complain(status);
  }
  absl::PrintF("%s", PrometheusText(metrics));
  return code;
}

}  // namespace tidelog::walctl
