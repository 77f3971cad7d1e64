#include "tools/benchmark/sample.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/crc/crc32c.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"

namespace tidelog::benchmark {
namespace {

absl::Duration Now() { return DefaultRuntime()->Now(); }

struct Ran {
  uint64_t records = 0;
  absl::Duration elapsed;
};

double RateOf(const Ran& ran) {
  return static_cast<double>(ran.records) / absl::ToDoubleSeconds(ran.elapsed);
}

absl::StatusOr<Ran> AppendSingly(Subject& subject, std::string_view payload, absl::Duration slice) {
  Ran ran;
  const absl::Duration started = Now();
  while (Now() - started < slice) {
    TIDELOG_RETURN_IF_ERROR(subject.Append(payload));
    ++ran.records;
  }
  ran.elapsed = Now() - started;
  return ran;
}

absl::StatusOr<Ran> AppendBatches(Subject& subject, std::string_view payload,
                                  absl::Duration slice) {
  Ran ran;
  const absl::Duration started = Now();
  while (Now() - started < slice) {
    TIDELOG_RETURN_IF_ERROR(subject.AppendBatch(payload, kBatchCount));
    ran.records += kBatchCount;
  }
  ran.elapsed = Now() - started;
  return ran;
}

absl::StatusOr<Ran> AppendAsynchronously(Asynchronous& subject, std::string_view payload,
                                         size_t in_flight, absl::Duration slice) {
  Ran ran;
  const absl::Duration started = Now();
  TIDELOG_ASSIGN_OR_RETURN(
      ran.records, subject.AppendInFlight(payload, in_flight, {.deadline = started + slice}));
  ran.elapsed = Now() - started;
  return ran;
}

// Neither the making of the threads counts nor their end, but for the last append of each.
absl::StatusOr<Ran> AppendByThreads(Subject& subject, std::string_view payload, size_t count,
                                    absl::Duration slice) {
  struct Result {
    absl::Status status;
    uint64_t records = 0;
    absl::Duration ended;
  };
  std::vector<Result> results(count);
  absl::BlockingCounter ready(static_cast<int>(count));
  absl::Notification go;
  absl::Duration deadline;
  std::vector<std::thread> threads;
  for (Result& result : results) {
    threads.emplace_back([&, payload] {
      ready.DecrementCount();
      go.WaitForNotification();
      while (result.status.ok() && Now() < deadline) {
        result.status = subject.Append(payload);
        ++result.records;
      }
      result.ended = Now();
    });
  }
  ready.Wait();
  const absl::Duration started = Now();
  deadline = started + slice;
  go.Notify();
  for (std::thread& thread : threads) thread.join();
  Ran ran;
  absl::Duration ended;
  for (const Result& result : results) {
    TIDELOG_RETURN_IF_ERROR(result.status);
    ran.records += result.records;
    ended = std::max(ended, result.ended);
  }
  ran.elapsed = ended - started;
  return ran;
}

absl::StatusOr<double> ScanRate(Subject& subject, absl::Duration slice) {
  uint64_t bytes = 0;
  uint32_t sum = 0;
  const bool verifies = subject.facts().verifies;
  const auto visit = [&](std::string_view payload) {
    bytes += payload.size();
    if (!verifies) sum ^= static_cast<uint32_t>(absl::ComputeCrc32c(payload));
  };
  const absl::Duration started = Now();
  do {
    TIDELOG_RETURN_IF_ERROR(subject.Scan(visit));
  } while (Now() - started < slice);
  const absl::Duration elapsed = Now() - started;
  // So that nothing is optimized away.
  if (sum == 1 && bytes == 1) return absl::InternalError("impossible");
  return static_cast<double>(bytes) / absl::ToDoubleSeconds(elapsed) / 1e6;
}

}  // namespace

Client ClientOf(Subject& subject, const Work& work) {
  const bool one = work.kind == WorkKind::kBatch || work.kind == WorkKind::kScan;
  if (one || work.in_flight == 1) return {false, 1};
  const bool raw = subject.facts().name == "raw";  // Its model is asynchronous, whatever the work.
  if (subject.asynchronous() != nullptr && (raw || work.kind == WorkKind::kAppend)) {
    return {true, work.in_flight};
  }
  return {false, std::min(work.in_flight, kThreadsMax)};
}

absl::StatusOr<double> TakeSample(Subject& subject, const Work& work, absl::Duration slice) {
  if (work.kind == WorkKind::kScan) return ScanRate(subject, slice);
  const std::string payload(work.payload, 'x');
  const Client client = ClientOf(subject, work);
  absl::StatusOr<Ran> ran;
  if (work.kind == WorkKind::kBatch) {
    ran = AppendBatches(subject, payload, slice);
  } else if (client.asynchronous) {
    ran = AppendAsynchronously(*subject.asynchronous(), payload, client.count, slice);
  } else if (client.count == 1) {
    ran = AppendSingly(subject, payload, slice);
  } else {
    ran = AppendByThreads(subject, payload, client.count, slice);
  }
  if (!ran.ok()) return ran.status();
  return RateOf(*ran);
}

absl::Status Fill(Subject& subject, size_t payload, uint64_t count) {
  const std::string bytes(payload, 'x');
  constexpr uint64_t kTogether = 1024;
  if (Asynchronous* asynchronous = subject.asynchronous()) {
    return asynchronous->AppendInFlight(bytes, kTogether, {.count_max = count}).status();
  }
  for (uint64_t done = 0; done < count; done += kTogether) {
    TIDELOG_RETURN_IF_ERROR(subject.AppendBatch(bytes, std::min(kTogether, count - done)));
  }
  return absl::OkStatus();
}

}  // namespace tidelog::benchmark
