#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "tools/benchmark/life.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/processor_time.h"
#include "tools/benchmark/row.h"
#include "tools/benchmark/scratch.h"
#include "tools/benchmark/statistics.h"
#include "tools/benchmark/subject/file_log.h"
#include "tools/benchmark/subject/raw.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"
#include "wal/scanner.h"
#include "wal/wal.h"

namespace tidelog::benchmark {
namespace {

constexpr size_t kPayload = 1024;
constexpr absl::Duration kInterval = absl::Milliseconds(1);

absl::Duration Now() { return DefaultRuntime()->Now(); }

// Of the appends of one round, in order.
struct Times {
  std::vector<absl::Duration> invoked, acknowledged, seen;
};

// What a round yields, in microseconds.
struct Delays {
  double from_call;
  double from_return;
};

double MedianMicroseconds(const std::vector<absl::Duration>& from,
                          const std::vector<absl::Duration>& to) {
  std::vector<double> values;
  for (size_t i = 0; i < from.size(); ++i) {
    values.push_back(absl::ToDoubleMicroseconds(to[i] - from[i]));
  }
  return Summarize(std::move(values))->median;
}

Delays DelaysOf(const Times& times) {
  // A reader may be sooner than the thread that waits for the acknowledgement.
  const double from_return = MedianMicroseconds(times.acknowledged, times.seen);
  return {MedianMicroseconds(times.invoked, times.seen), std::max(from_return, 0.0)};
}

// Appends at a steady pace.
absl::Status AppendSteadily(size_t count, absl::FunctionRef<absl::Status()> append, Times* times) {
  absl::Notification never;
  const absl::Duration started = Now();
  for (size_t i = 0; i < count; ++i) {
    never.WaitForNotificationWithTimeout(started + static_cast<int64_t>(i) * kInterval - Now());
    times->invoked.push_back(Now());
    TIDELOG_RETURN_IF_ERROR(append());
    times->acknowledged.push_back(Now());
  }
  return absl::OkStatus();
}

// A thread that is woken when one more is durable, and nothing else.
class RawTail {
 public:
  void Tell() {
    absl::MutexLock lock(&mutex_);
    ++durable_;
  }
  void Read(size_t count, std::vector<absl::Duration>* seen) {
    while (seen->size() < count) {
      absl::MutexLock lock(&mutex_);
      seen_ = seen->size();
      mutex_.Await(absl::Condition(this, &RawTail::HasMore));
      seen->resize(durable_, Now());
    }
  }

 private:
  bool HasMore() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return durable_ > seen_; }

