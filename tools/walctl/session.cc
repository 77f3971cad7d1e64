#include "tools/walctl/session.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/no_destructor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "adaptor/node/node.h"
#include "tools/walctl/waiting_observer.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/environment.h"
#include "wal/metrics.h"
#include "wal/observer.h"
#include "wal/status.h"

namespace tidelog::walctl {
namespace {

// As long as an append may take before somebody who looks on is told of it.
constexpr char kSlowAppendKey[] = "wal.slow_append_limit";
constexpr char kSlowAppendLimit[] = "5s";

// Never destroyed: what hangs in the backend may still report to it.
Observer* OnStandardError() {
  static absl::NoDestructor<WaitingObserver> observer(
      [](const std::string& line) { absl::FPrintF(stderr, "walctl: %s\n", line); });
  return observer.get();
}

// Never destroyed, as that.
MetricRegistry* Metrics() {
  static absl::NoDestructor<MetricRegistry> metrics;
  return metrics.get();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> Session::Start(const LogFlags& flags) {
  absl::StatusOr<std::unique_ptr<OpenerBuilder>> builder = MakeOpenerBuilder(flags.backend);
  if (!builder.ok()) return WalError(WalErrorCode::kInvalidArgument, builder.status().message());
  if (flags.backend == "file" && flags.directory.empty()) {
    return WalError(WalErrorCode::kInvalidArgument, "name the log's directory with --dir");
  }
  Config config = {{kSlowAppendKey, kSlowAppendLimit}};
  if (!flags.directory.empty()) config["dir"] = flags.directory;
  for (const std::string& setting : flags.settings) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(setting, absl::MaxSplits('=', 1));
    config[parts.first] = parts.second;
  }
  Environment environment;
  environment.observer = OnStandardError();
  if (flags.metrics_port.has_value()) environment.metrics = Metrics();
  absl::StatusOr<std::unique_ptr<Opener>> opener = (*builder)->Build(environment, config);
  if (!opener.ok()) return opener.status();
  auto session =
      std::unique_ptr<Session>(new Session(flags, *std::move(builder), *std::move(opener)));
  absl::Status served = session->ServeMetrics();
  if (!served.ok()) return served;
  return session;
}

Session::Session(LogFlags flags, std::unique_ptr<OpenerBuilder> builder,
                 std::unique_ptr<Opener> opener)
    : flags_(std::move(flags)),
      executor_(DefaultRuntime()->MakeExecutor("walctl")),
      builder_(std::move(builder)),
      opener_(std::move(opener)) {}

Session::~Session() { (void)Close(); }

absl::Status Session::ServeMetrics() {
  if (!flags_.metrics_port.has_value()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<PrometheusExporter>> exporter =
      PrometheusExporter::Serve(Metrics(), absl::StrCat("127.0.0.1:", *flags_.metrics_port));
  if (!exporter.ok()) return exporter.status();
  exporter_ = *std::move(exporter);
  absl::FPrintF(stderr, "walctl: metrics at http://127.0.0.1:%d/metrics\n", exporter_->port());
  return absl::OkStatus();
}

absl::Status Session::CloseLog() {
  absl::Status status;
  if (log_ != nullptr) status = Blocking(executor_.get(), [this] { return log_->Close(); });
  log_.reset();
  return status;
}

absl::Status Session::Close() {
  if (closed_) return absl::OkStatus();
  closed_ = true;
  absl::Status status = CloseLog();
  status.Update(Blocking(executor_.get(), [this] { return opener_->Close(); }));
  return status;
}

absl::StatusOr<std::vector<std::string>> Session::Channels() {
  return Blocking(executor_.get(), [this] { return opener_->Channels(); });
}

absl::StatusOr<RoWal*> Session::OpenForReading() {
  absl::StatusOr<std::unique_ptr<RoWal>> log = Blocking(executor_.get(), [this] {
    return opener_->OpenReadOnly(PChannel{flags_.channel, Term{}});
  });
  if (log.ok()) {
    log_ = *std::move(log);
    return log_.get();
  }
  if (GetWalErrorCode(log.status()) != WalErrorCode::kChannelNotExist) return log.status();
  absl::StatusOr<std::vector<std::string>> channels = Channels();
  if (!channels.ok() || channels->empty()) return log.status();
  return WalErrorFrom(WalErrorCode::kChannelNotExist,
                      absl::StrCat("the channels there are: ", absl::StrJoin(*channels, ", ")),
                      log.status());
}

// What the log says of itself; nothing of it if the channel does not exist yet.
absl::StatusOr<LogInfo> Session::LookAtChannel() {
  absl::StatusOr<std::unique_ptr<RoWal>> log = Blocking(executor_.get(), [this] {
    return opener_->OpenReadOnly(PChannel{flags_.channel, Term{}});
  });
  if (!log.ok()) {
    if (GetWalErrorCode(log.status()) == WalErrorCode::kChannelNotExist) return LogInfo{};
    return log.status();
  }
  absl::StatusOr<LogInfo> info = Blocking(executor_.get(), [&log] { return (*log)->Info(); });
  absl::Status closed = Blocking(executor_.get(), [&log] { return (*log)->Close(); });
  if (info.ok() && !closed.ok()) return closed;
  return info;
}

absl::Status Session::CheckNoLiveHolder(const LogInfo& info) const {
  if (info.holder != LogInfo::Holder::kLive) return absl::OkStatus();
  return WalError(
      WalErrorCode::kResourceAcquired,
      absl::StrCat("channel ", flags_.channel, " is held by a live writer at term ",
                   ToInt(info.newest_term),
                   "; stop that process, or fence it by adding --take-over to this command"));
}

absl::StatusOr<Wal*> Session::OpenForWriting(const WriteFlags& flags) {
  absl::StatusOr<LogInfo> info = LookAtChannel();
  if (!info.ok()) return info.status();
  if (!flags.take_over) {
    absl::Status free = CheckNoLiveHolder(*info);
    if (!free.ok()) return free;
  }
  const Term term{flags.term != 0 ? flags.term : ToInt(info->newest_term) + 1};
  absl::StatusOr<std::unique_ptr<Wal>> log = Blocking(executor_.get(), [&] {
    return opener_->Open(PChannel{flags_.channel, term});
  });
  if (!log.ok()) return log.status();
  Wal* wal = log->get();
  log_ = *std::move(log);
  return wal;
}

bool IsFenced(Wal* wal) {
  const absl::StatusOr<LogInfo> info = Blocking(wal->executor(), [wal] { return wal->Info(); });
  return GetWalErrorCode(info.status()) == WalErrorCode::kChannelFenced;
}

}  // namespace tidelog::walctl
