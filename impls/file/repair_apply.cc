#include "impls/file/repair_apply.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "impls/file/file_ops.h"
#include "impls/file/little_endian.h"
#include "impls/file/manifest_store.h"
#include "impls/file/names.h"
#include "impls/file/repair_aside.h"
#include "impls/file/repair_text.h"
#include "impls/file/replacement_segment.h"
#include "impls/file/tail_recovery.h"
#include "impls/file/term_file.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr size_t kTermFileSize = 16;
constexpr size_t kBirthWordAt = 8;
constexpr uint64_t kBornBit = uint64_t{1} << 32;

TailPoint TailOf(const ManifestSegment& listed) {
  const Seal& seal = *listed.seal;
  return {seal.last_id, seal.end_offset, seal.chain, seal.last_tick, seal.newest_time_tick_id};
}

Seal SealAt(const TailPoint& tail) {
  Seal seal;
  seal.last_id = tail.last_id;
  seal.end_offset = tail.end_offset;
  seal.chain = tail.chain;
  seal.last_tick = tail.last_tick;
  seal.newest_time_tick_id = tail.newest_time_tick_id;
  return seal;
}

class Repair {
 public:
  explicit Repair(RepairRequest request)
      : request_(std::move(request)), directory_(PathOf(request_.dir, request_.channel)) {}
  Future<absl::StatusOr<RepairOutcome>> Run();

 private:
  Future<absl::Status> Plan();
  Future<absl::Status> PlanAgain();
  absl::Status Refusal() const;
  Future<absl::Status> RepairMarker();
  Future<absl::Status> TakeLock();
  Future<absl::Status> ReplaceTermFile();
  Future<absl::Status> Own();
  Future<absl::Status> Claim();
  Future<absl::Status> ListKept(const SegmentPlan* segment);
  Future<absl::Status> WriteReplacements();
  Future<absl::Status> PutIntoForce();
  Future<absl::Status> DropReplaced();
  Future<absl::Status> RepairChannel();

  absl::Status Error(const absl::Status& cause) const {
    const WalErrorCode code = GetWalErrorCode(cause);
    if (cause.ok() || code != WalErrorCode::kUnknownError) return cause;
    return StorageError(absl::StrCat("repair channel ", request_.channel), cause);
  }
  SegmentUuid DrawUuid();

  RepairRequest request_;
  const std::string directory_;
  RepairPlan plan_;
  std::optional<RepairAside> aside_;
  std::unique_ptr<File> lock_;
  std::unique_ptr<TermFile> term_;
  std::unique_ptr<ManifestStore> store_;
  Manifest next_;     // The list that is to come into force.
  TailPoint before_;  // Where the segments of next_ end.
};

Future<absl::Status> Repair::Plan() {
  absl::StatusOr<RepairPlan> plan =
      co_await PlanRepair(request_.files, request_.dir, request_.channel, request_.inspect);
  TIDELOG_CO_RETURN_IF_ERROR(plan.status());
  plan_ = *std::move(plan);
  if (!plan_.log_number.has_value()) plan_.log_number = request_.log_number;
  co_return Refusal();
}

// As the owner: before the claim somebody may have changed what was planned on.  What the claim
// itself has put right, and the lock that is held now, are told as they were found.
Future<absl::Status> Repair::PlanAgain() {
  const RepairPlan first = std::move(plan_);
  absl::Status planned = co_await Plan();
  plan_.problems = first.problems;
  plan_.bad_marker = first.bad_marker;
  plan_.term = first.term;
  plan_.info.live = first.info.live;
  plan_.info.owner = first.info.owner;
  co_return planned;
}

absl::Status Repair::Refusal() const {
  if (plan_.term == TermState::kUnreadable && !plan_.log_number.has_value()) {
    return WalError(
        WalErrorCode::kUnrecoverable,
        absl::StrCat("repair channel ", request_.channel,
                     ": TERM is lost, and with it the number that tells this log's positions from "
                     "another's: give one of them with --log-of POSITION, or --log-of new, and no "
                     "reader can go on from a position of before"));
  }
  if (plan_.refusals.empty()) return absl::OkStatus();
  return WalError(WalErrorCode::kUnrecoverable,
                  absl::StrCat("repair channel ", request_.channel,
                               ": nothing was changed: ", absl::StrJoin(plan_.refusals, "; ")));
}

// Its old bytes go aside first; a crash in between leaves no marker, which is repaired the same
// way.
Future<absl::Status> Repair::RepairMarker() {
  const std::string path = PathOf(request_.dir, kMarkerName);
  absl::Status done = co_await aside_->Make();
  TIDELOG_CO_RETURN_IF_ERROR(done);
  done = co_await aside_->KeepAs(path, std::string(kMarkerName));
  if (!absl::IsNotFound(done)) TIDELOG_CO_RETURN_IF_ERROR(done);
  done = co_await request_.files->Unlink(path);
  if (!absl::IsNotFound(done)) TIDELOG_CO_RETURN_IF_ERROR(done);
  const std::string hidden = PathOf(request_.dir, absl::StrCat(".", kMarkerName, "-repair"));
  (void)co_await request_.files->Unlink(hidden);  // Of a repair that was interrupted.
  done = co_await PublishFile(request_.files, request_.dir, hidden, path, MarkerText());
  co_return done;
}

