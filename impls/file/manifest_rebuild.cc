#include "impls/file/manifest_rebuild.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "impls/file/file_ops.h"
#include "impls/file/names.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "impls/file/segment_walk.h"
#include "wal/base/status_macros.h"
#include "wal/message/record.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kManifestBytesMax = uint64_t{1} << 30;

// A place between two groups, as the header of the next segment names it: next id, chain.
using Link = std::pair<uint64_t, uint32_t>;

// A segment file, and what is in it.
struct Candidate {
  SegmentHeader header;
  absl::btree_map<Link, Seal> links;  // Where another candidate goes on.
  ScanPoint end;                      // Behind its last good group.
  CommitPayload last_commit;
  uint64_t footer_offset = 0;          // Of the owner's index, behind the last group; 0: none.
  std::optional<uint64_t> first_tick;  // FirstTickOf().
  bool damaged = false;
  bool torn = false;      // Behind its last good group lies more.
  bool repaired = false;  // By its contents: gaps, or records of others' terms.

  Link begin() const { return {header.base_id, header.base_chain}; }
  bool empty() const { return end.next_id == header.base_id && !damaged && !torn; }
};

Seal SealAt(const ScanPoint& end, const CommitPayload& commit) {
  Seal seal;
  seal.last_id = end.next_id - 1;
  seal.end_offset = end.offset;
  seal.chain = end.chain;
  seal.last_tick = commit.last_tick;
  seal.newest_time_tick_id = commit.newest_time_tick_id;
  return seal;
}

ManifestSegment ListingOf(const SegmentHeader& header) {
  ManifestSegment listed;
  listed.name = header.name;
  listed.uuid = header.uuid;
  listed.base_id = header.base_id;
  listed.base_chain = header.base_chain;
  return listed;
}

// Fills in what a candidate's groups tell.
// What lies in front of it is covered by the tick below; of a message whose first chunks are gone
// nothing is there, so that one's too (F9).
uint64_t FirstTickOf(const RecordView& first) {
  const bool is_rest = first.chunk().value_or(Chunk{}).index > 0;
  return ToInt(first.time_tick()) + (is_rest ? 1 : 0);
}

class CandidateReader final : public SegmentVisitor {
 public:
  CandidateReader(const std::vector<Link>* wanted, Candidate* candidate)
      : wanted_(*wanted), candidate_(*candidate) {}

  void OnGroup(const ScanGroup& group) override {
    for (const Frame& frame : group.frames) OnFrame(frame);
    candidate_.end = group.end;
    candidate_.last_commit = group.commit;
    const Link link(group.end.next_id, group.end.chain);
    if (!std::binary_search(wanted_.begin(), wanted_.end(), link)) return;
    candidate_.links[link] = SealAt(group.end, group.commit);
  }
  void OnLooseFrame(const Frame&) override {}
  void OnDamage(const Finding& damage) override {
    candidate_.damaged = candidate_.damaged || damage.severity == Severity::kCorrupt;
    candidate_.torn = candidate_.torn || damage.severity == Severity::kTorn;
  }

 private:
  void OnFrame(const Frame& frame) {
    if (frame.type == FrameType::kGap) candidate_.repaired = true;
    if (frame.type != FrameType::kRecord) return;
    const absl::StatusOr<RecordView> record = RecordView::Parse(frame.payload);
    if (!record.ok()) return;
    if (record->term() != candidate_.header.name.term) candidate_.repaired = true;
    if (!candidate_.first_tick.has_value()) candidate_.first_tick = FirstTickOf(*record);
  }

  const std::vector<Link>& wanted_;
  Candidate& candidate_;
};

class Rebuild {
 public:
  Rebuild(FileSystem* files, std::string directory, std::string channel, InspectOptions options)
      : files_(files),
        directory_(std::move(directory)),
        channel_(std::move(channel)),
        options_(options) {}

  Future<absl::Status> ReadHeaders(std::vector<std::string> names);
  Future<absl::Status> ReadGroups();
  Future<absl::StatusOr<TruncationMark>> OlderMark(std::vector<std::string> names);
  Manifest List(TruncationMark mark);

