// FileRoWal: a channel of a file log, open for reading, whoever writes it.
#ifndef TIDELOG_IMPLS_FILE_FILE_RO_WAL_H_
#define TIDELOG_IMPLS_FILE_FILE_RO_WAL_H_

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/log_view.h"
#include "impls/file/manifest_follower.h"
#include "impls/file/tail_probe.h"
#include "impls/file/term_file.h"
#include "wal/async/future.h"
#include "wal/types.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/helper/opener_lifetime.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {

// Reads files, and changes and locks nothing (A3).
class FileRoWal final : public walimpls::RoWalImpls {
 public:
  FileRoWal(PChannel channel, walimpls::Traits traits, std::shared_ptr<LogView> view,
            std::unique_ptr<TermFile> term)
      : channel_(std::move(channel)),
        traits_(traits),
        view_(std::move(view)),
        term_(std::move(term)),
        lifetime_(channel_),
        follower_(view_, &lifetime_) {}
  // From now on the log is one of its opener's.
  void set_opener_pass(walimpls::OpenerLifetime::Pass pass) { opener_pass_ = std::move(pass); }

  const PChannel& channel() const override { return channel_; }
  const walimpls::Traits& traits() const override { return traits_; }
  Future<absl::StatusOr<walimpls::LogState>> Info() override;
  Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> Read(
      walimpls::ScanOptions options) override;
  Future<absl::Status> Close(walimpls::CloseMode mode) override;

 private:
  // Looks at the newest manifest, and where the log that it lists ends.
  Future<absl::StatusOr<VisibleTail>> FindTail();
  Future<absl::Status> CheckNothingUnlisted(Manifest manifest);

  std::optional<walimpls::OpenerLifetime::Pass> opener_pass_;
  const PChannel channel_;
  const walimpls::Traits traits_;
  const std::shared_ptr<LogView> view_;
  const std::unique_ptr<TermFile> term_;
  walimpls::LogLifetime lifetime_;
  ManifestFollower follower_;
  VisibleTail told_;  // The newest there was.
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_FILE_RO_WAL_H_
