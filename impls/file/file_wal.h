// FileWal: a channel of a file log, open for writing.
#ifndef TIDELOG_IMPLS_FILE_FILE_WAL_H_
#define TIDELOG_IMPLS_FILE_FILE_WAL_H_

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/log_writer.h"
#include "impls/file/manifest_follower.h"
#include "impls/file/options.h"
#include "impls/file/takeover.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/observer.h"
#include "wal/types.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/helper/opener_lifetime.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {

// What the file backend can do under `options`.
walimpls::Traits TraitsOf(const FileOptions& options);

class FileWal final : public walimpls::WalImpls {
 public:
  struct Setup {
    PChannel channel;
    Executor* strand = nullptr;
    Observer* observer = nullptr;
    FileOptions options;
    OwnedChannel owned;
    std::unique_ptr<File> lock;  // Holds the advisory lock; null: somebody else does.
  };
  explicit FileWal(Setup setup);
  // From now on the log is one of its opener's.
  void set_opener_pass(walimpls::OpenerLifetime::Pass pass) { opener_pass_ = std::move(pass); }

  const PChannel& channel() const override { return channel_; }
  const walimpls::Traits& traits() const override { return traits_; }
  Future<absl::StatusOr<walimpls::LogState>> Info() override;
  Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> Read(
      walimpls::ScanOptions options) override;
  Future<absl::Status> Close(walimpls::CloseMode mode) override;
  Future<absl::StatusOr<walimpls::Ids>> Append(walimpls::Group group) override;
  void AcceptAgain() override { writer_.AcceptAgain(); }
  Future<absl::Status> Truncate(Position mark) override;
  std::optional<MessageId> boundary() const override { return boundary_; }
  const ImmutableMessage& newest_time_tick() const override { return newest_time_tick_; }
  void OnTick() override { writer_.OnTick(); }
  Future<absl::Status> WhenUnavailable() override { return writer_.WhenUnavailable(); }

 private:
  LogWriter::Setup WriterSetup(Setup& setup);

  std::optional<walimpls::OpenerLifetime::Pass> opener_pass_;
  const PChannel channel_;
  const walimpls::Traits traits_;
  const std::shared_ptr<LogView> view_;
  const std::unique_ptr<TermFile> term_;
  const std::unique_ptr<SegmentChain> chain_;
  std::optional<MessageId> boundary_;
  const ImmutableMessage newest_time_tick_;
  std::unique_ptr<File> lock_;
  walimpls::LogLifetime lifetime_;
  ManifestFollower follower_;
  LogWriter writer_;
  bool close_begun_ = false;
  std::optional<absl::Status> closed_;
  Signal close_done_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_FILE_WAL_H_
