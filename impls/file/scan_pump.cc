#include "impls/file/scan_pump.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/manifest_reader.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/message/record.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr size_t kProbeBytes = 64u << 10;

// The listed segment in which `id` lies or will lie; null: below the first.
const ManifestSegment* FindSegment(const Manifest& manifest, uint64_t id) {
  const ManifestSegment* found = nullptr;
  for (const ManifestSegment& segment : manifest.segments) {
    if (segment.base_id <= id) found = &segment;
  }
  return found;
}

}  // namespace

ScanPump::ScanPump(Setup setup)
    : setup_(std::move(setup)),
      view_(setup_.view),
      next_id_(setup_.first_id),
      probe_bytes_(kProbeBytes) {
  view_->AddListener(&progress_);
}

ScanPump::~ScanPump() {
  if (!stopped_) view_->RemoveListener(&progress_);
}

absl::StatusOr<bool> ScanPump::Fill(walimpls::RawBatch* batch) {
  size_t count = std::min(ready_.size() - taken_, setup_.count_max);
  if (!gaps_.empty()) count = std::min(count, gaps_.front().index - taken_);
  if (taken_ == 0 && count == ready_.size()) {
    batch->messages.swap(ready_);
    ready_.clear();
  } else {
    batch->messages.assign(std::make_move_iterator(ready_.begin() + taken_),
                           std::make_move_iterator(ready_.begin() + taken_ + count));
    taken_ += count;
  }
  const size_t now = ready_.empty() ? count : taken_;
  if (!gaps_.empty() && gaps_.front().index == now) {
    batch->gap = std::move(gaps_.front().gap);
    gaps_.pop_front();
  }
  if (taken_ == ready_.size() || ready_.empty()) {
    for (ReadyGap& gap : gaps_) gap.index -= now;
    ready_.clear();
    taken_ = 0;
    const bool all_taken = gaps_.empty();
    batch->end = all_taken && ended();
    if (all_taken && batch->messages.empty() && !batch->gap && !ended() && !error_.ok()) {
      return error_;
    }
  }
  return !batch->messages.empty() || batch->gap.has_value() || batch->end;
}

Future<Unit> ScanPump::WhenMore() {
  const std::shared_ptr<ScanPump> self = shared_from_this();
  while (!stopped_ && !something_ready()) {
    if (!running_ && !Starved()) {
      std::optional<Gate::Pass> pass = setup_.lifetime->TryEnter();
      if (!pass.has_value()) break;  // The log closes, and with it this scanner.
      running_ = true;
      (void)Run(*std::move(pass));
      continue;
    }
    co_await progress_.Wait();
  }
  co_return Unit{};
}

void ScanPump::Stop() {
  if (stopped_) return;
  stopped_ = true;
  // Here, on the executor: whoever closed the scanner may destroy it anywhere.
  view_->RemoveListener(&progress_);
  progress_.Close();
}

Future<Unit> ScanPump::Run(Gate::Pass pass) {
  const std::shared_ptr<ScanPump> self = shared_from_this();
  starved_ = false;
  while (!stopped_ && !something_ready() && !starved_) {
    const uint64_t edges = view_->edges;
    absl::Status stepped = co_await Step();
    if (!stepped.ok()) error_ = stepped;
    starved_at_ = edges;
  }
  running_ = false;
  progress_.NotifyAll();
  co_return Unit{};
}

// Makes something ready, or sets starved_, or comes one step nearer to either.
Future<absl::Status> ScanPump::Step() {
  if (ended()) co_return absl::OkStatus();
  if (version_ != view_->version || !place_.has_value()) {
    absl::Status located = co_await Locate();
    TIDELOG_CO_RETURN_IF_ERROR(located);
  }
  if (stopped_ || version_ != view_->version) co_return absl::OkStatus();
  if (!place_.has_value()) {
    starved_ = !something_ready();
    co_return starved_ ? view_->failed : absl::OkStatus();
  }
  absl::Status read = co_await ReadChunk();
  if (!read.ok() && GetWalErrorCode(read) == WalErrorCode::kCorrupt) {
    const ScanPoint from = place_->scan->done() ? place_->scan->result().end : resume_;
    read = co_await OnDamage(std::move(read), from);
  }
  if (read.ok() && starved_) co_return view_->failed;
  co_return read;
}

