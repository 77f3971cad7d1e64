// The handles of FakeBackend.  Only for fake_*.cc.
#ifndef TIDELOG_WALIMPLS_TESTING_FAKE_HANDLES_H_
#define TIDELOG_WALIMPLS_TESTING_FAKE_HANDLES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/helper/opener_lifetime.h"
#include "walimpls/helper/unavailability.h"
#include "walimpls/testing/fake_wal.h"
#include "walimpls/wal.h"

namespace tidelog::walimpls {

// What readers and writers have in common.
class FakeReader {
 public:
  FakeReader(PChannel channel, const OpenOptions& options, FakeLog* log, const Traits& traits,
             OpenerLifetime::Pass pass);
  ~FakeReader();

  absl::StatusOr<LogState> Info() const;
  absl::StatusOr<std::unique_ptr<ScannerImpls>> Read(const ScanOptions& options);
  // Waits while the log is ordered to hang.
  static Future<Unit> WaitWhileHung(FakeLog* log);
  absl::StatusOr<uint64_t> NumberOf(const MessageId& id, std::string_view what) const;
  MessageId IdOf(uint64_t number) const { return log->IdOf(number, epoch); }

  const OpenerLifetime::Pass pass;
  const PChannel channel;
  const Traits traits;
  const uint32_t epoch;
  FakeLog* const log;
  LogLifetime lifetime;

 private:
  absl::StatusOr<uint64_t> StartOf(const ScanStart& start) const;
};

class FakeRoWal final : public RoWalImpls {
 public:
  FakeRoWal(PChannel channel, const OpenOptions& options, FakeLog* log, const Traits& traits,
            OpenerLifetime::Pass pass)
      : reader_(std::move(channel), options, log, traits, std::move(pass)) {}

  const PChannel& channel() const override { return reader_.channel; }
  const Traits& traits() const override { return reader_.traits; }
  Future<absl::StatusOr<LogState>> Info() override { return MakeReadyFuture(reader_.Info()); }
  Future<absl::StatusOr<std::unique_ptr<ScannerImpls>>> Read(ScanOptions options) override {
    return MakeReadyFuture(reader_.Read(options));
  }
  Future<absl::Status> Close(CloseMode mode) override;

 private:
  FakeReader reader_;
};

class FakeWal final : public WalImpls {
 public:
  // Becomes log->writer_.
  FakeWal(PChannel channel, const OpenOptions& options, FakeLog* log, const Traits& traits,
          OpenerLifetime::Pass pass, FakeLog::Owner owner);
  ~FakeWal() override;

  const PChannel& channel() const override { return reader_.channel; }
  const Traits& traits() const override { return reader_.traits; }
  Future<absl::StatusOr<LogState>> Info() override;
  Future<absl::StatusOr<std::unique_ptr<ScannerImpls>>> Read(ScanOptions options) override {
    return MakeReadyFuture(reader_.Read(options));
  }
  Future<absl::Status> Close(CloseMode mode) override;

  Future<absl::StatusOr<Ids>> Append(Group group) override;
  void AcceptAgain() override;
  Future<absl::Status> Truncate(Position mark) override;
  std::optional<MessageId> boundary() const override { return boundary_; }
  const ImmutableMessage& newest_time_tick() const override { return newest_time_tick_; }
  void OnTick() override;
  Future<absl::Status> WhenUnavailable() override { return unavailability_.When(); }

 private:
  friend class FakeLog;

  // Looks at the fence.  False: the writer has lost or is broken, and nothing of it is outstanding
  // any more.
  bool IsUsable();
  // Ends what is outstanding: `held` for groups that were handed to storage, else `unheld`.
  void EndOutstanding(const absl::Status& held, const absl::Status& unheld);
  // Nothing of it stays outstanding, or what is held.
  void Break(std::string_view why, bool keep_held);
  Future<Unit> SettleLater();

  FakeReader reader_;
  const FakeLog::Owner owner_;
  std::optional<MessageId> boundary_;
  ImmutableMessage newest_time_tick_;
  Unavailability unavailability_;
  bool accepting_ = true;
  bool settling_ = false;
  bool closing_ = false;
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_FAKE_HANDLES_H_