  absl::Mutex mutex_;
  size_t durable_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t seen_ ABSL_GUARDED_BY(mutex_) = 0;
};

absl::StatusOr<Delays> RawRound(Subject& raw, size_t count) {
  const std::string payload(kPayload, 'x');
  RawTail tail;
  Times times;
  absl::Status failed;
  std::thread reader([&] { tail.Read(count, &times.seen); });
  const auto append = [&] {
    // Told all the same, so that the reader ends.
    failed.Update(raw.Append(payload));
    tail.Tell();
    return absl::OkStatus();
  };
  const absl::Status appended = AppendSteadily(count, append, &times);
  reader.join();
  TIDELOG_RETURN_IF_ERROR(appended);
  TIDELOG_RETURN_IF_ERROR(failed);
  return DelaysOf(times);
}

// Reads on an executor of its own, until `count` messages were seen.
Future<absl::Status> Tail(Executor* executor, Scanner* scanner, size_t count,
                          std::vector<absl::Duration>* seen) {
  co_await EnterExecutor(executor);
  ScanBatch batch;
  while (seen->size() < count) {
    absl::StatusOr<ScanBatch> next = co_await scanner->Next(std::move(batch));
    if (!next.ok()) co_return next.status();
    batch = *std::move(next);
    seen->resize(seen->size() + batch.messages.size(), executor->Now());
  }
  co_return absl::OkStatus();
}

absl::StatusOr<Delays> LogRound(FileLog& log, size_t count) {
  const std::string payload(kPayload, 'x');
  ReadOptions options;
  options.from = Latest{};
  std::unique_ptr<Scanner> scanner;
  Wal* const wal = log.wal();
  TIDELOG_ASSIGN_OR_RETURN(scanner, Blocking(wal->executor(), [&] { return wal->Read(options); }));
  const std::unique_ptr<Executor> executor = DefaultRuntime()->MakeExecutor("reader");
  Times times;
  Future<absl::Status> reading = Tail(executor.get(), scanner.get(), count, &times.seen);
  absl::Status status = AppendSteadily(
      count, [&] { return log.Append(payload); }, &times);
  const auto close = [&] { return scanner->Close(); };
  if (!status.ok()) status.Update(Blocking(wal->executor(), close));  // Ends the reader.
  status.Update(Blocking(executor.get(), [&] { return std::move(reading); }));
  status.Update(Blocking(wal->executor(), close));
  TIDELOG_RETURN_IF_ERROR(status);
  return DelaysOf(times);
}

Row RowOf(std::string_view work, std::string_view subject) {
  Row row;
  row.work = work;
  row.subject = subject;
  row.payload = kPayload;
  row.in_flight = 1;
  row.threads = 1;
  row.unit = "us";
  row.more_is_better = false;
  return row;
}

struct Round {
  int number;
  Delays raw, log;
  double stolen;
};

// A round is judged by what raw takes from the call on: behind the return it is a wake-up, too
// short to judge by.
Judgement JudgeRounds(const std::vector<Round>& rounds, const Options& options) {
  std::vector<Pair> pairs;
  std::vector<double> raws;
  for (const Round& round : rounds) {
    pairs.push_back({round.number, round.raw.from_call, round.log.from_call, round.stolen});
    raws.push_back(round.raw.from_call);
  }
  return options.keep_spoiled ? Judgement{pairs, {}} : Judge(pairs, raws, options.noise);
}

// The rows.  Behind the return raw is no limit: its reader is often awake before its writer.
std::vector<Row> RowsOf(const std::vector<Round>& rounds, const Judgement& judgement) {
  Row raw = RowOf("visible", "raw");
  for (const Round& round : rounds) raw.values.push_back(round.raw.from_call);
  raw.raws = raw.values;
  Row from_call = RowOf("visible", "file");
  Row from_return = RowOf("visible_after_ack", "file");
  for (const Pair& pair : judgement.used) {
    from_call.values.push_back(pair.sample);
    from_call.raws.push_back(pair.raw);
    from_return.values.push_back(rounds[static_cast<size_t>(pair.round) - 1].log.from_return);
  }
  from_call.spoiled = judgement.spoiled;
  from_return.spoiled = judgement.spoiled;
  return {std::move(raw), std::move(from_call), std::move(from_return)};
}

}  // namespace

absl::StatusOr<std::vector<Row>> MeasureVisible(const Options& options) {
  const auto count = static_cast<size_t>(
      std::max<int64_t>(50, absl::ToInt64Milliseconds(std::min(options.slice, absl::Seconds(1)))));
  Scratch raw(std::make_unique<RawMachine>(options.raw_file_bytes));
  Scratch log(std::make_unique<FileLog>(/*truncates=*/true));
  TIDELOG_RETURN_IF_ERROR(raw.Open(options.directory));
  TIDELOG_RETURN_IF_ERROR(log.Open(options.directory));
  FileLog& file_log = static_cast<FileLog&>(*log);
  TIDELOG_RETURN_IF_ERROR(LogRound(file_log, 50).status());
  std::vector<Round> rounds;
  for (int number = 1; number <= options.pairs; ++number) {
    Round round{};
    round.number = number;
    const ProcessorTime before = ProcessorTime::Now();
    TIDELOG_ASSIGN_OR_RETURN(round.raw, RawRound(*raw, count));
    TIDELOG_ASSIGN_OR_RETURN(round.log, LogRound(file_log, count));
    round.stolen = StolenBetween(before, ProcessorTime::Now());
    rounds.push_back(round);
  }
  TIDELOG_RETURN_IF_ERROR(log.Close());
  TIDELOG_RETURN_IF_ERROR(raw.Close());
  return RowsOf(rounds, JudgeRounds(rounds, options));
}

}  // namespace tidelog::benchmark
