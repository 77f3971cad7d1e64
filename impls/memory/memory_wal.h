// MemoryWal and MemoryRoWal: one open channel of the memory backend.
#ifndef TIDELOG_IMPLS_MEMORY_MEMORY_WAL_H_
#define TIDELOG_IMPLS_MEMORY_MEMORY_WAL_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/memory/memory_reader.h"
#include "impls/memory/store.h"
#include "wal/async/future.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/helper/opener_lifetime.h"
#include "walimpls/helper/unavailability.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::impls::memory {

class MemoryRoWal final : public walimpls::RoWalImpls {
 public:
  MemoryRoWal(PChannel channel, uint32_t epoch, std::shared_ptr<StoredLog> log,
              walimpls::OpenerLifetime::Pass pass)
      : pass_(std::move(pass)),
        channel_(std::move(channel)),
        lifetime_(channel_),
        reader_(std::move(log), epoch, &lifetime_) {}

  const PChannel& channel() const override { return channel_; }
  const walimpls::Traits& traits() const override { return kTraits; }
  Future<absl::StatusOr<walimpls::LogState>> Info() override;
  Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> Read(
      walimpls::ScanOptions options) override;
  Future<absl::Status> Close(walimpls::CloseMode mode) override;

 private:
  const walimpls::OpenerLifetime::Pass pass_;
  const PChannel channel_;
  walimpls::LogLifetime lifetime_;
  const MemoryReader reader_;
};

// Appends are gathered and stored in a later job, as a disk would: between the call and that job
// nothing was handed to storage.  The store always says whether it took a group, so no outcome is
// ever unknown.
class MemoryWal final : public walimpls::WalImpls {
 public:
  // `owner` was claimed from `log`, whose boundary was read after that.
  MemoryWal(PChannel channel, uint32_t epoch, std::shared_ptr<StoredLog> log,
            StoredLog::Owner owner, walimpls::OpenerLifetime::Pass pass);

  const PChannel& channel() const override { return channel_; }
  const walimpls::Traits& traits() const override { return kTraits; }
  Future<absl::StatusOr<walimpls::LogState>> Info() override;
  Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> Read(
      walimpls::ScanOptions options) override;
  Future<absl::Status> Close(walimpls::CloseMode mode) override;

  Future<absl::StatusOr<walimpls::Ids>> Append(walimpls::Group group) override;
  void AcceptAgain() override;
  Future<absl::Status> Truncate(Position mark) override;
  std::optional<MessageId> boundary() const override { return boundary_; }
  const ImmutableMessage& newest_time_tick() const override { return newest_time_tick_; }
  void OnTick() override;
  Future<absl::Status> WhenUnavailable() override { return unavailability_.When(); }

 private:
  struct PendingAppend {
    walimpls::Group group;
    Promise<absl::StatusOr<walimpls::Ids>> promise;
  };

  // Stores what is pending by the time it runs, in a later job.
  Future<Unit> StorePending();
  absl::StatusOr<walimpls::Ids> Store(walimpls::Group* group);
  // OK if the channel is still owned.
  absl::Status LookAtFence(std::string_view what);
  // Declares the writer unavailable if the store said in `status` that it has lost the channel.
  void NoteFence(const absl::Status& status);

  const walimpls::OpenerLifetime::Pass pass_;
  const PChannel channel_;
  walimpls::LogLifetime lifetime_;
  const MemoryReader reader_;
  const StoredLog::Owner owner_;
  std::optional<MessageId> boundary_;
  ImmutableMessage newest_time_tick_;
  walimpls::Unavailability unavailability_;
  std::vector<PendingAppend> pending_;  // In the order of the calls.
  bool storing_ = false;                // StorePending() will look at pending_.
  bool accepting_ = true;               // False from a failed append to AcceptAgain() (D8).
};

}  // namespace tidelog::impls::memory

#endif  // TIDELOG_IMPLS_MEMORY_MEMORY_WAL_H_
