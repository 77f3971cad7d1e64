// NullBackend: a backend that stores nothing and is done in the next job, to measure what is above
// it.
#ifndef TIDELOG_ADAPTOR_TESTING_NULL_BACKEND_H_
#define TIDELOG_ADAPTOR_TESTING_NULL_BACKEND_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/job.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// Nothing can be read.
class NullWal : public walimpls::WalImpls {
 public:
  NullWal(PChannel channel, Executor* strand) : channel_(std::move(channel)), strand_(*strand) {
    job_.wal = this;
    job_.run = [](Job* job) { static_cast<Completion*>(job)->wal->Complete(); };
    traits_.kind = LogKind::kMemory;
    traits_.message_bytes_max = 1 << 20;
    traits_.group_bytes_max = 1 << 20;
    traits_.group_count_max = 1024;
    traits_.property_count_max = 64;
  }

  const PChannel& channel() const override { return channel_; }
  const walimpls::Traits& traits() const override { return traits_; }
  Future<absl::StatusOr<walimpls::LogState>> Info() override {
    return MakeReadyFuture(absl::StatusOr<walimpls::LogState>(walimpls::LogState()));
  }
  Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> Read(
      walimpls::ScanOptions) override {
    return MakeReadyFuture(absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>(
        WalError(WalErrorCode::kInner, "nothing can be read")));
  }
  Future<absl::Status> Close(walimpls::CloseMode) override {
    if (lost_) {
      std::exchange(lost_, std::nullopt)->Set(WalError(WalErrorCode::kOnShutdown, "closed"));
    }
    return MakeReadyFuture(absl::OkStatus());
  }
  Future<absl::StatusOr<walimpls::Ids>> Append(walimpls::Group group) override {
    if (appends_.empty()) strand_.Post(&job_);
    Promise<absl::StatusOr<walimpls::Ids>> promise("a null append");
    Future<absl::StatusOr<walimpls::Ids>> future = promise.future();
    appends_.push_back({std::move(promise), group.size()});
    return future;
  }
  void AcceptAgain() override {}
  Future<absl::Status> Truncate(Position) override { return MakeReadyFuture(absl::OkStatus()); }
  std::optional<MessageId> boundary() const override { return std::nullopt; }
  const ImmutableMessage& newest_time_tick() const override { return none_; }
  void OnTick() override {}
  Future<absl::Status> WhenUnavailable() override {
    Promise<absl::Status> promise("null log lost");
    Future<absl::Status> future = promise.future();
    lost_ = std::move(promise);
    return future;
  }

 private:
  struct Pending {
    Promise<absl::StatusOr<walimpls::Ids>> promise;
    size_t count;
  };
  struct Completion : Job {
    NullWal* wal = nullptr;
  };

  void Complete() {
    completing_.swap(appends_);
    for (Pending& append : completing_) {
      walimpls::Ids ids;
      for (size_t i = 0; i < append.count; ++i) {
        ids.push_back(MessageId::FromNumber({LogKind::kMemory, 1, 0}, ++number_));
      }
      append.promise.Set(std::move(ids));
    }
    completing_.clear();
  }

  const PChannel channel_;
  Executor& strand_;
  walimpls::Traits traits_;
  Completion job_;
  std::vector<Pending> appends_;
  std::vector<Pending> completing_;  // Empty but inside Complete(); keeps its memory.
  uint64_t number_ = 0;
  const ImmutableMessage none_;
  std::optional<Promise<absl::Status>> lost_;
};

class NullOpener : public walimpls::OpenerImpls {
 public:
  Future<absl::StatusOr<std::unique_ptr<walimpls::WalImpls>>> Open(
      PChannel channel, walimpls::OpenOptions options) override {
    return MakeReadyFuture(absl::StatusOr<std::unique_ptr<walimpls::WalImpls>>(
        std::make_unique<NullWal>(std::move(channel), options.strand)));
  }
  Future<absl::StatusOr<std::unique_ptr<walimpls::RoWalImpls>>> OpenReadOnly(
      PChannel channel, walimpls::OpenOptions options) override {
    return MakeReadyFuture(absl::StatusOr<std::unique_ptr<walimpls::RoWalImpls>>(
        std::make_unique<NullWal>(std::move(channel), options.strand)));
  }
  Future<absl::Status> Prepare(std::string) override { return MakeReadyFuture(absl::OkStatus()); }
  Future<absl::StatusOr<std::vector<std::string>>> Channels() override {
    return MakeReadyFuture(absl::StatusOr<std::vector<std::string>>(std::vector<std::string>()));
  }
  Future<absl::Status> Close() override { return MakeReadyFuture(absl::OkStatus()); }
};

class NullBuilder : public walimpls::OpenerBuilderImpls {
 public:
  std::string_view name() const override { return "null"; }
  using walimpls::OpenerBuilderImpls::Build;
  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> Build(const Environment&,
                                                               const Config&) override {
    return std::make_unique<NullOpener>();
  }
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_TESTING_NULL_BACKEND_H_
