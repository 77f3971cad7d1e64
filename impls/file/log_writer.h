// LogWriter: the append path of a channel: group commit, its failures, and the fence.
//
// Appends are encoded where they are called, into the open buffer.  One buffer at a time is being
// written and synced; the next goes out when the executor runs dry, so that it holds everybody who
// was woken by the last one, or at once when it is large (group_size.h).  No timer and no thread
// are involved, and a single append waits for one write and sync (C7).
//
// Once a write or sync has failed nothing of the segment is trusted but what was synced before:
// the segment is sealed there and what was in flight is written again, with the same ids, to a new
// one; or ends not done, behind that seal, when the disk is full or keeps failing (C2, D8).
#ifndef TIDELOG_IMPLS_FILE_LOG_WRITER_H_
#define TIDELOG_IMPLS_FILE_LOG_WRITER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "impls/file/commit_buffer.h"
#include "impls/file/group_size.h"
#include "impls/file/log_view.h"
#include "impls/file/options.h"
#include "impls/file/segment_chain.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_index.h"
#include "impls/file/tail_recovery.h"
#include "impls/file/term_file.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "wal/async/job.h"
#include "wal/async/signal.h"
#include "wal/message/message_id.h"
#include "wal/observer.h"
#include "wal/types.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {

// Confined to the log's executor.  Aborts if destroyed before Close() has completed.
class LogWriter {
 public:
  struct Setup {
    PChannel channel;
    Executor* strand = nullptr;
    Observer* observer = nullptr;
    FileOptions options;
    std::shared_ptr<LogView> view;
    TermFile* term = nullptr;       // Claimed.
    SegmentChain* chain = nullptr;  // With an active segment, that begins behind `boundary`.
    TailPoint boundary;
    std::optional<Position> tail;  // Of the record at the boundary.
    // Called once, when a higher term was found.
    absl::AnyInvocable<void()> on_fenced;
  };
  // What is in `setup` must outlive this.
  explicit LogWriter(Setup setup);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  ~LogWriter();

  // As WalImpls' methods of these names.
  Future<absl::StatusOr<walimpls::Ids>> Append(const walimpls::Group& group);
  void AcceptAgain() { refusing_ = false; }
  Future<absl::Status> Truncate(TruncationMark mark);
  // Before the mark is told: others may have seen one that a truncation which failed has published,
  // and which may be lost.  kUnavailable: so it is still; kChannelFenced.
  Future<absl::Status> SettleMark();
  const TruncationMark& mark() const { return setup_.chain->manifest()->mark; }
  void OnTick();
  Future<absl::Status> WhenUnavailable();

  // Ends what is in flight.  Clean: leaves the mark, if nothing is unsettled.
  Future<absl::Status> Close(walimpls::CloseMode mode);

  // OK if this still owns the channel; else kChannelFenced, and the writer has stopped.
  absl::Status CheckFence();

  // The newest durable record: its place, ticks, and position.
  const TailPoint& durable() const { return durable_; }
  const std::optional<Position>& tail() const { return tail_; }
  // As LogState's; of what lies below the boundary it says nothing.
  bool tail_is_cut() const { return tail_is_cut_; }

 private:
  enum class Health { kServing, kFenced, kBroken };
  struct FlushJob : Job {
    LogWriter* writer = nullptr;
  };
  struct PauseTimer : Timer {
    Signal* signal = nullptr;
  };

  CommitBuffer& open() { return buffers_[open_]; }
  absl::Status Refusal() const;
  bool idle() const { return !writing_ && buffers_[open_].empty(); }

  // Group commit (log_writer.cc).
  void Arm();
  void HandOver();
  void NoteInFlight();
  Future<Unit> WriteGroup();
  Future<WriteSyncResult> WriteBytes();
  void Finish(absl::Status status);
  void Settle();
  void Acknowledge();
  void PrepareAhead();
  Future<Unit> Prepare(bool segment);
  Future<Unit> WriteWatermark();
  Future<Unit> SealForReaders();

  // Segments and failures (log_writer_segments.cc).
  bool Fits() const;
  Future<absl::Status> Roll();
  Future<Unit> WriteFooter();
  void UseSegment();
  void UseNoSegment();
  Future<absl::Status> Replace(WriteSyncResult failed);
  Future<absl::Status> SealDurably();
  Future<Unit> Pause(absl::Duration duration);
  void EndAppends(CommitBuffer* buffer, const absl::Status& status);
  void FailNotDone(const absl::Status& status);
  void ForgetUnwritten();
  void Fence();
  void LeaveView();
  void Break(const absl::Status& status);
  Future<Unit> WatchFence();
  bool StillOwns();
  void BecomeUnavailable(absl::Status status);
  absl::Status FencedError() const;
  absl::Status UnknownError(std::string_view why) const;
  void Report(Event::Kind kind, std::string text) const;
  Future<absl::Status> LeaveCleanMark();
  Future<Unit> ShowDurable();

  Setup setup_;
  const std::shared_ptr<LogView> view_;
  SegmentChain* const chain_;

  Health health_ = Health::kServing;
  absl::Status unavailable_;  // Not OK once it is not serving, or closed.
  std::optional<Promise<absl::Status>> waiting_;
  bool refusing_ = false;  // An append ended not done, and AcceptAgain() was not called yet.
  bool closing_ = false;
  bool closed_ = false;
  bool unsettled_ = false;  // An append ended unknown.

  // One buffer is open; the other is in flight while `writing_`, or empty.
  CommitBuffer buffers_[2];
  int open_ = 0;
  bool writing_ = false;  // A group, or what tells readers of the last one.
  CommitBuffer* in_flight_ = nullptr;
  std::vector<PendingAppend> settled_;        // Durable, and to be told so.
  std::vector<PendingAppend> spare_appends_;  // Empty; memory for the next buffer.
  bool handed_ = false;  // Bytes of it may have reached a segment that is not sealed below them.
  FlushJob flush_;
  std::optional<Gate::Pass> armed_;  // Set while flush_ waits for its turn.
  int idle_ticks_ = 0;
  GroupSize group_size_;

  uint64_t next_id_;
  uint64_t offset_ = 0;                  // Where the open buffer begins in the active segment.
  NewestTicks newest_;                   // Behind the last record encoded.
  std::optional<FrameEncoder> encoder_;  // Of the active segment; of none, if there is none.

  TailPoint durable_;                            // All synced, and found unfenced.
  TailPoint written_;                            // With a watermark behind it that was not synced.
  std::optional<FrameEncoder> encoder_written_;  // As of written_.
  TailPoint in_flight_end_;                      // Behind the buffer in flight.
  std::optional<FrameEncoder> encoder_in_flight_;
  bool spoilt_ = false;  // Behind written_ the active segment holds the rest of a failed write.
  uint64_t footer_ = 0;  // Where the active segment's index lies; 0: it is not written yet.
  bool preparing_ = false;
  int prepare_pause_ticks_ = 0;  // Until then nothing is made ready, as it failed.
  uint64_t watermark_ = 0;       // The highest in the active segment or sealed before it.
  std::optional<Position> tail_;
  bool tail_is_cut_ = false;
  std::shared_ptr<IndexBuilder> index_;

  PauseTimer pause_;
  Signal nudge_;  // Ends a Pause().
  Gate work_;     // Everything that goes on.
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_LOG_WRITER_H_
