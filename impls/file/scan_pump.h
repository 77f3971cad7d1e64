// ScanPump: reads a channel's segments for one scanner, ahead of its Next().
//
// It finds its place by id, in whatever manifest is the newest, so that seals that move, segments
// that go and owners that change cannot lead it astray.  What it delivers are views into verified
// copies of the files' bytes.
#ifndef TIDELOG_IMPLS_FILE_SCAN_PUMP_H_
#define TIDELOG_IMPLS_FILE_SCAN_PUMP_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/log_view.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_file.h"
#include "impls/file/segment_scan.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "wal/async/signal.h"
#include "wal/message/message.h"
#include "wal/message/message_block.h"
#include "wal/scanner.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/scanner.h"

namespace tidelog::impls::file {

// Confined to the log's executor.  Shared by its scanner and by the read in flight, which may
// outlive the scanner: it holds a pass of the log, and so the log's Close() waits for it.
class ScanPump : public std::enable_shared_from_this<ScanPump> {
 public:
  struct Setup {
    std::shared_ptr<LogView> view;
    walimpls::LogLifetime* lifetime = nullptr;
    uint64_t first_id = 1;
    std::optional<uint64_t> until;
    ReadOptions::OnCorrupt on_corrupt = ReadOptions::OnCorrupt::kStop;
    size_t bytes_max = 0;
    size_t count_max = 0;
  };
  explicit ScanPump(Setup setup);
  ~ScanPump();

  // As ScannerBase's Fill(), WhenMore() and StopWaiting().
  absl::StatusOr<bool> Fill(walimpls::RawBatch* batch);
  Future<Unit> WhenMore();
  void Stop();

 private:
  // Where it reads.
  struct Place {
    SegmentFile segment;
    ManifestSegment listed;
    std::unique_ptr<SegmentScan> scan;
  };
  // A group that no watermark covers yet.
  struct HeldGroup {
    ScanPoint end;
    uint64_t last_id = 0;
    std::vector<ImmutableMessage> messages;
  };
  // A gap, and how many messages are ready before it.
  struct ReadyGap {
    size_t index = 0;
    tidelog::Gap gap;
  };

  // Everything that `until` allows was made ready.
  bool ended() const { return setup_.until.has_value() && next_id_ > *setup_.until; }
  bool something_ready() const {
    return taken_ < ready_.size() || !gaps_.empty() || ended() || !error_.ok();
  }
  bool Starved() const { return starved_ && starved_at_ == view_->edges; }

  Future<Unit> Run(Gate::Pass pass);
  Future<absl::Status> Step();
  Future<absl::Status> Locate();
  Future<absl::Status> OpenPlace(ManifestSegment listed);
  void StartScan(ScanPoint from);
  Future<absl::Status> ReadChunk();
  absl::Status AfterChunk(uint64_t read_end, std::optional<uint64_t> readable_end);
  bool MoreWasDurable(uint64_t offset, std::string_view bytes) const;
  absl::Status OnMoreWasDurable(uint64_t read_end);
  Future<absl::Status> OnDamage(absl::Status corrupt, ScanPoint from);
  Future<absl::StatusOr<uint64_t>> FindResync(ScanPoint from);
  Future<absl::StatusOr<bool>> ManifestMoved();

  std::optional<uint64_t> ReadableEnd() const;
  void TakeGroup(const ScanGroup& group);
  void TakeFrame(const Frame& frame, std::vector<ImmutableMessage>* messages);
  void TakeGapFrame(const Frame& frame);
  void ReleaseHeld(uint64_t watermark);
  void AddGap(uint64_t first_id, uint64_t last_id, absl::Status reason);
  absl::Status PositionGone(const Manifest& manifest) const;

  const Setup setup_;
  const std::shared_ptr<LogView> view_;

  uint64_t next_id_;  // The first id that was not made ready.
  uint64_t version_ = 0;
  std::optional<Place> place_;
  ScanPoint resume_;  // In place_: where a scan meets next_id_.
  std::deque<HeldGroup> held_;
  std::optional<uint64_t> suspect_;  // Where OnMoreWasDurable() was called last.
  MessageBlockRef block_;
  size_t probe_bytes_;
  absl::Status record_error_;

  std::vector<ImmutableMessage> ready_;
  size_t taken_ = 0;  // Of ready_.
  std::deque<ReadyGap> gaps_;
  absl::Status error_;

  bool running_ = false;
  bool stopped_ = false;
  bool starved_ = false;  // There was nothing to read when the view was at starved_at_.
  uint64_t starved_at_ = 0;
  Signal progress_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SCAN_PUMP_H_
