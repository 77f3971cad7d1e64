// How a client reads a log of a broker: by numbers, which may have gaps.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/log/log_reader.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

class BrokerReader final : public LogReader {
 public:
  BrokerReader(Connection* connection, const PChannel& channel, LogProtocol protocol)
      : connection_(connection),
        channel_(channel),
        // How many numbers to look at at once when going back.
        window_(protocol == LogProtocol::kSequenced ? uint64_t{16} << kIndexBits : 64) {}

  Future<absl::StatusOr<LogBounds>> Look() override;
  Future<absl::StatusOr<Fetched>> Fetch(FetchRange range) override;
  Future<absl::StatusOr<FetchedBefore>> FetchBefore(LogBounds bounds, uint64_t end) override;

 private:
  // Takes over what is new in `reply`; whether that is anything.
  static bool Take(LogReply* reply, const FetchRange& range, Fetched* fetched);
  absl::Status Gone(uint64_t from) const {
    return WalError(WalErrorCode::kPositionGone, absl::StrCat("read ", ToString(channel_), " from ",
                                                              from, ": it was truncated away"));
  }

  Connection* const connection_;
  const PChannel channel_;
  const uint64_t window_;
};

Future<absl::StatusOr<LogBounds>> BrokerReader::Look() {
  for (int attempt = 0;; ++attempt) {
    LogRequest request;
    request.op = LogOp::kLook;
    request.channel = channel_.name;
    LogReply reply = co_await connection_->Call(std::move(request));
    if (reply.code == LogCode::kClosed) co_return ConnectionClosed("look at", channel_);
    if (reply.code == LogCode::kNotFound) {
      co_return WalError(WalErrorCode::kChannelNotExist,
                         absl::StrCat("look at ", ToString(channel_), ": there is no such log"));
    }
    if (reply.code == LogCode::kOk) {
      LogBounds bounds;
      bounds.log = reply.log;
      bounds.first = reply.first;
      bounds.end = reply.end;
      bounds.last_sequence = reply.number;
      bounds.mark = std::move(reply.mark);
      co_return bounds;
    }
    co_await connection_->Pause(attempt);
  }
}

bool BrokerReader::Take(LogReply* reply, const FetchRange& range, Fetched* fetched) {
  fetched->next = std::max(range.from, reply->end);
  for (StoredRecord& record : reply->records) {
    // The service may deliver again what was read before.
    if (record.number >= range.from) fetched->records.push_back(std::move(record));
  }
  return fetched->next > range.from;
}

Future<absl::StatusOr<Fetched>> BrokerReader::Fetch(FetchRange range) {
  for (int attempt = 0;; ++attempt) {
    LogRequest request;
    request.op = LogOp::kFetch;
    request.channel = channel_.name;
    request.from = range.from;
    request.end = range.end;
    request.count_max = range.count_max;
    request.bytes_max = range.bytes_max;
    request.wait = range.wait;
    LogReply reply = co_await connection_->Call(std::move(request));
    if (reply.code == LogCode::kClosed) co_return ConnectionClosed("read", channel_);
    if (reply.code == LogCode::kGone) co_return Gone(range.from);
    Fetched fetched;
    if (reply.code == LogCode::kOk && Take(&reply, range, &fetched)) {
      // What waits for a record does not care that there is none up to some number.
      if (!range.wait || !fetched.records.empty() || fetched.next >= range.end) co_return fetched;
      range.from = fetched.next;
      attempt = 0;
      continue;
    }
    if (reply.code == LogCode::kNotFound && !range.wait) {
      fetched.next = range.from;
      co_return fetched;
    }
    if (reply.code != LogCode::kTimeout) co_await connection_->Pause(attempt);
  }
}

Future<absl::StatusOr<FetchedBefore>> BrokerReader::FetchBefore(LogBounds bounds, uint64_t end) {
  FetchedBefore before;
  // Below it there may be nothing for a long way: each look is twice as wide as the one before.
  for (uint64_t window = window_; before.records.empty(); window *= 2) {
    before.from = end - bounds.first > window ? end - window : bounds.first;
    absl::StatusOr<std::vector<StoredRecord>> records = co_await ReadAll(this, before.from, end);
    TIDELOG_CO_RETURN_IF_ERROR(records.status());
    before.records = *std::move(records);
    if (before.from == bounds.first) break;
    end = before.from;
  }
  co_return before;
}

}  // namespace

std::unique_ptr<LogReader> MakeBrokerReader(Connection* connection, const PChannel& channel,
                                            LogProtocol protocol) {
  return std::make_unique<BrokerReader>(connection, channel, protocol);
}

}  // namespace tidelog::sim