 private:
  void NoteRepaired();
  const Candidate* Predecessor(const Candidate& next) const;
  ManifestSegment Sealed(const Candidate& candidate, const Candidate& next) const;
  ManifestSegment LastOf(const Candidate& candidate) const;

  FileSystem* const files_;
  const std::string directory_;
  const std::string channel_;
  const InspectOptions options_;
  std::vector<Candidate> candidates_;  // By base id, then name.
};

// A file that holds another segment than its name says is being recycled, or was: its old contents
// are truncated.
Future<absl::Status> Rebuild::ReadHeaders(std::vector<std::string> names) {
  for (const std::string& name : names) {
    const std::optional<SegmentName> parsed = SegmentName::Parse(name);
    if (!parsed.has_value()) continue;
    absl::StatusOr<std::unique_ptr<File>> file =
        co_await files_->Open(PathOf(directory_, name), OpenMode::kRead);
    if (absl::IsNotFound(file.status())) continue;
    TIDELOG_CO_RETURN_IF_ERROR(file.status());
    std::string block(kSegmentHeaderSize, '\0');
    absl::StatusOr<size_t> read = co_await (*file)->Read(0, std::span<char>(block));
    TIDELOG_CO_RETURN_IF_ERROR(read.status());
    absl::StatusOr<SegmentHeader> header = DecodeSegmentHeader(block.substr(0, *read));
    if (GetWalErrorCode(header.status()) == WalErrorCode::kInner) co_return header.status();
    if (!header.ok() || header->channel != channel_ || header->name != *parsed) continue;
    Candidate candidate;
    candidate.end = SegmentScan::FirstPoint(*header);
    candidate.header = *std::move(header);
    candidates_.push_back(std::move(candidate));
  }
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return std::tuple(a.header.base_id, a.header.name) <
           std::tuple(b.header.base_id, b.header.name);
  });
  co_return absl::OkStatus();
}

Future<absl::Status> Rebuild::ReadGroups() {
  std::vector<Link> wanted;
  for (const Candidate& candidate : candidates_) wanted.push_back(candidate.begin());
  std::sort(wanted.begin(), wanted.end());
  for (Candidate& candidate : candidates_) {
    WalkOptions walk_options;
    walk_options.inspect = options_;
    SegmentWalk walk(files_, directory_, channel_, ListingOf(candidate.header), walk_options);
    absl::StatusOr<std::optional<Finding>> damage = co_await walk.Open();
    TIDELOG_CO_RETURN_IF_ERROR(damage.status());
    if (damage->has_value()) continue;
    CandidateReader reader(&wanted, &candidate);
    absl::StatusOr<ScanResult> scan = co_await walk.ReadGroups(&reader);
    TIDELOG_CO_RETURN_IF_ERROR(scan.status());
    if (scan->footer_end != 0) candidate.footer_offset = scan->end.offset;
  }
  NoteRepaired();
  co_return absl::OkStatus();
}

// Segments are made in the order of their ids, but for those that a repair put in others' places.
void Rebuild::NoteRepaired() {
  for (Candidate& candidate : candidates_) {
    for (const Candidate& other : candidates_) {
      const bool later_in_log = other.header.base_id > candidate.header.base_id;
      if (later_in_log && other.header.name < candidate.header.name) candidate.repaired = true;
    }
  }
}

// Marks only grow, so an older one hides nothing that counts.
Future<absl::StatusOr<TruncationMark>> Rebuild::OlderMark(std::vector<std::string> names) {
  TruncationMark mark;
  for (const std::string& name : names) {
    if (!ManifestName::Parse(name).has_value()) continue;
    absl::StatusOr<std::string> bytes =
        co_await ReadWholeFile(files_, PathOf(directory_, name), kManifestBytesMax);
    if (!bytes.ok()) continue;
    const absl::StatusOr<Manifest> manifest = DecodeManifest(*bytes);
    if (!manifest.ok() || manifest->channel != channel_) continue;
    if (manifest->mark.tick > mark.tick) mark = manifest->mark;
  }
  co_return mark;
}

