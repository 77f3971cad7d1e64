#include "sim/log/sim_log.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "sim/log/connection.h"
#include "sim/log/sim_wal.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "walimpls/helper/config_reader.h"
#include "walimpls/helper/opener_lifetime.h"

namespace tidelog::sim {
namespace {

using walimpls::OpenerLifetime;
using walimpls::OpenOptions;
using walimpls::RoWalImpls;
using walimpls::WalImpls;

class SimLogOpener final : public walimpls::OpenerImpls {
 public:
  SimLogOpener(Process* process, LogService* service)
      : process_(process), service_(service), lifetime_(kSimLogName) {}

  Future<absl::StatusOr<std::unique_ptr<WalImpls>>> Open(PChannel channel,
                                                         OpenOptions options) override;
  Future<absl::StatusOr<std::unique_ptr<RoWalImpls>>> OpenReadOnly(PChannel channel,
                                                                   OpenOptions options) override;
  Future<absl::Status> Prepare(std::string channel) override;
  Future<absl::StatusOr<std::vector<std::string>>> Channels() override;
  Future<absl::Status> Close() override;

 private:
  // The connection of an open in flight, which Close() closes.
  class Opening {
   public:
    Opening(SimLogOpener* opener, Connection* connection)
        : opener_(opener), number_(opener->next_opening_++) {
      opener_->opening_.emplace(number_, connection);
    }
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;
    ~Opening() { opener_->opening_.erase(number_); }

   private:
    SimLogOpener* const opener_;
    const uint64_t number_;
  };

  ReaderContext ContextOf(PChannel channel, uint64_t log, uint32_t epoch) const {
    const MessageId::Origin origin = {LogKind::kSimulated, static_cast<uint32_t>(log), epoch};
    return ReaderContext{process_, service_, std::move(channel), origin};
  }

  Process* const process_;
  LogService* const service_;
  OpenerLifetime lifetime_;
  uint64_t next_opening_ = 1;
  absl::btree_map<uint64_t, Connection*> opening_;
};

Future<absl::StatusOr<std::unique_ptr<WalImpls>>> SimLogOpener::Open(PChannel channel,
                                                                     OpenOptions options) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateForWriting(channel));
  std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel.name);
  if (!pass) co_return lifetime_.ClosedError(channel.name);
  LogWriter::Identity identity = {channel, service_->NewWriter(), options.epoch};
  ClaimedChannel claimed;
  claimed.connection = std::make_unique<Connection>(process_, service_);
  const Opening opening(this, claimed.connection.get());
  const LogServiceOptions& service = service_->options();
  claimed.reader = MakeLogReader(service.protocol, claimed.connection.get(), channel);
  claimed.writer = MakeLogWriter(service, claimed.connection.get(), claimed.reader.get(), identity);
  const absl::Status claim = co_await claimed.writer->Claim();
  if (claim.ok() && pass->TryBecomeLog()) {
    const ReaderContext context = ContextOf(channel, claimed.writer->log(), options.epoch);
    co_return std::make_unique<SimWal>(context, std::move(claimed), *std::move(pass));
  }
  claimed.connection->Close();
  if (!claim.ok() && !lifetime_.closing()) co_return claim;
  co_return lifetime_.ClosedError(channel.name);
}

Future<absl::StatusOr<std::unique_ptr<RoWalImpls>>> SimLogOpener::OpenReadOnly(
    PChannel channel, OpenOptions options) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel.name));
  std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel.name);
  if (!pass) co_return lifetime_.ClosedError(channel.name);
  Connection connection(process_, service_);
  const Opening opening(this, &connection);
  const std::unique_ptr<LogReader> reader =
      MakeLogReader(service_->options().protocol, &connection, channel);
  const absl::StatusOr<LogBounds> bounds = co_await reader->Look();
  connection.Close();
  if (lifetime_.closing() || (bounds.ok() && !pass->TryBecomeLog())) {
    co_return lifetime_.ClosedError(channel.name);
  }
  if (!bounds.ok()) co_return bounds.status();
  const ReaderContext context = ContextOf(channel, bounds->log, options.epoch);
  co_return std::make_unique<SimRoWal>(context, *std::move(pass));
}

// A service that answers takes any channel.
Future<absl::Status> SimLogOpener::Prepare(std::string channel) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel));
  std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel);
  if (!pass) co_return lifetime_.ClosedError(channel);
  Connection connection(process_, service_);
  const Opening opening(this, &connection);
  const std::unique_ptr<LogReader> reader =
      MakeLogReader(service_->options().protocol, &connection, PChannel{channel, Term{}});
  const absl::StatusOr<LogBounds> bounds = co_await reader->Look();
  connection.Close();
  if (lifetime_.closing()) co_return lifetime_.ClosedError(channel);
  if (GetWalErrorCode(bounds.status()) == WalErrorCode::kChannelNotExist)
    co_return absl::OkStatus();
  co_return bounds.status();
}

Future<absl::StatusOr<std::vector<std::string>>> SimLogOpener::Channels() {
  std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen("every channel");
  if (!pass) co_return lifetime_.ClosedError("every channel");
  Connection connection(process_, service_);
  const Opening opening(this, &connection);
  for (int attempt = 0;; ++attempt) {
    LogRequest request;
    request.op = LogOp::kChannels;
    LogReply reply = co_await connection.Call(std::move(request));
    if (reply.code == LogCode::kOk) {
      connection.Close();
      co_return std::move(reply.keys);
    }
    if (reply.code == LogCode::kClosed) co_return lifetime_.ClosedError("every channel");
    co_await connection.Pause(attempt);
  }
}

Future<absl::Status> SimLogOpener::Close() {
  Future<Unit> left = lifetime_.Close();
  for (const auto& [number, connection] : opening_) connection->Close();
  co_await std::move(left);
  co_return absl::OkStatus();
}

class SimLogBuilder final : public walimpls::OpenerBuilderImpls {
 public:
  SimLogBuilder(Process* process, LogService* service) : process_(process), service_(service) {}

  std::string_view name() const override { return kSimLogName; }

  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> Build(const Environment& environment,
                                                               const Config& config) override {
    CHECK(environment.runtime == process_->runtime()) << "an environment of another process";
    walimpls::ConfigReader reader(kSimLogName, config);
    TIDELOG_RETURN_IF_ERROR(reader.Finish());
    return MakeSimLogOpener(process_, service_);
  }

 private:
  Process* const process_;
  LogService* const service_;
};

}  // namespace

std::unique_ptr<walimpls::OpenerBuilderImpls> MakeSimLogBuilder(Process* process,
                                                                LogService* service) {
  return std::make_unique<SimLogBuilder>(process, service);
}

std::unique_ptr<walimpls::OpenerImpls> MakeSimLogOpener(Process* process, LogService* service) {
  return std::make_unique<SimLogOpener>(process, service);
}

}  // namespace tidelog::sim
