// WalHandle and RoWalHandle: the Wal and RoWal that a caller holds.
#ifndef TIDELOG_ADAPTOR_LOG_WAL_HANDLE_H_
#define TIDELOG_ADAPTOR_LOG_WAL_HANDLE_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/log/readable_log.h"
#include "adaptor/log/writable_log.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

// What both have in common: `Interface` is Wal or RoWal, `Log` what is behind it.
//
// A handle that nobody ever used may have been destroyed with the future that would have yielded
// it: its log is closed for its owner.  One that was used must have been closed.
template <class Interface, class Log>
class HandleOf : public Interface {
 public:
  explicit HandleOf(std::shared_ptr<Log> log) : log_(std::move(log)) {}

  ~HandleOf() override {
    if (log_->closed()) return;
    CHECK(!used_.load(std::memory_order_relaxed))
        << ToString(log_->channel()) << " was destroyed before it was closed";
    (void)log_->Close();
  }

  const PChannel& channel() const override { return log_->channel(); }
  Executor* executor() const override { return log_->executor(); }
  Future<absl::StatusOr<std::unique_ptr<Scanner>>> Read(ReadOptions options) override {
    return log().Read(std::move(options));
  }
  Future<absl::StatusOr<LogInfo>> Info() override { return log().Info(); }
  Future<absl::StatusOr<std::vector<Checkpoint>>> Checkpoints() override {
    return log().Checkpoints();
  }
  Future<absl::Status> WhenUnavailable() override { return log().WhenUnavailable(); }
  Future<absl::Status> Close() override { return log().Close(); }

 protected:
  Log& log() {
    // Read first: the appends of several threads should not fight for the cache line.
    if (!used_.load(std::memory_order_relaxed)) used_.store(true, std::memory_order_relaxed);
    return *log_;
  }
  const Log& log() const { return *log_; }

 private:
  const std::shared_ptr<Log> log_;
  std::atomic<bool> used_{false};
};

using RoWalHandle = HandleOf<RoWal, ReadableLog>;

class WalHandle : public HandleOf<Wal, WritableLog> {
 public:
  using HandleOf::HandleOf;

  const AppendLimits& limits() const override { return log().limits(); }
  Future<absl::StatusOr<AppendResult>> Append(MutableMessage message,
                                              AppendOptions options) override {
    return log().Append(std::move(message), options);
  }
  Future<BatchResult> AppendBatch(std::vector<MutableMessage> messages,
                                  AppendOptions options) override {
    return log().AppendBatch(std::move(messages), options);
  }
  Future<absl::StatusOr<Mvcc>> LatestMvcc(std::string vchannel) override {
    return log().LatestMvcc(std::move(vchannel));
  }
  Future<absl::StatusOr<Position>> Truncate(Position through) override {
    return log().Truncate(through);
  }
  Future<absl::Status> RegisterCheckpoint(std::string name, Position position) override {
    return log().RegisterCheckpoint(std::move(name), position);
  }
  Future<absl::Status> UnregisterCheckpoint(std::string name) override {
    return log().UnregisterCheckpoint(std::move(name));
  }
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_LOG_WAL_HANDLE_H_