Future<absl::Status> Repair::TakeLock() {
  const std::string path = PathOf(directory_, kLockName);
  absl::StatusOr<std::unique_ptr<File>> lock =
      co_await request_.files->Open(path, OpenMode::kReadWrite);
  if (absl::IsNotFound(lock.status())) {
    lock = co_await request_.files->Open(path, OpenMode::kCreateExclusive);
  }
  if (!lock.ok()) {
    co_return StorageError(
        absl::StrCat("repair channel ", request_.channel,
                     ": a repair writes to the channel's directory; make it writable, or repair a "
                     "copy of the log"),
        lock.status());
  }
  absl::StatusOr<bool> taken = co_await (*lock)->TryLock();
  TIDELOG_CO_RETURN_IF_ERROR(taken.status());
  if (*taken) lock_ = *std::move(lock);
  if (*taken) co_return absl::OkStatus();
  const std::string what =
      absl::StrCat("repair channel ", request_.channel, ": a live writer holds it, at ",
                   plan_.info.owner.ToString());
  // It maps the TERM that is to be replaced, and would never see the new one.
  if (plan_.term == TermState::kUnreadable) {
    co_return WalError(WalErrorCode::kResourceAcquired,
                       absl::StrCat(what,
                                    ", and TERM, which would fence it, is damaged: stop that "
                                    "process first"));
  }
  if (request_.take_over) co_return absl::OkStatus();
  co_return WalError(WalErrorCode::kResourceAcquired,
                     absl::StrCat(what, "; stop that process, or fence it with --take-over"));
}

// A crash in between leaves no TERM; the number is found again in the one that is aside.
Future<absl::Status> Repair::ReplaceTermFile() {
  const std::string path = PathOf(directory_, kTermName);
  absl::Status done = co_await aside_->KeepAs(path, std::string(kTermName));
  if (!absl::IsNotFound(done)) TIDELOG_CO_RETURN_IF_ERROR(done);
  done = co_await request_.files->Unlink(path);
  if (!absl::IsNotFound(done)) TIDELOG_CO_RETURN_IF_ERROR(done);
  // The owner before the one that this repair will be.
  const bool written = plan_.info.manifest.has_value();
  const TermWord owner{Term{ToInt(request_.term) - 1}, TermWord::kIncarnationMax, false};
  std::string bytes(kTermFileSize, '\0');
  StoreLittleEndian<uint64_t>(bytes.data(), written ? owner.Pack() : 0);
  StoreLittleEndian<uint64_t>(bytes.data() + kBirthWordAt,
                              *plan_.log_number | (written ? kBornBit : 0));
  const PrivateName hidden{request_.term, 1, (request_.random.Next() >> 1) + 1};
  const std::string hidden_path = PathOf(directory_, hidden.FileName());
  done = co_await PublishFile(request_.files, directory_, hidden_path, path, bytes);
  co_return done;
}

Future<absl::Status> Repair::Claim() {
  absl::StatusOr<std::unique_ptr<TermFile>> term =
      co_await TermFile::Open(request_.files, directory_, OpenMode::kReadWrite);
  TIDELOG_CO_RETURN_IF_ERROR(term.status());
  term_ = *std::move(term);
  absl::StatusOr<TermWord> before = co_await term_->Claim(request_.term);
  co_return before.status();
}

// From here on nobody else changes what is there; and, as in a takeover, no manifest of a lower
// term can become the newest.
Future<absl::Status> Repair::Own() {
  absl::Status done = co_await aside_->Make();
  TIDELOG_CO_RETURN_IF_ERROR(done);
  if (plan_.term == TermState::kUnreadable) {
    done = co_await ReplaceTermFile();
    TIDELOG_CO_RETURN_IF_ERROR(done);
  }
  if (!plan_.info.manifest.has_value()) co_return absl::OkStatus();
  done = co_await Claim();
  TIDELOG_CO_RETURN_IF_ERROR(done);
  done = co_await PlanAgain();
  TIDELOG_CO_RETURN_IF_ERROR(done);
  done = co_await aside_->Keep(plan_.manifests);
  TIDELOG_CO_RETURN_IF_ERROR(done);
  Manifest found = *plan_.info.manifest;
  store_ = std::make_unique<ManifestStore>(request_.files, directory_, term_.get(), found);
  if (!plan_.rebuilt) done = co_await store_->Publish(std::move(found));
  co_return done;
}

SegmentUuid Repair::DrawUuid() {
  SegmentUuid uuid;
  for (uint8_t& byte : uuid) byte = static_cast<uint8_t>(request_.random.Next() >> 56);
  return uuid;
}

