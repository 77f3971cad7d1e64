#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/async/coroutine.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "walimpls/testing/fake_handles.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::walimpls {

class FakeOpener final : public OpenerImpls {
 public:
  explicit FakeOpener(FakeBackend* backend) : backend_(backend), lifetime_("fake") {}

  Future<absl::StatusOr<std::unique_ptr<WalImpls>>> Open(PChannel channel,
                                                         OpenOptions options) override {
    TIDELOG_CO_RETURN_IF_ERROR(ValidateForWriting(channel));
    std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel.name);
    if (!pass) co_return lifetime_.ClosedError(channel.name);
    FakeLog* const log = &backend_->log(channel.name);
    const absl::Status held = co_await BeforeOpen(log, &*pass);
    TIDELOG_CO_RETURN_IF_ERROR(held);
    if (channel.term < log->term_ || (channel.term == log->term_ && !log->clean_)) {
      co_return UnmatchedTerm(channel, *log);
    }
    log->term_ = channel.term;
    log->clean_ = false;
    log->claimed_ = true;
    const FakeLog::Owner owner = ++log->owner_;
    co_await Yield();
    if (owner != log->owner_) co_return UnmatchedTerm(channel, *log);
    if (!pass->TryBecomeLog()) co_return lifetime_.ClosedError(channel.name);
    co_return std::make_unique<FakeWal>(channel, options, log, backend_->traits(), *std::move(pass),
                                        owner);
  }

  Future<absl::StatusOr<std::unique_ptr<RoWalImpls>>> OpenReadOnly(PChannel channel,
                                                                   OpenOptions options) override {
    TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel.name));
    std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel.name);
    if (!pass) co_return lifetime_.ClosedError(channel.name);
    FakeLog* const log = &backend_->log(channel.name);
    const absl::Status held = co_await BeforeOpen(log, &*pass);
    TIDELOG_CO_RETURN_IF_ERROR(held);
    if (!log->claimed_) co_return WalError(WalErrorCode::kChannelNotExist, channel.name);
    if (!pass->TryBecomeLog()) co_return lifetime_.ClosedError(channel.name);
    co_return std::make_unique<FakeRoWal>(channel, options, log, backend_->traits(),
                                          *std::move(pass));
  }

  Future<absl::Status> Prepare(std::string channel) override {
    TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel));
    if (!lifetime_.TryBeginOpen(channel)) co_return lifetime_.ClosedError(channel);
    co_await Yield();
    co_return backend_->log(channel).fail_prepares_.Take();
  }

  Future<absl::StatusOr<std::vector<std::string>>> Channels() override {
    std::vector<std::string> channels;
    for (const auto& [name, log] : backend_->logs_) {
      if (log->claimed_) channels.push_back(name);
    }
    return MakeReadyFuture(absl::StatusOr<std::vector<std::string>>(std::move(channels)));
  }

  Future<absl::Status> Close() override {
    Future<Unit> closed = lifetime_.Close();
    // Opens that are held look whether the opener closes.
    for (const auto& [name, log] : backend_->logs_) log->released_.NotifyAll();
    co_await std::move(closed);
    co_return absl::OkStatus();
  }

 private:
  // Waits while opens are held, then yields the error that was ordered.
  Future<absl::Status> BeforeOpen(FakeLog* log, OpenerLifetime::Pass* pass) {
    while (log->hold_opens_ && !pass->closing()) {
      co_await log->released_.Wait();
    }
    co_await Yield();
    if (pass->closing()) co_return lifetime_.ClosedError(log->name());
    co_return log->fail_opens_.Take();
  }

  static absl::Status UnmatchedTerm(const PChannel& channel, const FakeLog& log) {
    return WalError(WalErrorCode::kUnmatchedTerm,
                    absl::StrCat("open ", ToString(channel), ": at term ", ToInt(log.term_)));
  }

  FakeBackend* const backend_;
  OpenerLifetime lifetime_;
};

FakeBackend::FakeBackend() {
  traits_.kind = LogKind::kSimulated;
  traits_.message_bytes_max = size_t{1} << 20;
  traits_.group_bytes_max = size_t{4} << 20;
  traits_.group_count_max = 256;
  traits_.property_count_max = 64;
  traits_.durable_on_ack = true;
}

std::unique_ptr<OpenerImpls> FakeBackend::MakeOpener() {
  return std::make_unique<FakeOpener>(this);
}

FakeLog& FakeBackend::log(std::string_view name) {
  std::unique_ptr<FakeLog>& log = logs_[std::string(name)];
  if (log == nullptr) log = std::make_unique<FakeLog>(name);
  return *log;
}

}  // namespace tidelog::walimpls
