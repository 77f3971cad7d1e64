// WritableLog: one log that is open for writing; what is behind a Wal.
#ifndef TIDELOG_ADAPTOR_LOG_WRITABLE_LOG_H_
#define TIDELOG_ADAPTOR_LOG_WRITABLE_LOG_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/append/appender.h"
#include "adaptor/append/submitter.h"
#include "adaptor/async/detached.h"
#include "adaptor/async/turn.h"
#include "adaptor/buffer/write_ahead_buffer.h"
#include "adaptor/chain/backend_chain.h"
#include "adaptor/chain/older_link.h"
#include "adaptor/chain/switch_finder.h"
#include "adaptor/checkpoint/held_checkpoints.h"
#include "adaptor/flow/flow_monitor.h"
#include "adaptor/interceptors/admission/admission.h"
#include "adaptor/interceptors/flow/pacer.h"
#include "adaptor/interceptors/idempotency/idempotency.h"
#include "adaptor/interceptors/interceptor_chain.h"
#include "adaptor/interceptors/txn/txn_sessions.h"
#include "adaptor/log/readable_log.h"
#include "adaptor/metrics/log_metrics.h"
#include "adaptor/recovery/replay.h"
#include "adaptor/timetick/tick_allocator.h"
#include "adaptor/timetick/tick_service.h"
#include "wal/async/future.h"
#include "wal/backend_switch.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// As ReadableLog.
class WritableLog : public ReadableLog {
 public:
  using ReadableLog::ReadableLog;
  ~WritableLog() override;

  // As Opener::Open().
  Future<absl::Status> Open() override;
  Future<Unit> StopOpening() override;

  // As the methods of Wal.
  const AppendLimits& limits() const { return limits_; }
  Future<absl::StatusOr<AppendResult>> Append(MutableMessage message, AppendOptions options) {
    if (message.type() == MessageType::kAlterWal) [[unlikely]] {
      return AppendAlterWal(std::move(message), options);
    }
    return appender_->Append(std::move(message), options);
  }
  Future<BatchResult> AppendBatch(std::vector<MutableMessage> messages, AppendOptions options) {
    if (messages.size() == 1 && messages[0].type() == MessageType::kAlterWal) [[unlikely]] {
      return RefuseAlterWalInBatch();
    }
    return appender_->AppendBatch(std::move(messages), options);
  }
  Future<absl::StatusOr<Mvcc>> LatestMvcc(std::string vchannel);
  Future<absl::StatusOr<Position>> Truncate(Position through);
  Future<absl::Status> RegisterCheckpoint(std::string name, Position position);
  Future<absl::Status> UnregisterCheckpoint(std::string name);

 protected:
  Future<OpenedBackend> StartOpen(walimpls::OpenerImpls* from,
                                  walimpls::OpenOptions options) override;
  Future<absl::StatusOr<ScanBounds>> Bounds() override;
  void AtReadYield(const ReadOptions& options, ScanPlan* plan) override;
  const UnstoredTick* unstored_tick() const override { return &tick_service_->unstored(); }
  WriteAheadBuffer* buffer() override { return buffer_.get(); }
  std::optional<Position> acknowledged_tail() const override;
  void Describe(LogInfo* info) const override;
  Future<walimpls::CloseMode> CloseWriter() override;
  Future<Unit> FreeWriter() override;

 private:
  // The steps of Open() (D6).
  Future<absl::Status> OpenSteps();
  // Fences the last link of the chain, and those who may change the chain.
  Future<absl::Status> OpenLastLink(bool chain_is_stored);
  Future<absl::Status> OpenLink(uint32_t epoch);
  Future<absl::StatusOr<bool>> GoesOnWithoutClaim();
  Future<absl::Status> LearnState();
  Future<absl::Status> LookAtCheckpoints();
  Future<absl::Status> ClaimCheckpoints();
  void ReportForeignCheckpoints();
  Detached RunClaim(CheckpointStore* store, Promise<absl::Status> claimed);
  void BuildChain();
  Future<absl::StatusOr<TimeTick>> Recover();
  Future<absl::Status> AwaitInterceptors();
  void BuildAppendPath(TimeTick highest);
  Future<absl::Status> StoreFirstTick();

  // Switches of the backend (G6).
  Future<absl::StatusOr<AppendResult>> AppendAlterWal(MutableMessage message,
                                                      AppendOptions options);
  Future<BatchResult> RefuseAlterWalInBatch() const;
  absl::Status CheckTarget(const BackendTarget& target);
  Future<absl::Status> MakeTargetReady(BackendTarget target, absl::Duration limit);
  Detached RunStep(Future<absl::Status> step, Promise<absl::Status> done);
  Future<absl::Status> CompleteSwitch();
  Future<absl::Status> PutChain(BackendChain chain);
  Future<absl::Status> PutLogInChain();
  Future<absl::Status> LeaveLink();
  Future<absl::Status> WhyNotOpened(absl::Status status);
  Detached WatchBackend();
  void OnLost();