absl::Status ScanPump::PositionGone(const Manifest& manifest) const {
  std::optional<Position> oldest;
  if (manifest.mark.tick != 0) {
    oldest = Position{view_->IdOf(manifest.mark.id), TimeTick{manifest.mark.tick}};
  }
  return PositionGoneError(
      absl::StrCat("scan channel ", manifest.channel, " from id ", next_id_, ": ids below ",
                   manifest.segments.front().base_id, " are truncated"),
      oldest);
}

Future<absl::Status> ScanPump::Locate() {
  version_ = view_->version;
  if (MutantIs(Mutant::kReaderStaysInSegment) && place_.has_value()) co_return absl::OkStatus();
  const std::shared_ptr<const Manifest> manifest = view_->manifest;
  const ManifestSegment* listed = FindSegment(*manifest, next_id_);
  if (listed == nullptr) co_return PositionGone(*manifest);
  if (listed->seal.has_value() && listed->seal->last_id < next_id_) {
    place_.reset();  // All there is was read: whoever comes next opens a new segment.
    held_.clear();
    co_return absl::OkStatus();
  }
  if (place_.has_value() && place_->listed.uuid == listed->uuid) {
    if (place_->listed.seal == listed->seal) co_return absl::OkStatus();
    // It was sealed meanwhile: what no watermark covered counts only if it lies below the seal.
    held_.clear();
    place_->listed = *listed;
    StartScan(resume_);
    co_return absl::OkStatus();
  }
  place_.reset();
  held_.clear();
  absl::Status opened = co_await OpenPlace(*listed);
  co_return opened;
}

Future<absl::Status> ScanPump::OpenPlace(ManifestSegment listed) {
  absl::StatusOr<SegmentFile> segment = co_await OpenSegment(
      view_->files, view_->directory, view_->manifest->channel, listed, OpenMode::kRead);
  absl::Status status = segment.status();
  if (absl::IsNotFound(status)) {
    status = WalErrorFrom(
        WalErrorCode::kCorrupt,
        absl::StrCat("a segment that ", view_->manifest->name.FileName(), " lists is missing"),
        status);
  }
  if (GetWalErrorCode(status) == WalErrorCode::kCorrupt) {
    const ScanPoint nowhere;
    status = co_await OnDamage(std::move(status), nowhere);
    co_return status;
  }
  TIDELOG_CO_RETURN_IF_ERROR(status);
  Place place;
  place.segment = *std::move(segment);
  place.listed = listed;
  std::vector<IndexEntry> index = co_await ReadIndex(place.segment, listed);
  const bool is_tail = view_->owned && listed.name == view_->durable_segment;
  if (is_tail && view_->tail_index != nullptr) index = view_->tail_index->entries();
  const ScanPoint from = StartFor(place.segment.header, index, next_id_);
  place_ = std::move(place);
  suspect_.reset();
  StartScan(from);
  co_return absl::OkStatus();
}

void ScanPump::StartScan(ScanPoint from) {
  SegmentScan::Options options;
  options.header = place_->segment.header;
  options.from = from;
  options.tail = SegmentScan::Tail::kStop;
  if (place_->listed.seal.has_value()) options.until = SealPoint(place_->listed);
  place_->scan = std::make_unique<SegmentScan>(std::move(options));
  resume_ = from;
}

// Up to where the place may be read and everything must be good; none: an unsealed segment of
// another process, where only watermarks tell.
std::optional<uint64_t> ScanPump::ReadableEnd() const {
  if (place_->listed.seal.has_value()) return place_->listed.seal->end_offset;
  if (!view_->owned) return std::nullopt;
  if (place_->listed.name == view_->durable_segment) return view_->durable_end;
  return kSegmentHeaderSize;
}

