// The scanner of a simulated log.
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/log/sim_reader.h"
#include "sim/log/stored_message.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "walimpls/helper/scanner_base.h"

namespace tidelog::sim {
namespace {

class SimScanner final : public walimpls::ScannerBase {
 public:
  SimScanner(const ReaderContext& context, uint64_t next, uint64_t last,
             const walimpls::ScanOptions& options, walimpls::LogLifetime* lifetime)
      : ScannerBase(lifetime, options.name),
        context_(context),
        connection_(context.process, context.service),
        reader_(MakeLogReader(context.service->options().protocol, &connection_, context.channel)),
        last_(last),
        next_(next) {
    range_.count_max = options.read_ahead_count_max;
    range_.bytes_max = options.read_ahead_bytes_max;
    range_.end = last == kNoEnd ? kNoEnd : last + 1;
    range_.wait = true;
  }

 private:
  absl::StatusOr<bool> Fill(walimpls::RawBatch* batch) override {
    if (!error_.ok()) return error_;
    for (const StoredRecord& record : fetched_) {
      batch->messages.push_back(MessageOf(record, context_.origin));
    }
    fetched_.clear();
    batch->end = next_ > last_;
    return batch->end || !batch->messages.empty();
  }

  // Its only awaiter is a Next() that Close() waits for.
  Future<Unit> WhenMore() override {
    range_.from = next_;
    absl::StatusOr<Fetched> fetched = co_await reader_->Fetch(range_);
    if (fetched.ok()) {
      fetched_ = std::move(fetched->records);
      next_ = fetched->next;
      co_return Unit{};
    }
    error_ = fetched.status();
    if (GetWalErrorCode(error_) == WalErrorCode::kPositionGone) {
      const absl::Status gone = co_await Gone();
      if (!connection_.closed()) error_ = gone;
    }
    co_return Unit{};
  }

  void StopWaiting() override { connection_.Close(); }

  // The error with the oldest position there is.
  Future<absl::Status> Gone() {
    const absl::StatusOr<LogBounds> bounds = co_await reader_->Look();
    TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
    const absl::StatusOr<std::optional<Position>> oldest =
        co_await OldestOf(reader_.get(), *bounds, context_.origin);
    TIDELOG_CO_RETURN_IF_ERROR(oldest.status());
    co_return PositionGoneError(error_.message(), *oldest);
  }

  const ReaderContext context_;
  Connection connection_;
  const std::unique_ptr<LogReader> reader_;
  FetchRange range_;
  const uint64_t last_;
  uint64_t next_;
  std::vector<StoredRecord> fetched_;
  absl::Status error_;
};

}  // namespace

std::unique_ptr<walimpls::ScannerImpls> MakeSimScanner(const ReaderContext& context, uint64_t next,
                                                       uint64_t last,
                                                       const walimpls::ScanOptions& options,
                                                       walimpls::LogLifetime* lifetime) {
  return std::make_unique<SimScanner>(context, next, last, options, lifetime);
}

}  // namespace tidelog::sim
