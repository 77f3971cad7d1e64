#include "impls/file/segment_chain.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kGrowth = 4;

// Files of truncated segments that are kept for new ones: as many as a truncation of every second
// segment needs.  The rest of the disk goes back to whoever truncates to get it.
constexpr size_t kRecyclableMax = 2;

}  // namespace

// Ends the turn however the change ends.
class SegmentChain::Turn {
 public:
  explicit Turn(SegmentChain* chain) : chain_(chain) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { chain_->EndTurn(); }

 private:
  SegmentChain* const chain_;
};

SegmentChain::SegmentChain(std::shared_ptr<LogView> view, const FileOptions& options,
                           const TermFile* term, Manifest newest, RandomStream random)
    : view_(std::move(view)),
      options_(options),
      term_(term),
      store_(view_->files, view_->directory, term, std::move(newest)),
      random_(random) {}

Future<Unit> SegmentChain::TakeTurn() {
  while (busy_) co_await turn_ended_.Wait();
  busy_ = true;
  co_return Unit{};
}

void SegmentChain::EndTurn() {
  busy_ = false;
  turn_ended_.NotifyAll();
}

Future<absl::Status> SegmentChain::PublishClaim() {
  co_await TakeTurn();
  const Turn turn(this);
  if (MutantIs(Mutant::kRecoveryWaitsForItself)) co_await TakeTurn();
  absl::Status published = co_await Publish(*store_.current());
  co_return published;
}

Future<absl::Status> SegmentChain::Publish(Manifest next) {
  absl::btree_set<SegmentName> listed;
  for (const ManifestSegment& segment : next.segments) listed.insert(segment.name);
  for (const ManifestSegment& segment : store_.current()->segments) {
    if (listed.contains(segment.name)) continue;
    dropped_.emplace(segment.name, MayRecycle(segment));
  }
  absl::Status published = co_await store_.Publish(std::move(next));
  settled_ = published.ok();
  if (!published.ok()) {
    ++sync_failures_;
    co_return published;
  }
  view_->SetManifest(store_.current());
  // Where no room was laid aside for groups they would take what the next manifest needs.
  const bool first = options_.preallocate == FileOptions::Preallocate::kNone;
  if (first) (void)co_await store_.PrepareSpare();
  co_return absl::OkStatus();
}

bool SegmentChain::IsListed(const SegmentName& name) const {
  const std::vector<ManifestSegment>& segments = store_.current()->segments;
  return std::any_of(segments.begin(), segments.end(),
                     [&name](const ManifestSegment& segment) { return segment.name == name; });
}

// Only what this owner wrote, so that nobody else has a file of that name; and nothing whose sync
// ever failed: such a segment has no index.
bool SegmentChain::MayRecycle(const ManifestSegment& segment) const {
  const TermWord& owner = term_->owner();
  return options_.preallocate != FileOptions::Preallocate::kNone &&
         segment.name.term == owner.term && segment.name.incarnation == owner.incarnation &&
         segment.seal.has_value() && segment.seal->index_offset != 0;
}

// The newest first: those are full-grown, and cached.
Future<absl::Status> SegmentChain::UnlinkDropped() {
  while (!dropped_.empty()) {
    const auto last = std::prev(dropped_.end());
    const SegmentName name = last->first;
    const bool recycle = last->second && recyclable_.size() < kRecyclableMax;
    dropped_.erase(last);
    if (IsListed(name)) continue;
    if (recycle) {
      recyclable_.push_back(name);
      continue;
    }
    co_await Unlink(name);
  }
  co_return absl::OkStatus();
}

// Its blocks come back later if this fails: a later term sweeps what nobody lists.
Future<Unit> SegmentChain::Unlink(SegmentName name) {
  (void)co_await view_->files->Unlink(PathOf(view_->directory, name.FileName()));
  (void)co_await view_->files->Unlink(PathOf(view_->directory, name.IndexFileName()));
  co_return Unit{};
}

void SegmentChain::SealLast(const TailPoint& tail, uint64_t index_offset, Manifest* manifest) {
  if (manifest->segments.empty() || manifest->segments.back().seal.has_value()) return;
  file::Seal seal;
  seal.last_id = tail.last_id;
  seal.end_offset = tail.end_offset;
  seal.chain = tail.chain;
  seal.last_tick = tail.last_tick;
  seal.newest_time_tick_id = tail.newest_time_tick_id;
  seal.index_offset = index_offset;
  manifest->segments.back().seal = seal;
}