  // Metrics (H4), if there is a registry.
  void AddMetrics();
  void PublishMetrics();
  Detached PublishTheRest();
  void RemoveMetrics();
  void NumberAppends(LogNumbers* numbers) const;
  void NumberBuffer(LogNumbers* numbers) const;

  // Looks at what may ask for slower appends, and sees to them (G5).
  void ControlFlow();
  FlowReadings ReadFlow();

  // Where a mark may lie at most (G3), for what an open needs.
  Position HeldBack(const Position& through) const;
  // Whether it is one of this log, and not above its tail; `what` is done with it.
  absl::Status CheckPosition(std::string_view what, const Position& position) const;
  // Waits for the turn, to do `what`.  An error: why it is not the caller's.
  Future<absl::Status> TakeMarks(std::string what);
  Future<absl::Status> LookAtStorage();
  Future<absl::StatusOr<Position>> TruncateInTurn(Position through);
  Future<absl::Status> MayRegister(std::string what, Position position);
  // Older links (G6, chain/older_link.h).
  Future<absl::Status> WhyNotInOlderLink(ChainLink link, absl::Status status);
  Future<absl::StatusOr<walimpls::LogState>> StateOfOlderLink(uint32_t of);
  Future<absl::Status> MayRegisterInOlderLink(std::string what, Position position);
  // Drops links in front of `below` that no checkpoint names, and their data; leaves the turn.
  bool MayDropOldestLink(uint32_t below);
  Detached RunDropOlderLinks(uint32_t below);
  Future<absl::Status> DropOldestLink();
  Future<absl::StatusOr<std::optional<Position>>> TruncateOlderLink(
      ChainLink link, std::optional<Position> through);
  Future<absl::StatusOr<Position>> TruncateOlderLinkInTurn(Position through);
  // Puts a checkpoint at `to`, or removes it; leaves the turn once the store has answered.  The
  // future may be ready before that: with what the caller is told.
  Future<absl::Status> ChangeCheckpoint(std::string name, std::optional<Position> to);
  Detached RunChange(std::string name, std::optional<Position> to);
  void AnswerChangeUnknown(const absl::Status& why);
  bool TickWouldFreeMore(const Position& held) const;
  // Whether a mark would hide or free more than the one that there is.
  bool IsAboveMark(const Position& position) const;
  Future<absl::Status> TickForTruncation(Position held);

  // The steps of closing (H2).
  Future<Unit> DrainTransactions();
  Future<Unit> DrainInterceptors();
  Future<Unit> DrainAppends();
  Future<Unit> DrainMarks();
  bool OwesTick() const;
  bool OwesCheckpoints() const;
  Future<Unit> StoreLastTick();

  walimpls::WalImpls* wal_ = nullptr;  // The backend; null before it is open.
  bool stop_opening_ = false;
  bool serving_ = false;      // The open has succeeded.
  TimeTick stored_before_{};  // The newest tick when it was opened, as the backend says.
  AppendLimits limits_;
  std::unique_ptr<InterceptorChain> chain_;
  Idempotency* idempotency_ = nullptr;   // In the chain.
  TxnSessions* transactions_ = nullptr;  // As that.
  Pacer* pacer_ = nullptr;               // As that.
  Admission* admission_ = nullptr;       // As that.
  SwitchFinder switch_finder_;
  std::unique_ptr<FlowMonitor> flow_;
  std::unique_ptr<Replay> replay_;
  std::unique_ptr<TickAllocator> ticks_;
  std::unique_ptr<WriteAheadBuffer> buffer_;  // Null: it is switched off.
  std::unique_ptr<Submitter> submitter_;
  std::unique_ptr<Appender> appender_;
  std::unique_ptr<TickService> tick_service_;
  std::unique_ptr<HeldCheckpoints> checkpoints_;  // Null: there is no store of them.
  absl::btree_set<uint32_t> fenced_links_;        // Older ones, under this term, by epoch.
  Turn marks_;  // Of who moves the mark or checkpoints: he sees the others stand still.
  std::string marks_are_for_;                      // What it was taken for last, for people.
  std::optional<Promise<absl::Status>> changing_;  // A change at the store, not answered yet.
  std::shared_ptr<LogMetrics> metrics_;            // While there are any.
  LogNumbers numbers_;                             // Keeps its memory.
  bool drained_ = true;  // Closing: nothing hung while appends and ticks were brought to their end.
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_LOG_WRITABLE_LOG_H_
