#include "tools/benchmark/log_work.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/node/node.h"
#include "wal/async/coroutine.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/scanner.h"

namespace tidelog::benchmark {
namespace {

absl::Duration Now() { return DefaultRuntime()->Now(); }

MutableMessage MakeMessage(const std::string& payload) {
  absl::StatusOr<MutableMessage> message =
      MutableMessage::Builder(MessageType::kInsert).Build(payload);
  CHECK_OK(message.status());
  return *std::move(message);
}

// A log whose readers keep up is truncated as it grows, and then uses its files again, as the raw
// file is: this often.
constexpr uint64_t kTruncateBytes = 32u << 20;

// What the closed-loop clients of one run share; touched on the log's executor only.
struct Clients {
  Wal* wal;
  std::string payload;
  absl::Duration deadline;
  uint64_t count_max;
  uint64_t started = 0;
  uint64_t done = 0;
  bool truncates = false;
  uint64_t untruncated_bytes = 0;
};

// Appends until the time, or the number, is up.  Looks at the clock now and then: it costs more
// than an append.
Future<Unit> OneClient(Clients* clients) {
  co_await EnterExecutor(clients->wal->executor());
  while (clients->started < clients->count_max) {
    if (++clients->started % 64 == 0 && Now() >= clients->deadline) {
      clients->count_max = 0;
      break;
    }
    AppendOptions options;
    options.wait_when_full = true;
    Future<absl::StatusOr<AppendResult>> pending =
        clients->wal->Append(MakeMessage(clients->payload), options);
    absl::StatusOr<AppendResult> result = co_await std::move(pending);
    CHECK_OK(result.status());
    ++clients->done;
    clients->untruncated_bytes += clients->payload.size();
    if (!clients->truncates || clients->untruncated_bytes < kTruncateBytes) continue;
    clients->untruncated_bytes = 0;
    const Position through{result->last_confirmed, result->time_tick};
    absl::StatusOr<Position> truncated = co_await clients->wal->Truncate(through);
    CHECK_OK(truncated.status());
  }
  co_return Unit{};
}

Future<Unit> AllClients(Clients* clients, size_t in_flight) {
  co_await EnterExecutor(clients->wal->executor());
  std::vector<Future<Unit>> running;
  for (size_t i = 0; i < in_flight; ++i) running.push_back(OneClient(clients));
  for (Future<Unit>& one : running) {
    co_await std::move(one);
  }
  co_return Unit{};
}

LogResult RunClients(Clients clients, size_t in_flight) {
  const absl::Duration started = Now();
  Blocking(clients.wal->executor(), [&] { return AllClients(&clients, in_flight); });
  return LogResult{clients.done, Now() - started};
}

}  // namespace

LogUnderTest::LogUnderTest(const std::string& directory, const std::string& channel, Term term) {
  absl::StatusOr<std::unique_ptr<OpenerBuilder>> builder = MakeOpenerBuilder("file");
  CHECK_OK(builder.status());
  builder_ = *std::move(builder);
  absl::StatusOr<std::unique_ptr<Opener>> opener =
      builder_->Build(Environment{}, Config{{"dir", directory}});
  CHECK_OK(opener.status());
  opener_ = *std::move(opener);
  const std::unique_ptr<Executor> strand = DefaultRuntime()->MakeExecutor("benchmark");
  absl::StatusOr<std::unique_ptr<Wal>> wal = Blocking(strand.get(), [&] {
    return opener_->Open(PChannel{channel, term});
  });
  CHECK_OK(wal.status());
  wal_ = *std::move(wal);
}

LogUnderTest::~LogUnderTest() {
  const std::unique_ptr<Executor> strand = DefaultRuntime()->MakeExecutor("benchmark");
  CHECK_OK(Blocking(strand.get(), [&] { return wal_->Close(); }));
  wal_.reset();
  CHECK_OK(Blocking(strand.get(), [&] { return opener_->Close(); }));
}

LogResult LogUnderTest::AppendBlocking(size_t payload, absl::Duration duration) {
  const std::string bytes(payload, 'x');
  LogResult result;
  const absl::Duration started = Now();
  while (Now() - started < duration) {
    absl::StatusOr<AppendResult> appended = Blocking(
        wal_->executor(), [&] { return wal_->Append(MakeMessage(bytes), AppendOptions{}); });
    CHECK_OK(appended.status());
    ++result.records;
  }
  result.elapsed = Now() - started;
  return result;
}

LogResult LogUnderTest::AppendAsync(size_t payload, size_t in_flight, absl::Duration duration) {
  Clients clients{wal_.get(), std::string(payload, 'x'), Now() + duration, UINT64_MAX};
  clients.truncates = true;
  return RunClients(std::move(clients), in_flight);
}

void LogUnderTest::Fill(size_t payload, uint64_t count) {
  RunClients(Clients{wal_.get(), std::string(payload, 'x'), absl::InfiniteDuration(), count}, 1024);
}

double LogUnderTest::ScanBytesPerSecond() {
  ReadOptions options;
  options.until = TailAtOpen{};
  options.name = "benchmark";
  absl::StatusOr<std::unique_ptr<Scanner>> scanner =
      Blocking(wal_->executor(), [&] { return wal_->Read(options); });
  CHECK_OK(scanner.status());
  uint64_t bytes = 0;
  ScanBatch batch;
  const absl::Duration started = Now();
  while (!batch.end) {
    absl::StatusOr<ScanBatch> next =
        Blocking(wal_->executor(), [&] { return (*scanner)->Next(std::move(batch)); });
    CHECK_OK(next.status());
    batch = *std::move(next);
    for (const ImmutableMessage& message : batch.messages) bytes += message.payload().size();
  }
  const absl::Duration elapsed = Now() - started;
  CHECK_OK(Blocking(wal_->executor(), [&] { return (*scanner)->Close(); }));
  return static_cast<double>(bytes) / absl::ToDoubleSeconds(elapsed);
}

}  // namespace tidelog::benchmark