// Random, and never equal for two names, even where a seed makes two streams equal.
SegmentUuid SegmentChain::DrawUuid(const SegmentName& name) {
  const uint64_t owner = TermWord{name.term, name.incarnation, false}.Pack();
  const uint64_t first = random_.Next();
  const uint64_t low = first ^ owner;
  const uint64_t high = random_.Next() ^ name.number;
  SegmentUuid uuid;
  for (size_t i = 0; i < 8; ++i) {
    uuid[i] = static_cast<uint8_t>(low >> (8 * i));
    uuid[8 + i] = static_cast<uint8_t>(high >> (8 * i));
  }
  return uuid;
}

SegmentHeader SegmentChain::HeaderFor(const BlankSegment& blank, const TailPoint& tail) {
  SegmentHeader header;
  header.channel = store_.current()->channel;
  header.name = blank.name;
  header.uuid = DrawUuid(blank.name);
  header.base_id = tail.last_id + 1;
  header.base_chain = tail.chain;
  header.capacity = blank.capacity;
  header.recycled = blank.recycled;
  return header;
}

Future<absl::Status> SegmentChain::Advance(TailPoint tail, uint64_t index_offset,
                                           uint64_t capacity_min) {
  // What is nearly ready is waited for: a second one would have to be filled from the start.
  while (preparing_) co_await turn_ended_.Wait();
  co_await TakeTurn();
  const Turn turn(this);
  if (!term_->StillOwner()) co_return store_.FencedError();
  absl::StatusOr<BlankSegment> blank = co_await TakeBlank(capacity_min);
  const std::string what = absl::StrCat("make a segment of channel ", store_.current()->channel);
  if (!blank.ok()) co_return StorageError(what, blank.status());

  Manifest next = *store_.current();
  // A last segment that an attempt before this one listed and nobody wrote to ends where it began.
  const bool unused = !next.segments.empty() && !next.segments.back().seal.has_value() &&
                      next.segments.back().base_id > tail.last_id;
  if (unused) {
    tail = EmptyTail(next.segments.back(), tail);
    next.segments.pop_back();
  }
  SealLast(tail, index_offset, &next);
  SegmentFile made{blank->file, HeaderFor(*blank, tail)};
  absl::Status written = co_await WriteSegmentHeader(made.file, made.header);
  if (!written.ok()) {
    co_await Discard(*std::move(blank));
    co_return StorageError(what, written);
  }
  ManifestSegment listed;
  listed.name = made.header.name;
  listed.uuid = made.header.uuid;
  listed.base_id = made.header.base_id;
  listed.base_chain = made.header.base_chain;
  next.segments.push_back(listed);

  active_.reset();
  absl::Status published = co_await Publish(std::move(next));
  if (!published.ok()) {
    if (!IsListed(blank->name)) co_await Discard(*std::move(blank));
    co_return published;
  }
  last_capacity_ = made.header.capacity;
  active_ = std::move(made);
  absl::Status unlinked = co_await UnlinkDropped();
  co_return unlinked;
}

Future<absl::Status> SegmentChain::Seal(TailPoint tail, uint64_t index_offset) {
  co_await TakeTurn();
  const Turn turn(this);
  active_.reset();
  Manifest next = *store_.current();
  const bool sealed = next.segments.empty() || next.segments.back().seal.has_value();
  if (sealed && settled_) co_return absl::OkStatus();
  const bool empty = !next.segments.empty() && !next.segments.back().seal.has_value() &&
                     next.segments.back().base_id > tail.last_id;
  if (empty && next.segments.size() > 1) {
    next.segments.pop_back();
  } else {
    SealLast(empty ? EmptyTail(next.segments.back(), tail) : tail, index_offset, &next);
  }
  absl::Status published = co_await Publish(std::move(next));
  TIDELOG_CO_RETURN_IF_ERROR(published);
  absl::Status unlinked = co_await UnlinkDropped();
  co_return unlinked;
}

Future<absl::Status> SegmentChain::Truncate(TruncationMark mark) {
  co_await TakeTurn();
  const Turn turn(this);
  Manifest next = *store_.current();
  const bool frees_more = mark.tick == next.mark.tick && mark.id > next.mark.id;
  if (mark.tick <= next.mark.tick && !frees_more && settled_) co_return absl::OkStatus();
  next.mark.tick = std::max(mark.tick, next.mark.tick);
  next.mark.id = std::max(mark.id, next.mark.id);
  auto keep = std::find_if(
      next.segments.begin(), next.segments.end(), [&next](const ManifestSegment& segment) {
        return !segment.seal.has_value() || segment.seal->last_id >= next.mark.id;
      });
  // One stays, whatever the mark says: it tells where ids go on.
  if (MutantIs(Mutant::kTruncatedTooFar) && keep != next.segments.end()) ++keep;
  next.segments.erase(next.segments.begin(), keep == next.segments.end() ? keep - 1 : keep);
  if (MutantIs(Mutant::kRecycledBeforeDurable)) {
    for (const ManifestSegment& segment : store_.current()->segments) {
      if (segment.name < next.segments.front().name) co_await Unlink(segment.name);
    }
  }
  absl::Status published = co_await Publish(std::move(next));
  TIDELOG_CO_RETURN_IF_ERROR(published);
  absl::Status unlinked = co_await UnlinkDropped();
  co_return unlinked;
}