// Who goes on at the very place, or, if nobody does, who has the next lower ids.
const Candidate* Rebuild::Predecessor(const Candidate& next) const {
  const Candidate* linked = nullptr;
  const Candidate* below = nullptr;
  for (const Candidate& candidate : candidates_) {
    if (candidate.header.base_id >= next.header.base_id) break;
    if (candidate.empty()) continue;
    below = &candidate;
    if (candidate.links.contains(next.begin())) linked = &candidate;
    // The chain does not lead on from a repaired one, but ids do.
    const bool ends_there = candidate.end.next_id == next.header.base_id && !candidate.damaged;
    if (candidate.repaired && ends_there) linked = &candidate;
  }
  return linked != nullptr ? linked : below;
}

ManifestSegment Rebuild::Sealed(const Candidate& candidate, const Candidate& next) const {
  ManifestSegment listed = ListingOf(candidate.header);
  listed.repaired = candidate.repaired;
  const auto link = candidate.links.find(next.begin());
  if (link != candidate.links.end()) {
    listed.seal = link->second;
  } else if (candidate.damaged || candidate.torn || candidate.end.next_id > next.header.base_id) {
    // What it holds up to there must be looked for.
    Seal seal;
    seal.last_id = next.header.base_id - 1;
    seal.end_offset = kUnknownEnd;
    listed.seal = seal;
  } else {
    listed.seal = SealAt(candidate.end, candidate.last_commit);
  }
  if (candidate.footer_offset == listed.seal->end_offset) {
    listed.seal->index_offset = candidate.footer_offset;
  }
  return listed;
}

// A repair writes segments whole, and sealed.
ManifestSegment Rebuild::LastOf(const Candidate& candidate) const {
  ManifestSegment listed = ListingOf(candidate.header);
  listed.repaired = candidate.repaired;
  if (!candidate.repaired || candidate.damaged || candidate.torn) return listed;
  listed.seal = SealAt(candidate.end, candidate.last_commit);
  listed.seal->index_offset = candidate.footer_offset;
  return listed;
}

Manifest Rebuild::List(TruncationMark mark) {
  Manifest manifest;
  manifest.channel = channel_;
  manifest.mark = mark;
  if (candidates_.empty()) return manifest;
  const Candidate* next = &candidates_.back();
  manifest.segments.push_back(LastOf(*next));
  std::optional<uint64_t> first_tick = next->first_tick;
  while (const Candidate* before = Predecessor(*next)) {
    const ManifestSegment sealed = Sealed(*before, *next);
    if (sealed.seal->last_id < mark.id) break;
    manifest.segments.push_back(sealed);
    if (before->first_tick.has_value()) first_tick = before->first_tick;
    next = before;
  }
  std::reverse(manifest.segments.begin(), manifest.segments.end());
  const uint64_t first_id = manifest.segments.front().base_id;
  // As little as possible is taken for truncated: all that is left can be read.
  if (first_id > std::max<uint64_t>(mark.id, 1)) {
    const uint64_t tick = std::max<uint64_t>(first_tick.value_or(0), 2) - 1;
    manifest.mark = {first_id, std::max(mark.tick, tick)};
  }
  return manifest;
}

}  // namespace

Future<absl::StatusOr<Manifest>> RebuildManifest(FileSystem* files, std::string directory,
                                                 std::string channel,
                                                 std::vector<std::string> names,
                                                 InspectOptions options) {
  Rebuild rebuild(files, std::move(directory), std::move(channel), options);
  absl::Status read = co_await rebuild.ReadHeaders(names);
  TIDELOG_CO_RETURN_IF_ERROR(read);
  read = co_await rebuild.ReadGroups();
  TIDELOG_CO_RETURN_IF_ERROR(read);
  absl::StatusOr<TruncationMark> mark = co_await rebuild.OlderMark(std::move(names));
  TIDELOG_CO_RETURN_IF_ERROR(mark.status());
  co_return rebuild.List(*mark);
}

}  // namespace tidelog::impls::file
