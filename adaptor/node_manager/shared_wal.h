// SharedWal: the Wal that a user of a node holds, while the node decides how long it is open.
#ifndef TIDELOG_ADAPTOR_NODE_MANAGER_SHARED_WAL_H_
#define TIDELOG_ADAPTOR_NODE_MANAGER_SHARED_WAL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/opener.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

// A log that is open, and its opener, which outlives it.  The node closes both; they are freed when
// the last handle goes.
struct OpenLog {
  std::shared_ptr<Opener> opener;
  std::unique_ptr<Wal> wal;
};

// Safe from any thread, as its log is.
class SharedWal : public Wal {
 public:
  explicit SharedWal(std::shared_ptr<OpenLog> log) : log_(std::move(log)) {}

  const PChannel& channel() const override { return wal().channel(); }
  Executor* executor() const override { return wal().executor(); }
  Future<absl::StatusOr<std::unique_ptr<Scanner>>> Read(ReadOptions options) override {
    return wal().Read(std::move(options));
  }
  Future<absl::StatusOr<LogInfo>> Info() override { return wal().Info(); }
  Future<absl::StatusOr<std::vector<Checkpoint>>> Checkpoints() override {
    return wal().Checkpoints();
  }
  Future<absl::Status> WhenUnavailable() override { return wal().WhenUnavailable(); }
  // Others may have it too.
  Future<absl::Status> Close() override { return MakeReadyFuture(absl::OkStatus()); }
  const AppendLimits& limits() const override { return wal().limits(); }
  Future<absl::StatusOr<AppendResult>> Append(MutableMessage message,
                                              AppendOptions options) override {
    return wal().Append(std::move(message), options);
  }
  Future<BatchResult> AppendBatch(std::vector<MutableMessage> messages,
                                  AppendOptions options) override {
    return wal().AppendBatch(std::move(messages), options);
  }
  Future<absl::StatusOr<Mvcc>> LatestMvcc(std::string vchannel) override {
    return wal().LatestMvcc(std::move(vchannel));
  }
  Future<absl::StatusOr<Position>> Truncate(Position through) override {
    return wal().Truncate(through);
  }
  Future<absl::Status> RegisterCheckpoint(std::string name, Position position) override {
    return wal().RegisterCheckpoint(std::move(name), position);
  }
  Future<absl::Status> UnregisterCheckpoint(std::string name) override {
    return wal().UnregisterCheckpoint(std::move(name));
  }

 private:
  Wal& wal() const { return *log_->wal; }

  const std::shared_ptr<OpenLog> log_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_NODE_MANAGER_SHARED_WAL_H_