uint64_t SegmentChain::NextCapacity() const {
  if (last_capacity_ == 0) return options_.first_segment_bytes();
  return std::min(options_.segment_bytes, last_capacity_ * kGrowth);
}

Future<absl::StatusOr<BlankSegment>> SegmentChain::TakeBlank(uint64_t capacity_min) {
  if (next_.has_value() && next_->capacity >= capacity_min) {
    BlankSegment blank = *std::move(next_);
    next_.reset();
    co_return blank;
  }
  if (next_.has_value()) {
    // Too short; and segments are listed in the order of their numbers, so it never gets its turn.
    BlankSegment blank = *std::move(next_);
    next_.reset();
    co_await Discard(std::move(blank));
  }
  absl::StatusOr<BlankSegment> made = co_await MakeBlank(std::max(NextCapacity(), capacity_min));
  co_return made;
}

// Requires: the turn is taken, so that no other failed sync of the directory goes unseen.
Future<absl::StatusOr<BlankSegment>> SegmentChain::MakeBlank(uint64_t capacity) {
  const SegmentName name{term_->owner().term, term_->owner().incarnation, ++segment_number_};
  absl::StatusOr<BlankSegment> blank = co_await NewBlank(name, capacity);
  TIDELOG_CO_RETURN_IF_ERROR(blank.status());
  absl::Status synced = co_await SyncNames();
  if (synced.ok()) co_return blank;
  co_await Discard(*std::move(blank));
  co_return synced;
}

Future<absl::StatusOr<BlankSegment>> SegmentChain::NewBlank(SegmentName name, uint64_t capacity) {
  while (!recyclable_.empty()) {
    const SegmentName old_name = recyclable_.back();
    recyclable_.pop_back();
    absl::StatusOr<BlankSegment> recycled =
        co_await RecycleSegment(view_->files, view_->directory, old_name, name, capacity);
    if (recycled.ok()) co_return recycled;
  }
  absl::StatusOr<BlankSegment> made = co_await MakeBlankSegment(
      view_->files, view_->directory, name, capacity, options_.preallocate);
  co_return made;
}

Future<absl::Status> SegmentChain::SyncNames() {
  if (MutantIs(Mutant::kDirectoryNotSynced)) co_return absl::OkStatus();
  absl::Status synced = co_await view_->files->SyncDirectory(view_->directory);
  if (!synced.ok()) ++sync_failures_;
  co_return synced;
}

Future<Unit> SegmentChain::Discard(BlankSegment blank) {
  blank.file.reset();
  (void)co_await view_->files->Unlink(PathOf(view_->directory, blank.name.FileName()));
  co_return Unit{};
}

Future<Unit> SegmentChain::Prepare() {
  if (prepared()) co_return Unit{};
  preparing_ = true;
  const SegmentName name{term_->owner().term, term_->owner().incarnation, ++segment_number_};
  const uint64_t failures = sync_failures_;
  absl::StatusOr<BlankSegment> blank = co_await NewBlank(name, NextCapacity());
  if (blank.ok()) {
    co_await TakeTurn();
    const Turn turn(this);
    absl::Status synced = co_await SyncNames();
    // A sync of the directory that failed since the name was made may have lost it, and the one
    // that succeeded after it has nothing left to write.  And if a later one was made meanwhile,
    // this one's number is too low for the list.
    if (failures == sync_failures_ && name.number == segment_number_) {
      next_ = *std::move(blank);
    } else {
      co_await Discard(*std::move(blank));
    }
  }
  preparing_ = false;
  turn_ended_.NotifyAll();
  co_return Unit{};
}

Future<Unit> SegmentChain::PrepareSpare() {
  co_await TakeTurn();
  const Turn turn(this);
  (void)co_await store_.PrepareSpare();  // Without one, a full disk stops truncation too.
  co_return Unit{};
}

Future<Unit> SegmentChain::Release() {
  co_await TakeTurn();
  const Turn turn(this);
  if (next_.has_value()) {
    BlankSegment blank = *std::move(next_);
    next_.reset();
    co_await Discard(std::move(blank));
  }
  while (!recyclable_.empty()) {
    const SegmentName name = recyclable_.back();
    recyclable_.pop_back();
    co_await Unlink(name);
  }
  (void)co_await store_.DropSpare();  // A later term sweeps it.
  co_return Unit{};
}

}  // namespace tidelog::impls::file