// The last segment is sealed where the next open would have ended it: so readers see at once all
// that is kept, and not up to the last watermark only.
Future<absl::Status> Repair::ListKept(const SegmentPlan* segment) {
  ManifestSegment listed = segment->listed;
  if (!listed.seal.has_value()) {
    absl::StatusOr<RecoveredTail> recovered =
        co_await RecoverTail(request_.files, directory_, request_.channel, listed, before_);
    TIDELOG_CO_RETURN_IF_ERROR(recovered.status());
    listed.seal = SealAt(recovered->tail);
  }
  before_ = TailOf(listed);
  next_.segments.push_back(listed);
  co_return absl::OkStatus();
}

Future<absl::Status> Repair::WriteReplacements() {
  next_ = *plan_.info.manifest;
  next_.segments.clear();
  before_ = {};
  uint32_t number = 0;
  for (const SegmentPlan& segment : plan_.segments) {
    if (!segment.made_anew()) {
      absl::Status listed = co_await ListKept(&segment);
      TIDELOG_CO_RETURN_IF_ERROR(listed);
      continue;
    }
    ReplacementRequest request;
    request.files = request_.files;
    request.directory = directory_;
    request.channel = request_.channel;
    request.plan = segment;
    request.before = before_;
    if (next_.segments.empty()) request.before.chain = segment.listed.base_chain;
    request.name = {term_->owner().term, term_->owner().incarnation, ++number};
    request.uuid = DrawUuid();
    request.when = request_.when;
    absl::StatusOr<ManifestSegment> written = co_await WriteReplacement(std::move(request));
    TIDELOG_CO_RETURN_IF_ERROR(written.status());
    before_ = TailOf(*written);
    next_.segments.push_back(*std::move(written));
  }
  absl::Status synced = co_await request_.files->SyncDirectory(directory_);
  co_return synced;
}

Future<absl::Status> Repair::PutIntoForce() {
  Manifest checked = next_;
  checked.name = {term_->owner().term, 1};
  checked.incarnation = term_->owner().incarnation;
  absl::Status fits = CheckManifest(checked);
  if (!fits.ok()) {
    co_return WalErrorFrom(
        WalErrorCode::kUnrecoverable,
        absl::StrCat("repair channel ", request_.channel,
                     ": the list is as it was, for a repaired one would be wrong"),
        fits);
  }
  absl::Status done = co_await store_->Publish(std::move(checked));
  TIDELOG_CO_RETURN_IF_ERROR(done);
  if (!term_->born()) done = co_await term_->MarkBorn();
  co_return done;
}

// Only names go: the files are aside.  A later owner sweeps what a failure leaves.
Future<absl::Status> Repair::DropReplaced() {
  for (const std::string& name : plan_.aside) {
    (void)co_await request_.files->Unlink(PathOf(directory_, name));
  }
  // Whoever has opened the channel meanwhile needs no mark.
  absl::Status closed = co_await term_->MarkClean();
  if (GetWalErrorCode(closed) == WalErrorCode::kChannelFenced) closed = absl::OkStatus();
  co_return closed;
}

Future<absl::Status> Repair::RepairChannel() {
  absl::Status done = co_await TakeLock();
  if (done.ok()) done = co_await Own();
  if (!done.ok() || !plan_.info.manifest.has_value()) co_return done;
  done = co_await aside_->Keep(plan_.aside);
  if (done.ok()) done = co_await WriteReplacements();
  if (done.ok()) {
    std::string note = absl::StrCat("Put aside by a repair, ", request_.when, ":\n",
                                    absl::StrJoin(DescribeRepair(plan_), "\n"), "\n");
    co_await aside_->LeaveNote(std::move(note));
  }
  if (done.ok()) done = co_await PutIntoForce();
  if (done.ok()) done = co_await DropReplaced();
  co_return done;
}

Future<absl::StatusOr<RepairOutcome>> Repair::Run() {
  absl::Status done = co_await Plan();
  TIDELOG_CO_RETURN_IF_ERROR(done);
  RepairOutcome outcome;
  if (!plan_.needed()) {
    outcome.plan = std::move(plan_);
    co_return outcome;
  }
  if (request_.term == Term{}) request_.term = plan_.next_term;
  if (request_.term < plan_.next_term) {
    co_return WalError(WalErrorCode::kUnmatchedTerm,
                       absl::StrCat("repair channel ", request_.channel, " at term ",
                                    ToInt(request_.term), ": terms up to ",
                                    ToInt(plan_.next_term) - 1, " are in use; give a higher one"));
  }
  aside_.emplace(request_.files, directory_, AsideName{request_.term, 1});
  if (plan_.bad_marker) done = co_await RepairMarker();
  if (done.ok() && plan_.ChangesChannel()) done = co_await RepairChannel();
  if (!done.ok()) co_return Error(done);
  outcome.plan = std::move(plan_);
  outcome.aside = aside_->name();
  co_return outcome;
}

}  // namespace

Future<absl::StatusOr<RepairOutcome>> ApplyRepair(RepairRequest request) {
  Repair repair(std::move(request));
  absl::StatusOr<RepairOutcome> outcome = co_await repair.Run();
  co_return outcome;
}

}  // namespace tidelog::impls::file
