#include "tools/benchmark/subject/file_log.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/node/node.h"
#include "tools/benchmark/subject/closed_loop.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::benchmark {
namespace {

// As ClosedLoop wants it.
class Client {
 public:
  explicit Client(Wal* wal) : wal_(wal) { options_.wait_when_full = true; }

  Executor* executor() { return wal_->executor(); }
  Future<absl::StatusOr<AppendResult>> Submit(MutableMessage message) {
    return wal_->Append(std::move(message), options_);
  }
  Position Settled(const AppendResult& result) { return result.position(); }
  Future<absl::Status> Truncate(Position through) {
    absl::StatusOr<Position> truncated = co_await wal_->Truncate(through);
    co_return truncated.status();
  }

 private:
  Wal* const wal_;
  AppendOptions options_;
};

}  // namespace

const Facts& FileLog::facts() const {
  static constexpr Facts kFacts = {
      .name = "file",
      .durable = true,
      .peer = false,
      .groups_commits = true,
      .verifies = true,
      .how =
          "the adaptor over the file backend, default settings, truncated every 32 MiB; in "
          "flight: coroutines on the log's executor",
  };
  return kFacts;
}

absl::Status FileLog::Open(const std::string& directory) {
  TIDELOG_ASSIGN_OR_RETURN(builder_, MakeOpenerBuilder("file"));
  TIDELOG_ASSIGN_OR_RETURN(opener_, builder_->Build(Environment{}, Config{{"dir", directory}}));
  const std::unique_ptr<Executor> strand = DefaultRuntime()->MakeExecutor("benchmark");
  const PChannel channel{"benchmark", Term{++term_}};
  TIDELOG_ASSIGN_OR_RETURN(wal_, Blocking(strand.get(), [&] { return opener_->Open(channel); }));
  return absl::OkStatus();
}

absl::Status FileLog::Append(std::string_view payload) {
  const absl::StatusOr<AppendResult> result = Blocking(
      wal_->executor(), [&] { return wal_->Append(MakeMessage(payload), AppendOptions{}); });
  if (!result.ok()) return result.status();
  return TruncateAsItGrows(payload.size(), *result);
}

absl::Status FileLog::AppendBatch(std::string_view payload, size_t count) {
  std::vector<MutableMessage> messages;
  messages.reserve(count);
  for (size_t i = 0; i < count; ++i) messages.push_back(MakeMessage(payload));
  const BatchResult result = Blocking(
      wal_->executor(), [&] { return wal_->AppendBatch(std::move(messages), AppendOptions{}); });
  if (!result.rest.ok()) return result.rest;
  return TruncateAsItGrows(count * payload.size(), result.done.back());
}

absl::Status FileLog::TruncateAsItGrows(uint64_t bytes, const AppendResult& newest) {
  const uint64_t before = appended_bytes_.fetch_add(bytes);
  if (!truncates_ || before / kTruncateBytes == (before + bytes) / kTruncateBytes) {
    return absl::OkStatus();
  }
  return Blocking(wal_->executor(), [&] { return wal_->Truncate(newest.position()); }).status();
}

absl::StatusOr<uint64_t> FileLog::AppendInFlight(std::string_view payload, size_t in_flight,
                                                 Limit limit) {
  Client client(wal_.get());
  return ClosedLoop<Client>::Run(&client, payload, in_flight, limit, truncates_);
}

absl::Status FileLog::Scan(Visitor visit) {
  ReadOptions options;
  options.until = TailAtOpen{};
  options.name = "benchmark";
  std::unique_ptr<Scanner> scanner;
  TIDELOG_ASSIGN_OR_RETURN(scanner,
                           Blocking(wal_->executor(), [&] { return wal_->Read(options); }));
  ScanBatch batch;
  absl::Status status;
  while (status.ok() && !batch.end) {
    absl::StatusOr<ScanBatch> next =
        Blocking(wal_->executor(), [&] { return scanner->Next(std::move(batch)); });
    status = next.status();
    if (!next.ok()) break;
    batch = *std::move(next);
    for (const ImmutableMessage& message : batch.messages) visit(message.payload());
  }
  status.Update(Blocking(wal_->executor(), [&] { return scanner->Close(); }));
  return status;
}

absl::Status FileLog::Close() {
  const std::unique_ptr<Executor> strand = DefaultRuntime()->MakeExecutor("benchmark");
  absl::Status status;
  if (wal_ != nullptr) status.Update(Blocking(strand.get(), [&] { return wal_->Close(); }));
  wal_.reset();
  if (opener_ != nullptr) status.Update(Blocking(strand.get(), [&] { return opener_->Close(); }));
  opener_.reset();
  return status;
}

}  // namespace tidelog::benchmark
