#include "impls/file/takeover.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/manifest_reader.h"
#include "impls/file/names.h"
#include "impls/file/segment_file.h"
#include "impls/file/unlisted_segments.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

absl::Status Superseded(const PChannel& channel, const TermFile& term) {
  return WalError(WalErrorCode::kUnmatchedTerm,
                  absl::StrCat("open ", ToString(channel), ": it was opened meanwhile as ",
                               term.Load().ToString(), "; open it with a higher term"));
}

// Whoever was superseded before Open has returned has lost a race.  What else he met does not
// count: the winner may have changed what he was looking at.
absl::Status OpenError(const PChannel& channel, const TermFile& term, absl::Status status) {
  return term.StillOwner() ? status : Superseded(channel, term);
}

// What the manifest found says about the claim just made; `before` is who owned the channel then.
absl::Status CheckFound(const PChannel& channel, const TermFile& term, const TermWord& before,
                        const std::optional<Manifest>& found) {
  if (!found.has_value()) {
    if (!term.born()) return absl::OkStatus();
    return WalError(WalErrorCode::kCorrupt,
                    absl::StrCat("open ", ToString(channel),
                                 ": it was written to, and has no manifest any more"));
  }
  absl::Status owned = CheckOwnerWord(before, *found);
  if (owned.ok()) return owned;
  return WalErrorFrom(WalErrorCode::kCorrupt, absl::StrCat("open ", ToString(channel)), owned);
}

// Where the sealed part of the log ends.
TailPoint SealedTail(const Manifest& manifest) {
  TailPoint tail;
  for (const ManifestSegment& segment : manifest.segments) {
    if (!segment.seal.has_value()) break;
    const Seal& seal = *segment.seal;
    tail = {seal.last_id, seal.end_offset, seal.chain, seal.last_tick, seal.newest_time_tick_id};
  }
  return tail;
}

// A segment in which the log, as far as it was recovered, holds `id`; sealed for a reader.
std::optional<ManifestSegment> SegmentOf(const Manifest& manifest, uint64_t id) {
  for (const ManifestSegment& segment : manifest.segments) {
    if (segment.seal.has_value() && segment.base_id <= id && id <= segment.seal->last_id) {
      return segment;
    }
  }
  return std::nullopt;
}

class Takeover {
 public:
  explicit Takeover(TakeoverRequest request) : request_(std::move(request)) {
    directory_ = PathOf(request_.options.dir, request_.channel.name);
  }
  Future<absl::StatusOr<OwnedChannel>> Run();

 private:
  Future<absl::Status> OpenTerm();
  Future<absl::Status> LookBeforeClaim();
  Future<absl::Status> Claim();
  Future<absl::Status> ReadManifest();
  Future<absl::Status> FindBoundary();
  Future<absl::Status> CheckFiles();
  Future<absl::Status> CheckNothingUnlisted(std::vector<std::string> names);
  Future<absl::Status> ReadNewestRecords();
  Future<absl::StatusOr<ImmutableMessage>> Read(uint64_t id);
  Future<absl::Status> Sweep();

  TakeoverRequest request_;
  std::string directory_;
  OwnedChannel channel_;
  TermWord before_;
};

Future<absl::Status> Takeover::OpenTerm() {
  absl::StatusOr<std::unique_ptr<TermFile>> term =
      co_await TermFile::Open(request_.files, directory_, OpenMode::kReadWrite);
  if (!term.ok()) {
    co_return StorageError(absl::StrCat("open ", ToString(request_.channel)), term.status());
  }
  channel_.term = *std::move(term);
  co_return absl::OkStatus();
}

// Refuses what it could not go on from, while that fences nobody yet and changes nothing: above all
// the log of a newer program.  What it finds good may be otherwise after the claim, and is looked
// at again.
Future<absl::Status> Takeover::LookBeforeClaim() {
  absl::StatusOr<std::optional<Manifest>> found = co_await ReadNewestManifest(
      request_.files, directory_, request_.channel.name, Published::kNotKnown);
  const WalErrorCode code = GetWalErrorCode(found.status());
  if (code == WalErrorCode::kCorrupt || code == WalErrorCode::kInner) co_return found.status();
  // A first look may miss one that is replaced meanwhile.
  if (!found.ok() || !found->has_value()) co_return absl::OkStatus();
  co_return CheckFound(request_.channel, *channel_.term, channel_.term->Load(), *found);
}

Future<absl::Status> Takeover::Claim() {
  absl::StatusOr<TermWord> before = co_await channel_.term->Claim(request_.channel.term);
  TIDELOG_CO_RETURN_IF_ERROR(before.status());
  before_ = *before;
  co_return absl::OkStatus();
}