Future<absl::Status> ScanPump::ReadChunk() {
  SegmentScan* const scan = place_->scan.get();
  if (scan->done()) co_return AfterChunk(0, ReadableEnd());
  const SegmentScan::Want want = scan->want();
  const std::optional<uint64_t> end = ReadableEnd();
  uint64_t size = std::max<uint64_t>(want.size, std::max<size_t>(setup_.bytes_max, 1));
  if (!end.has_value())
    size = std::max<uint64_t>(want.size, std::min<uint64_t>(size, probe_bytes_));
  if (end.has_value() && want.offset >= *end) {
    starved_ = !place_->listed.seal.has_value();
    if (starved_) co_return absl::OkStatus();
    // Nothing more will come: the scan sees whether it is where the seal says.
    scan->Feed(want.offset, {}, [](const ScanGroup&) {});
    co_return AfterChunk(want.offset, end);
  }
  // What lies beyond is being written: where the scan wants to see it, it gets zeros.
  uint64_t readable = size;
  if (end.has_value()) readable = std::min(size, *end - want.offset);
  size = std::max(readable, want.size);
  if (!block_ || !block_.unique() || block_->size() < size || block_->size() > 2 * size) {
    block_ = MessageBlock::Make(size);
  }
  // They outlive this pump's scanner if the read hangs: see Run().
  const std::shared_ptr<File> file = place_->segment.file;
  MessageBlockRef block = block_;
  absl::StatusOr<size_t> read =
      co_await file->Read(want.offset, std::span<char>(block->bytes(), readable));
  if (stopped_) co_return absl::OkStatus();
  if (!read.ok()) {
    co_return ReadError(
        absl::StrCat("read ", RangeText(place_->segment.header, want.offset, want.offset + size)),
        read.status());
  }
  if (*read == readable && readable < size) {
    std::memset(block->bytes() + readable, 0, size - readable);
    read = size;
  }
  block = MessageBlockRef();
  record_error_ = absl::OkStatus();
  const size_t held_before = held_.size();
  const uint64_t id_before = next_id_;
  scan->Feed(want.offset, std::string_view(block_->bytes(), *read),
             [this](const ScanGroup& group) { TakeGroup(group); });
  TIDELOG_CO_RETURN_IF_ERROR(record_error_);
  const bool moved = next_id_ != id_before || held_.size() != held_before;
  probe_bytes_ = moved ? std::min(2 * probe_bytes_, setup_.bytes_max) : kProbeBytes;
  const std::string_view bytes(block_->bytes(), *read);
  if (!end.has_value() && scan->done() && MoreWasDurable(want.offset, bytes)) {
    co_return OnMoreWasDurable(want.offset + *read);
  }
  co_return AfterChunk(want.offset + *read, end);
}

// Decides what it means that the scan is done.  `readable_end`: ReadableEnd() when it was fed.
absl::Status ScanPump::AfterChunk(uint64_t read_end, std::optional<uint64_t> readable_end) {
  if (!place_->scan->done()) return absl::OkStatus();
  const ScanResult& result = place_->scan->result();
  const bool compares = !MutantIs(Mutant::kSealNotCompared);
  if (place_->listed.seal.has_value() && (!compares || result.end == SealPoint(place_->listed))) {
    next_id_ = std::max(next_id_, place_->listed.seal->last_id + 1);
    place_.reset();
    return absl::OkStatus();
  }
  const bool all_good = !place_->listed.seal.has_value() && readable_end.has_value() &&
                        result.end.offset == *readable_end;
  if (!readable_end.has_value() || all_good) {
    // Not written yet, or half: look again from there when something changes.
    const ScanPoint resume = resume_;
    StartScan(ScanPoint(result.end));
    if (!held_.empty()) resume_ = resume;
    starved_ = !all_good;
    return absl::OkStatus();
  }
  return WalError(WalErrorCode::kCorrupt,
                  absl::StrCat(RangeText(place_->segment.header, result.bad_offset,
                                         std::max(read_end, result.bad_offset)),
                               ", ids from ", result.end.next_id, " on: not what was written"));
}

