#include "walimpls/testing/flaky_builder.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "walimpls/wal.h"

namespace tidelog::walimpls {
namespace {

absl::Status Failed() { return WalError(WalErrorCode::kUnavailable, "a failure that was drawn"); }

// A group that is failed ends behind those that were handed over before it, for they complete in
// order.
class FlakyWal final : public WalImpls {
 public:
  FlakyWal(std::unique_ptr<WalImpls> inner, Flakiness* flakiness, RandomStream random)
      : inner_(std::move(inner)), flakiness_(*flakiness), random_(random) {}

  const PChannel& channel() const override { return inner_->channel(); }
  const Traits& traits() const override { return inner_->traits(); }
  Future<absl::StatusOr<LogState>> Info() override { return inner_->Info(); }
  Future<absl::StatusOr<std::unique_ptr<ScannerImpls>>> Read(ScanOptions options) override {
    return inner_->Read(std::move(options));
  }
  Future<absl::Status> Close(CloseMode mode) override { return inner_->Close(mode); }
  void AcceptAgain() override {
    refusing_ = false;
    inner_->AcceptAgain();
  }
  Future<absl::Status> Truncate(Position mark) override { return inner_->Truncate(mark); }
  std::optional<MessageId> boundary() const override { return inner_->boundary(); }
  const ImmutableMessage& newest_time_tick() const override { return inner_->newest_time_tick(); }
  void OnTick() override { inner_->OnTick(); }
  Future<absl::Status> WhenUnavailable() override { return inner_->WhenUnavailable(); }

  Future<absl::StatusOr<Ids>> Append(Group group) override {
    if (!refusing_ && !Draw()) return Forward(std::move(group));
    refusing_ = true;
    group.clear();
    if (outstanding_ == 0) return MakeReadyFuture(absl::StatusOr<Ids>(Failed()));
    return held_.emplace_back("a flaky append").future();
  }

 private:
  bool Draw() {
    const uint64_t one_in = flakiness_.one_in.load(std::memory_order_relaxed);
    if (one_in == 0 || !random_.OneIn(1, one_in)) return false;
    flakiness_.failed.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  Future<absl::StatusOr<Ids>> Forward(Group group) {
    ++outstanding_;
    absl::StatusOr<Ids> ids = co_await inner_->Append(std::move(group));
    if (--outstanding_ == 0) {
      for (Promise<absl::StatusOr<Ids>>& held : held_) held.Set(Failed());
      held_.clear();
    }
    co_return ids;
  }

  const std::unique_ptr<WalImpls> inner_;
  Flakiness& flakiness_;
  RandomStream random_;
  bool refusing_ = false;
  int outstanding_ = 0;  // Of those that were handed on.
  std::vector<Promise<absl::StatusOr<Ids>>> held_;
};

class FlakyOpener final : public OpenerImpls {
 public:
  FlakyOpener(std::unique_ptr<OpenerImpls> inner, Flakiness* flakiness, Runtime* runtime)
      : inner_(std::move(inner)), flakiness_(*flakiness), runtime_(*runtime) {}

  Future<absl::StatusOr<std::unique_ptr<WalImpls>>> Open(PChannel channel,
                                                         OpenOptions options) override {
    const std::string name = ToString(channel);
    absl::StatusOr<std::unique_ptr<WalImpls>> inner =
        co_await inner_->Open(std::move(channel), options);
    if (!inner.ok()) co_return inner;
    co_return std::make_unique<FlakyWal>(*std::move(inner), &flakiness_, runtime_.MakeRandom(name));
  }
  Future<absl::StatusOr<std::unique_ptr<RoWalImpls>>> OpenReadOnly(PChannel channel,
                                                                   OpenOptions options) override {
    return inner_->OpenReadOnly(std::move(channel), options);
  }
  Future<absl::Status> Prepare(std::string channel) override {
    return inner_->Prepare(std::move(channel));
  }
  Future<absl::StatusOr<std::vector<std::string>>> Channels() override {
    return inner_->Channels();
  }
  Future<absl::Status> Close() override { return inner_->Close(); }

 private:
  const std::unique_ptr<OpenerImpls> inner_;
  Flakiness& flakiness_;
  Runtime& runtime_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<OpenerImpls>> FlakyBuilder::Build(const Environment& environment,
                                                                 const Config& config) {
  absl::StatusOr<std::unique_ptr<OpenerImpls>> inner = inner_->Build(environment, config);
  if (!inner.ok()) return inner;
  return std::make_unique<FlakyOpener>(*std::move(inner), &flakiness_, environment.runtime);
}

}  // namespace tidelog::walimpls