Future<absl::Status> Takeover::ReadManifest() {
  TermFile* const term = channel_.term.get();
  const Published published = term->born() ? Published::kYes : Published::kNotKnown;
  absl::StatusOr<std::optional<Manifest>> found =
      co_await ReadNewestManifest(request_.files, directory_, request_.channel.name, published);
  TIDELOG_CO_RETURN_IF_ERROR(found.status());
  TIDELOG_CO_RETURN_IF_ERROR(CheckFound(request_.channel, *term, before_, *found));
  Manifest manifest;
  manifest.channel = request_.channel.name;
  if (found->has_value()) manifest = **std::move(found);
  if (MutantIs(Mutant::kMarkForgotten)) manifest.mark = {};
  channel_.view = std::make_shared<LogView>();
  channel_.view->files = request_.files;
  channel_.view->directory = directory_;
  channel_.view->origin = {LogKind::kFile, term->log(), request_.epoch};
  channel_.view->read_ahead_bytes = request_.options.read_ahead_bytes;
  channel_.view->owned = true;
  channel_.chain = std::make_unique<SegmentChain>(channel_.view, request_.options, term,
                                                  std::move(manifest), request_.random);
  co_return absl::OkStatus();
}

// A listed file that is missing is damage, whether anybody reads it or not.
Future<absl::Status> Takeover::CheckFiles() {
  absl::StatusOr<std::vector<std::string>> names = co_await request_.files->List(directory_);
  if (!names.ok()) {
    co_return StorageError(absl::StrCat("list channel ", request_.channel.name), names.status());
  }
  for (const ManifestSegment& segment : channel_.chain->manifest()->segments) {
    if (std::binary_search(names->begin(), names->end(), segment.name.FileName())) continue;
    co_return WalError(
        WalErrorCode::kCorrupt,
        absl::StrCat("open ", ToString(request_.channel), ": segment ", segment.name.FileName(),
                     ", ids from ", segment.base_id, " on, is missing, and ",
                     channel_.chain->manifest()->name.FileName(), " lists it"));
  }
  absl::Status unlisted = co_await CheckNothingUnlisted(*std::move(names));
  co_return unlisted;
}

// Before anything is published: whoever puts the right manifest back finds it the newest.
Future<absl::Status> Takeover::CheckNothingUnlisted(std::vector<std::string> names) {
  const std::shared_ptr<const Manifest> manifest = channel_.chain->manifest();
  if (manifest->segments.empty()) co_return absl::OkStatus();
  absl::StatusOr<UnlistedSegments> unlisted =
      co_await FindUnlistedSegments(request_.files, directory_, *manifest, std::move(names));
  TIDELOG_CO_RETURN_IF_ERROR(unlisted.status());
  if (unlisted->written.empty()) co_return absl::OkStatus();
  const std::string what = unlisted->ToString(manifest->name);
  if (unlisted->ManifestIsLost()) {
    co_return WalError(WalErrorCode::kCorrupt,
                       absl::StrCat("open ", ToString(request_.channel), ": ", what,
                                    ", and some were durable: an older manifest was put back"));
  }
  request_.observer->OnEvent({Event::Kind::kTornTail, request_.channel,
                              absl::StrCat(what, ", and none was durable: dropped")});
  co_return absl::OkStatus();
}

Future<absl::Status> Takeover::FindBoundary() {
  const std::shared_ptr<const Manifest> manifest = channel_.chain->manifest();
  channel_.boundary = SealedTail(*manifest);
  if (manifest->segments.empty() || manifest->segments.back().seal.has_value()) {
    co_return absl::OkStatus();
  }
  // From here on no manifest of a lower term can be the newest, not even after a crash.
  absl::Status claimed;
  if (!MutantIs(Mutant::kNoClaimManifest)) claimed = co_await channel_.chain->PublishClaim();
  TIDELOG_CO_RETURN_IF_ERROR(claimed);
  absl::StatusOr<RecoveredTail> recovered =
      co_await RecoverTail(request_.files, directory_, request_.channel.name,
                           manifest->segments.back(), channel_.boundary);
  TIDELOG_CO_RETURN_IF_ERROR(recovered.status());
  if (MutantIs(Mutant::kSealedByManifest)) {
    recovered->tail = EmptyTail(manifest->segments.back(), channel_.boundary);
  }
  channel_.boundary = recovered->tail;
  if (!recovered->torn.empty()) {
    request_.observer->OnEvent(
        {Event::Kind::kTornTail, request_.channel, std::move(recovered->torn)});
  }
  co_return absl::OkStatus();
}