// Whether in `bytes`, which were read at `offset`, a watermark behind the last good group says that
// more than that was durable.  What lies beyond them is looked at by whoever opens the log, and
// once the segment is sealed.
bool ScanPump::MoreWasDurable(uint64_t offset, std::string_view bytes) const {
  SegmentScan::Options options;
  options.header = place_->segment.header;
  options.from = place_->scan->result().end;
  options.records = false;
  SegmentScan look(std::move(options));
  while (!look.done()) {
    const uint64_t at = std::min<uint64_t>(look.want().offset - offset, bytes.size());
    look.Feed(offset + at, bytes.substr(at), [](const ScanGroup&) {});
  }
  return look.result().facts.watermark_beyond;
}

absl::Status ScanPump::OnMoreWasDurable(uint64_t read_end) {
  const ScanResult result = place_->scan->result();
  // The owner may have finished a group, and written the next, while the file was read: only what
  // is still bad on a second look is.
  if (suspect_ == result.end.offset) {
    return WalError(
        WalErrorCode::kCorrupt,
        absl::StrCat(RangeText(place_->segment.header, result.bad_offset, read_end), ", ids from ",
                     result.end.next_id, " on: a later watermark says that more was durable"));
  }
  suspect_ = result.end.offset;
  const ScanPoint resume = resume_;
  StartScan(result.end);
  if (!held_.empty()) resume_ = resume;
  return absl::OkStatus();
}

void ScanPump::TakeGroup(const ScanGroup& group) {
  if (!record_error_.ok()) return;  // Nothing behind what ends the scan is delivered.
  std::vector<ImmutableMessage>* messages = &ready_;
  std::vector<ImmutableMessage> held;
  const bool visible = ReadableEnd().has_value();
  if (!visible) messages = &held;
  ready_.reserve(ready_.size() + group.frames.size());
  for (const Frame& frame : group.frames) {
    if (record_error_.ok()) TakeFrame(frame, messages);
  }
  if (!record_error_.ok()) return;
  if (visible) {
    next_id_ = std::max(next_id_, group.end.next_id);
    resume_ = group.end;
    return;
  }
  held_.push_back({group.end, group.commit.last_id, std::move(held)});
  ReleaseHeld(group.commit.watermark);
}

void ScanPump::ReleaseHeld(uint64_t watermark) {
  if (MutantIs(Mutant::kReaderPassesWatermark)) watermark = UINT64_MAX;
  while (!held_.empty() && held_.front().last_id <= watermark) {
    HeldGroup group = std::move(held_.front());
    held_.pop_front();
    for (ImmutableMessage& message : group.messages) ready_.push_back(std::move(message));
    next_id_ = std::max(next_id_, group.end.next_id);
    resume_ = group.end;
  }
}

void ScanPump::TakeFrame(const Frame& frame, std::vector<ImmutableMessage>* messages) {
  if (frame.type == FrameType::kGap) return TakeGapFrame(frame);
  const bool wanted =
      frame.id >= next_id_ && (!setup_.until.has_value() || frame.id <= *setup_.until);
  if (!wanted) return;
  absl::StatusOr<RecordView> record = RecordView::Parse(frame.payload);
  if (!record.ok()) {
    record_error_ = WalErrorFrom(
        WalErrorCode::kCorrupt,
        absl::StrCat(RangeText(place_->segment.header, frame.offset, frame.end_offset()), ", id ",
                     frame.id),
        record.status());
    return;
  }
  messages->emplace_back(block_, *record, view_->IdOf(frame.id));
}

// Ids that a repair has given up.  They are as lost to a reader as rot, but an open need not stop
// at them: so the gap has a code of its own.
void ScanPump::TakeGapFrame(const Frame& frame) {
  const std::optional<file::Gap> gap = ParseGap(frame);
  if (!gap.has_value() || gap->last_id < next_id_) return;
  const uint64_t until = setup_.until.value_or(gap->last_id);
  if (gap->first_id > until) return;
  const std::string what = absl::StrCat(
      RangeText(place_->segment.header, frame.offset, frame.end_offset()), ": ids ", gap->first_id,
      " to ", gap->last_id, " were given up by a repair: ", gap->reason);
  if (setup_.on_corrupt == ReadOptions::OnCorrupt::kStop) {
    record_error_ = WalError(WalErrorCode::kCorrupt,
                             absl::StrCat(what, "; a reader that accepts gaps goes on behind it"));
    return;
  }
  AddGap(std::max(gap->first_id, next_id_), std::min(gap->last_id, until),
         WalError(WalErrorCode::kUnrecoverable, what));
}

