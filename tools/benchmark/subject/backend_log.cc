#include "tools/benchmark/subject/backend_log.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "registry/registry.h"
#include "tools/benchmark/subject/closed_loop.h"
#include "tools/benchmark/subject/on_strand.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/message_stamper.h"
#include "wal/types.h"
#include "walimpls/default_environment.h"
#include "walimpls/opener.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::benchmark {

const Facts& BackendLog::facts() const {
  static constexpr Facts kFacts = {
      .name = "backend",
      .durable = true,
      .peer = false,
      .groups_commits = true,
      .verifies = true,
      .how =
          "the file backend without the adaptor, default settings, truncated every 32 MiB; in "
          "flight: coroutines on the log's executor",
  };
  return kFacts;
}

absl::Status BackendLog::Open(const std::string& directory) {
  walimpls::OpenerBuilderImpls* builder = nullptr;
  TIDELOG_ASSIGN_OR_RETURN(builder, registry::GetBuilder("file"));
  const Environment environment = walimpls::CompleteEnvironment(Environment{});
  TIDELOG_ASSIGN_OR_RETURN(opener_, builder->Build(environment, Config{{"dir", directory}}));
  strand_ = DefaultRuntime()->MakeExecutor("benchmark");
  walimpls::OpenOptions options;
  options.strand = strand_.get();
  const PChannel channel{"benchmark", Term{++term_}};
  TIDELOG_ASSIGN_OR_RETURN(
      wal_, BlockingOnStrand(strand_.get(), [&] { return opener_->Open(channel, options); }));
  return absl::OkStatus();
}

ImmutableMessage BackendLog::Stamped(MutableMessage message) {
  MessageStamper::Stamp(message, Term{term_}, TimeTick{++tick_}, /*last_confirmed=*/nullptr);
  return MessageStamper::Seal(std::move(message));
}

Future<absl::StatusOr<walimpls::Ids>> BackendLog::Submit(MutableMessage message) {
  walimpls::Group group;
  group.push_back(Stamped(std::move(message)));
  return wal_->Append(std::move(group));
}

Position BackendLog::Settled(const walimpls::Ids& ids) {
  settled_ += ids.size();
  return Position{ids.back(), TimeTick{settled_}};
}

Future<absl::Status> BackendLog::AppendOnStrand(std::vector<MutableMessage> messages) {
  co_await EnterExecutor(strand_.get());
  walimpls::Group group;
  group.reserve(messages.size());
  for (MutableMessage& message : messages) {
    untruncated_bytes_ += message.payload().size();
    group.push_back(Stamped(std::move(message)));
  }
  absl::StatusOr<walimpls::Ids> ids = co_await wal_->Append(std::move(group));
  if (!ids.ok()) co_return ids.status();
  const Position settled = Settled(*ids);
  if (!truncates_ || untruncated_bytes_ < kTruncateBytes) co_return absl::OkStatus();
  untruncated_bytes_ = 0;
  absl::Status truncated = co_await wal_->Truncate(settled);
  co_return truncated;
}

absl::Status BackendLog::Append(std::string_view payload) { return AppendBatch(payload, 1); }

absl::Status BackendLog::AppendBatch(std::string_view payload, size_t count) {
  std::vector<MutableMessage> messages;
  messages.reserve(count);
  for (size_t i = 0; i < count; ++i) messages.push_back(MakeMessage(payload));
  return Blocking(strand_.get(), [&] { return AppendOnStrand(std::move(messages)); });
}

absl::StatusOr<uint64_t> BackendLog::AppendInFlight(std::string_view payload, size_t in_flight,
                                                    Limit limit) {
  return ClosedLoop<BackendLog>::Run(this, payload, in_flight, limit, truncates_);
}

Future<absl::Status> BackendLog::ScanOnStrand(Visitor visit) {
  co_await EnterExecutor(strand_.get());
  absl::StatusOr<walimpls::LogState> state = co_await wal_->Info();
  if (!state.ok()) co_return state.status();
  if (!state->tail_id.has_value()) co_return absl::OkStatus();
  walimpls::ScanOptions options;
  options.until = state->tail_id;
  options.name = "benchmark";
  absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> scanner =
      co_await wal_->Read(std::move(options));
  if (!scanner.ok()) co_return scanner.status();
  walimpls::RawBatch batch;
  absl::Status status;
  while (!batch.end) {
    absl::StatusOr<walimpls::RawBatch> next = co_await (*scanner)->Next(std::move(batch));
    status = next.status();
    if (!next.ok()) break;
    batch = *std::move(next);
    for (const ImmutableMessage& message : batch.messages) visit(message.payload());
  }
  absl::Status closed = co_await (*scanner)->Close();
  status.Update(closed);
  co_return status;
}

absl::Status BackendLog::Scan(Visitor visit) {
  return Blocking(strand_.get(), [&] { return ScanOnStrand(visit); });
}

absl::Status BackendLog::Close() {
  absl::Status status;
  if (wal_ != nullptr) {
    status.Update(
        BlockingOnStrand(strand_.get(), [&] { return wal_->Close(walimpls::CloseMode::kClean); }));
  }
  wal_.reset();
  if (opener_ != nullptr) {
    status.Update(BlockingOnStrand(strand_.get(), [&] { return opener_->Close(); }));
  }
  opener_.reset();
  strand_.reset();
  return status;
}

}  // namespace tidelog::benchmark
