#include "impls/memory/memory.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "impls/memory/memory_wal.h"
#include "wal/async/coroutine.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "walimpls/helper/config_reader.h"
#include "walimpls/helper/opener_lifetime.h"

namespace tidelog::impls::memory {
namespace {

using walimpls::OpenerLifetime;
using walimpls::OpenOptions;
using walimpls::RoWalImpls;
using walimpls::WalImpls;

class MemoryOpener final : public walimpls::OpenerImpls {
 public:
  MemoryOpener(Runtime* runtime, std::shared_ptr<Store> store)
      : runtime_(runtime), store_(std::move(store)), lifetime_(kName) {}

  Future<absl::StatusOr<std::unique_ptr<WalImpls>>> Open(PChannel channel,
                                                         OpenOptions options) override {
    TIDELOG_CO_RETURN_IF_ERROR(ValidateForWriting(channel));
    std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel.name);
    if (!pass) co_return lifetime_.ClosedError(channel.name);
    std::shared_ptr<StoredLog> log = store_->FindOrMake(channel.name, runtime_);
    TIDELOG_CO_ASSIGN_OR_RETURN(const StoredLog::Owner owner, log->Claim(channel.term));
    // Others run between the claim and the boundary, as they do where storage takes time.
    co_await Yield();
    if (!pass->TryBecomeLog()) {
      log->Release(owner, /*clean=*/false);
      co_return lifetime_.ClosedError(channel.name);
    }
    auto wal = std::make_unique<MemoryWal>(channel, options.epoch, log, owner, *std::move(pass));
    const absl::Status still_owner = log->CheckOwner(owner, "open");
    if (still_owner.ok()) co_return wal;
    const absl::Status closed = co_await wal->Close(walimpls::CloseMode::kAbandon);
    CHECK_OK(closed);
    co_return WalErrorFrom(WalErrorCode::kUnmatchedTerm, ToString(channel), still_owner);
  }

  Future<absl::StatusOr<std::unique_ptr<RoWalImpls>>> OpenReadOnly(PChannel channel,
                                                                   OpenOptions options) override {
    TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel.name));
    std::optional<OpenerLifetime::Pass> pass = lifetime_.TryBeginOpen(channel.name);
    if (!pass) co_return lifetime_.ClosedError(channel.name);
    co_await Yield();
    if (!pass->TryBecomeLog()) co_return lifetime_.ClosedError(channel.name);
    std::shared_ptr<StoredLog> log = store_->Find(channel.name);
    if (log == nullptr) {
      co_return WalError(WalErrorCode::kChannelNotExist,
                         absl::StrCat("open ", channel.name, " for reading: nobody has opened it ",
                                      "for writing yet"));
    }
    co_return std::make_unique<MemoryRoWal>(channel, options.epoch, std::move(log),
                                            *std::move(pass));
  }

  // Where there is memory a log can be.
  Future<absl::Status> Prepare(std::string channel) override {
    TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel));
    if (!lifetime_.TryBeginOpen(channel)) co_return lifetime_.ClosedError(channel);
    co_return absl::OkStatus();
  }

  Future<absl::StatusOr<std::vector<std::string>>> Channels() override {
    return MakeReadyFuture(absl::StatusOr<std::vector<std::string>>(store_->Channels()));
  }

  Future<absl::Status> Close() override {
    Future<Unit> closed = lifetime_.Close();
    return AsStatus(std::move(closed));
  }

 private:
  static Future<absl::Status> AsStatus(Future<Unit> closed) {
    co_await std::move(closed);
    co_return absl::OkStatus();
  }

  Runtime* const runtime_;
  const std::shared_ptr<Store> store_;
  OpenerLifetime lifetime_;
};

class MemoryBuilder final : public walimpls::OpenerBuilderImpls {
 public:
  std::string_view name() const override { return kName; }

  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> Build(const Environment& environment,
                                                               const Config& config) override {
    walimpls::ConfigReader reader(kName, config);
    const std::string name = reader.Text("store", "");
    const walimpls::ConfigReader::Range any = {0, std::numeric_limits<size_t>::max()};
    const uint64_t bytes_max = reader.Number("bytes_max", 0, any);
    TIDELOG_RETURN_IF_ERROR(reader.Finish());
    std::shared_ptr<Store> store = name.empty() ? std::make_shared<Store>() : Store::Named(name);
    if (config.contains("bytes_max")) store->SetBytesMax(bytes_max);
    return MakeOpener(environment, std::move(store));
  }
};

}  // namespace

std::unique_ptr<walimpls::OpenerBuilderImpls> MakeBuilder() {
  return std::make_unique<MemoryBuilder>();
}

std::unique_ptr<walimpls::OpenerImpls> MakeOpener(const Environment& environment,
                                                  std::shared_ptr<Store> store) {
  CHECK(environment.runtime != nullptr);
  return std::make_unique<MemoryOpener>(environment.runtime, std::move(store));
}

}  // namespace tidelog::impls::memory