void ScanPump::AddGap(uint64_t first_id, uint64_t last_id, absl::Status reason) {
  tidelog::Gap gap{view_->IdOf(first_id), view_->IdOf(last_id), std::move(reason)};
  gaps_.push_back({ready_.size(), std::move(gap)});
}

// True if a newer manifest explains what was found: place_ is to be looked up again.
Future<absl::StatusOr<bool>> ScanPump::ManifestMoved() {
  if (version_ != view_->version) co_return true;
  // An owner that does not know of its successor yet misses files that he has unlinked.
  if (view_->owned && view_->look_at_fence) view_->look_at_fence();
  if (view_->owned) co_return false;
  absl::StatusOr<std::optional<Manifest>> newest = co_await ReadNewestManifest(
      view_->files, view_->directory, view_->manifest->channel, Published::kYes);
  TIDELOG_CO_RETURN_IF_ERROR(newest.status());
  if (version_ != view_->version) co_return true;
  if (!newest->has_value() || (*newest)->name == view_->manifest->name) co_return false;
  view_->SetManifest(std::make_shared<const Manifest>(**std::move(newest)));
  co_return true;
}

// What had to be good is not.  `from`: the end of what was; offset 0: nothing of the file is.
Future<absl::Status> ScanPump::OnDamage(absl::Status corrupt, ScanPoint from) {
  absl::StatusOr<bool> moved = co_await ManifestMoved();
  TIDELOG_CO_RETURN_IF_ERROR(moved.status());
  if (*moved) {
    place_.reset();
    co_return absl::OkStatus();
  }
  const ManifestSegment* listed = FindSegment(*view_->manifest, next_id_);
  const bool bounded = listed != nullptr && (listed->seal.has_value() || view_->owned);
  if (setup_.on_corrupt == ReadOptions::OnCorrupt::kStop || !bounded) co_return corrupt;
  uint64_t last_id = listed->seal.has_value() ? listed->seal->last_id : view_->durable_id;
  const uint64_t first_id = std::max(next_id_, from.next_id);
  if (from.offset != 0) {
    absl::StatusOr<uint64_t> resync = co_await FindResync(from);
    TIDELOG_CO_RETURN_IF_ERROR(resync.status());
    if (*resync != 0) last_id = *resync - 1;
  }
  if (last_id < first_id) co_return corrupt;
  AddGap(first_id, last_id, std::move(corrupt));
  next_id_ = last_id + 1;
  if (!place_.has_value() || resume_.next_id != next_id_) place_.reset();
  co_return absl::OkStatus();
}

// Looks behind the damage for where good groups begin again, and starts there.  Yields the first id
// there; 0: nowhere in this segment.
Future<absl::StatusOr<uint64_t>> ScanPump::FindResync(ScanPoint from) {
  SegmentScan::Options options;
  options.header = place_->segment.header;
  options.from = from;
  options.tail = SegmentScan::Tail::kJudge;
  options.records = false;
  if (place_->listed.seal.has_value()) options.until = SealPoint(place_->listed);
  SegmentScan search(std::move(options));
  std::string bytes;
  while (!search.done()) {
    const SegmentScan::Want want = search.want();
    bytes.resize(std::max<uint64_t>(want.size, setup_.bytes_max));
    absl::StatusOr<size_t> read =
        co_await place_->segment.file->Read(want.offset, std::span<char>(bytes));
    if (!read.ok()) co_return ReadError("look behind damaged bytes", read.status());
    if (stopped_ || !place_.has_value()) co_return 0;
    search.Feed(want.offset, std::string_view(bytes).substr(0, *read), [](const ScanGroup&) {});
  }
  const std::optional<ScanPoint> resync = search.result().resync;
  const std::optional<uint64_t> end = ReadableEnd();
  if (!resync.has_value() || (end.has_value() && resync->offset > *end)) co_return 0;
  StartScan(*resync);
  co_return resync->next_id;
}

}  // namespace tidelog::impls::file
