#include <malloc.h>
#include <sys/resource.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "adaptor/node/node.h"
#include "tools/benchmark/life.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/row.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"
#include "wal/environment.h"
#include "wal/opener.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::benchmark {
namespace {

// Of the whole process.
struct Usage {
  double processor_us;
  double wakes;
  absl::Duration when;

  static Usage Now() {
    rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    const auto microseconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return {microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
            static_cast<double>(usage.ru_nvcsw), DefaultRuntime()->Now()};
  }
};

double HeapBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<double>(heap.uordblks) + static_cast<double>(heap.hblkhd);
}

class Channels {
 public:
  explicit Channels(std::string directory) : directory_(std::move(directory)) {}
  ~Channels() {
    (void)Close();            // An error came before, and is told.
    std::error_code ignored;  // Whoever made the parent removes it.
    std::filesystem::remove_all(directory_, ignored);
  }

  absl::Status Open(size_t count) {
    TIDELOG_ASSIGN_OR_RETURN(builder_, MakeOpenerBuilder("file"));
    TIDELOG_ASSIGN_OR_RETURN(opener_, builder_->Build(Environment{}, Config{{"dir", directory_}}));
    for (size_t i = 0; i < count; ++i) {
      const PChannel channel{absl::StrCat("idle-", i), Term{1}};
      absl::StatusOr<std::unique_ptr<Wal>> wal =
          Blocking(strand_.get(), [&] { return opener_->Open(channel); });
      if (!wal.ok()) return wal.status();
      wals_.push_back(*std::move(wal));
    }
    return absl::OkStatus();
  }

  absl::Status Close() {
    absl::Status status;
    for (const std::unique_ptr<Wal>& wal : wals_) {
      status.Update(Blocking(strand_.get(), [&] { return wal->Close(); }));
    }
    wals_.clear();
    if (opener_ != nullptr) {
      status.Update(Blocking(strand_.get(), [&] { return opener_->Close(); }));
    }
    opener_.reset();
    return status;
  }

 private:
  const std::string directory_;
  const std::unique_ptr<Executor> strand_ = DefaultRuntime()->MakeExecutor("idle");
  std::unique_ptr<OpenerBuilder> builder_;
  std::unique_ptr<Opener> opener_;
  std::vector<std::unique_ptr<Wal>> wals_;
};

Row RowOf(std::string_view work, std::string_view unit) {
  Row row;
  row.work = work;
  row.subject = "file";
  row.unit = unit;
  row.more_is_better = false;
  return row;
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureIdle(const Options& options) {
  const size_t count = options.idle_channels;
  std::error_code error;
  const std::string directory = options.directory + "/idle";
  std::filesystem::create_directories(directory, error);
  if (error) return absl::ErrnoToStatus(error.value(), "mkdir " + directory);
  Channels channels(directory);
  const double heap_before = HeapBytes();
  TIDELOG_RETURN_IF_ERROR(channels.Open(count));
  Row memory = RowOf("idle_memory", "bytes each");
  memory.values.push_back((HeapBytes() - heap_before) / static_cast<double>(count));

  Row processor = RowOf("idle_cpu", "us/s each");
  Row wakes = RowOf("idle_wakes", "wakes/s of all");
  absl::Notification never;
  for (int i = 0; i < 3; ++i) {
    const Usage before = Usage::Now();
    never.WaitForNotificationWithTimeout(options.idle_interval);
    const Usage after = Usage::Now();
    const double seconds = absl::ToDoubleSeconds(after.when - before.when);
    processor.values.push_back((after.processor_us - before.processor_us) / seconds /
                               static_cast<double>(count));
    wakes.values.push_back((after.wakes - before.wakes) / seconds);
  }
  TIDELOG_RETURN_IF_ERROR(channels.Close());
  std::vector<Row> rows = {processor, wakes, memory};
  for (Row& row : rows) row.channels = count;
  return rows;
}

}  // namespace tidelog::benchmark