Future<absl::StatusOr<ImmutableMessage>> Takeover::Read(uint64_t id) {
  const std::shared_ptr<const Manifest> manifest = channel_.chain->manifest();
  const std::optional<ManifestSegment> listed = SegmentOf(*manifest, id);
  if (!listed.has_value()) {
    co_return WalError(WalErrorCode::kCorrupt, absl::StrCat("open ", ToString(request_.channel),
                                                            ": id ", id, " is in no segment"));
  }
  absl::StatusOr<ImmutableMessage> message = co_await ReadRecord(
      request_.files, directory_, request_.channel.name, *listed, channel_.view->origin, id);
  co_return message;
}

Future<absl::Status> Takeover::ReadNewestRecords() {
  const uint64_t first_id = channel_.chain->manifest()->segments.front().base_id;
  if (channel_.boundary.last_id != 0) {
    absl::StatusOr<ImmutableMessage> last = co_await Read(channel_.boundary.last_id);
    TIDELOG_CO_RETURN_IF_ERROR(last.status());
    if (last->has_value()) {
      channel_.tail = last->position();
    } else if (channel_.boundary.last_tick != 0) {
      // A repair gave it up.  Its last confirmed id is lost with it; the oldest one lies below.
      channel_.tail =
          Position{channel_.view->IdOf(first_id), TimeTick{channel_.boundary.last_tick}};
    }
  }
  if (channel_.boundary.newest_time_tick_id >= first_id) {
    absl::StatusOr<ImmutableMessage> tick = co_await Read(channel_.boundary.newest_time_tick_id);
    TIDELOG_CO_RETURN_IF_ERROR(tick.status());
    channel_.newest_time_tick = *std::move(tick);
  }
  co_return absl::OkStatus();
}

// Unlinks what lower terms left and nobody lists.  Only what lies unused is lost by a failure.
Future<absl::Status> Takeover::Sweep() {
  absl::StatusOr<std::vector<std::string>> names = co_await request_.files->List(directory_);
  TIDELOG_CO_RETURN_IF_ERROR(names.status());
  const std::shared_ptr<const Manifest> manifest = channel_.chain->manifest();
  for (const std::string& name : *names) {
    std::optional<Term> term;
    std::optional<SegmentName> segment = SegmentName::Parse(name);
    if (!segment.has_value()) segment = SegmentName::ParseIndex(name);
    if (segment.has_value()) term = segment->term;
    const std::optional<PrivateName> private_name = PrivateName::Parse(name);
    if (private_name.has_value()) term = private_name->term;
    const bool listed = std::any_of(manifest->segments.begin(), manifest->segments.end(),
                                    [&segment](const ManifestSegment& one) {
                                      return segment.has_value() && one.name == *segment;
                                    });
    if (!term.has_value() || *term >= request_.channel.term || listed) continue;
    if (!channel_.term->StillOwner()) break;
    (void)co_await request_.files->Unlink(PathOf(directory_, name));
  }
  co_return absl::OkStatus();
}

Future<absl::StatusOr<OwnedChannel>> Takeover::Run() {
  absl::Status status = co_await OpenTerm();
  if (status.ok()) status = co_await LookBeforeClaim();
  if (status.ok()) status = co_await Claim();
  TIDELOG_CO_RETURN_IF_ERROR(status);
  TermFile* const term = channel_.term.get();
  status = co_await ReadManifest();
  if (status.ok()) status = co_await CheckFiles();
  if (status.ok()) status = co_await FindBoundary();
  if (!status.ok()) co_return OpenError(request_.channel, *term, std::move(status));
  // An owner that acknowledged anything beyond the boundary would have to have found itself
  // unfenced after this claim; and whoever claims after it reads a boundary of its own.
  if (!term->StillOwner()) co_return Superseded(request_.channel, *term);
  SegmentChain* const chain = channel_.chain.get();
  status = co_await chain->Advance(channel_.boundary, /*index_offset=*/0, /*capacity_min=*/0);
  if (status.ok() && !term->born()) status = co_await term->MarkBorn();
  if (status.ok()) status = co_await ReadNewestRecords();
  if (status.ok()) {
    (void)co_await Sweep();  // What is left over costs only room.
    co_await chain->PrepareSpare();
  }
  if (!status.ok()) co_return OpenError(request_.channel, *term, std::move(status));
  const bool looks = !MutantIs(Mutant::kNoLastLookAtTerm);
  if (looks && !term->StillOwner()) co_return Superseded(request_.channel, *term);
  co_return std::move(channel_);
}

}  // namespace

Future<absl::StatusOr<OwnedChannel>> TakeOver(TakeoverRequest request) {
  Takeover takeover(std::move(request));
  absl::StatusOr<OwnedChannel> owned = co_await takeover.Run();
  co_return owned;
}

}  // namespace tidelog::impls::file
