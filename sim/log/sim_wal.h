// SimWal and SimRoWal: one open channel of a simulated log.
#ifndef TIDELOG_SIM_LOG_SIM_WAL_H_
#define TIDELOG_SIM_LOG_SIM_WAL_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sim/log/append_queue.h"
#include "sim/log/connection.h"
#include "sim/log/log_reader.h"
#include "sim/log/log_writer.h"
#include "sim/log/sim_log.h"
#include "sim/log/sim_reader.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/helper/opener_lifetime.h"
#include "walimpls/helper/unavailability.h"
#include "walimpls/wal.h"

namespace tidelog::sim {

class SimRoWal final : public walimpls::RoWalImpls {
 public:
  SimRoWal(const ReaderContext& context, walimpls::OpenerLifetime::Pass pass)
      : pass_(std::move(pass)), lifetime_(context.channel), reader_(context, &lifetime_) {}

  const PChannel& channel() const override { return reader_.context().channel; }
  const walimpls::Traits& traits() const override { return kSimLogTraits; }
  Future<absl::StatusOr<walimpls::LogState>> Info() override { return reader_.Info(); }
  Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> Read(
      walimpls::ScanOptions options) override {
    return reader_.Read(std::move(options));
  }
  Future<absl::Status> Close(walimpls::CloseMode mode) override;

 private:
  const walimpls::OpenerLifetime::Pass pass_;
  walimpls::LogLifetime lifetime_;
  SimReader reader_;
};

// What a writer needs besides: made by the opener, which claims the channel with it.
struct ClaimedChannel {
  std::unique_ptr<Connection> connection;
  std::unique_ptr<LogReader> reader;
  std::unique_ptr<LogWriter> writer;
};

class SimWal final : public walimpls::WalImpls {
 public:
  // Requires: claimed.writer->Claim() was OK.
  SimWal(const ReaderContext& context, ClaimedChannel claimed, walimpls::OpenerLifetime::Pass pass);

  const PChannel& channel() const override { return reader_.context().channel; }
  const walimpls::Traits& traits() const override { return kSimLogTraits; }
  Future<absl::StatusOr<walimpls::LogState>> Info() override;
  Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>> Read(
      walimpls::ScanOptions options) override {
    return reader_.Read(std::move(options));
  }
  Future<absl::Status> Close(walimpls::CloseMode mode) override;

  Future<absl::StatusOr<walimpls::Ids>> Append(walimpls::Group group) override;
  void AcceptAgain() override { queue_.AcceptAgain(); }
  Future<absl::Status> Truncate(Position mark) override;
  std::optional<MessageId> boundary() const override { return boundary_; }
  const ImmutableMessage& newest_time_tick() const override { return newest_time_tick_; }
  void OnTick() override;
  Future<absl::Status> WhenUnavailable() override { return unavailability_.When(); }

  // How long Close() tries to leave its mark.
  static constexpr absl::Duration kCloseMarkMax = absl::Seconds(2);

 private:
  Future<Unit> LookAtFenceOnTick();
  // If `status` says that another owns the channel, this writer is of no more use: everything in
  // flight ends.
  void NoteFence(const absl::Status& status);
  // What an operation of a writer that was fenced or closed meanwhile ends with.
  absl::Status Ended(absl::Status status) const;
  Future<absl::Status> CloseOnce(walimpls::CloseMode mode);
  Future<absl::Status> LeaveCloseMark(Gate::Pass pass);
  Future<absl::Status> TryToLeaveCloseMark(Gate::Pass pass);

  const walimpls::OpenerLifetime::Pass pass_;
  walimpls::LogLifetime lifetime_;
  SimReader reader_;
  const ClaimedChannel claimed_;
  std::optional<MessageId> boundary_;
  ImmutableMessage newest_time_tick_;
  walimpls::Unavailability unavailability_;
  AppendQueue queue_;
  bool ticking_ = false;
  std::optional<absl::Status> closed_;  // Once Close() is done, what it yielded.
  std::vector<Promise<absl::Status>> closers_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_SIM_WAL_H_
