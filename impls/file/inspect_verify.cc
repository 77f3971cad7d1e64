// Verify().
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "impls/file/channel_look.h"
#include "impls/file/file_ops.h"
#include "impls/file/inspect.h"
#include "impls/file/manifest_reader.h"
#include "impls/file/names.h"
#include "impls/file/unlisted_segments.h"
#include "impls/file/verify_segments.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

// A log that truncates and rolls while it is read.
constexpr int kTries = 10;

// A segment with groups that the newest manifest does not list.
void VerifyUnlisted(const UnlistedSegments& unlisted, const ManifestName& newest,
                    const SegmentName& segment, Finding* finding) {
  if (unlisted.ManifestIsLost()) {
    finding->severity = Severity::kCorrupt;
    finding->first_id = unlisted.first_id;
    finding->sentence = absl::StrCat(unlisted.ToString(newest),
                                     ", and some were durable: an older manifest was put back");
  } else {
    finding->sentence = absl::StrCat("no manifest lists ", segment.FileName(),
                                     ", and nothing in it was durable; the next owner sweeps it");
  }
}

// What lies in the directory and no manifest lists.
void VerifyOthers(const ChannelLook& look, const UnlistedSegments& unlisted, VerifyReport* report) {
  absl::btree_set<std::string> known = {std::string(kTermName), std::string(kLockName)};
  const std::optional<ManifestName> newest = NewestManifest(look.names);
  if (newest.has_value()) known.insert(newest->FileName());
  if (look.info.manifest.has_value()) {
    for (const ManifestSegment& segment : look.info.manifest->segments) {
      known.insert(segment.name.FileName());
      if (segment.seal.has_value() && segment.seal->side_index) {
        known.insert(segment.name.IndexFileName());
      }
    }
  }
  const TermWord& owner = look.info.owner;
  for (const std::string& name : look.names) {
    if (known.contains(name)) continue;
    Finding finding;
    finding.severity = Severity::kOrphan;
    finding.file = name;
    std::optional<SegmentName> segment = SegmentName::Parse(name);
    if (!segment.has_value()) segment = SegmentName::ParseIndex(name);
    const std::optional<PrivateName> hidden = PrivateName::Parse(name);
    const bool of_owner = (segment.has_value() && segment->term == owner.term &&
                           segment->incarnation == owner.incarnation) ||
                          (hidden.has_value() && hidden->term == owner.term &&
                           hidden->incarnation == owner.incarnation);
    const bool written = segment.has_value() && name == segment->FileName() &&
                         std::find(unlisted.written.begin(), unlisted.written.end(), *segment) !=
                             unlisted.written.end();
    if (written) {
      VerifyUnlisted(unlisted, look.info.manifest->name, *segment, &finding);
    } else if (look.info.live && of_owner) {
      finding.severity = Severity::kOk;
      finding.sentence = "the owner is preparing it";
    } else if (hidden.has_value()) {
      finding.sentence = "never published; the next owner sweeps it";
    } else if (segment.has_value()) {
      finding.sentence = "no manifest lists it; the next owner sweeps it";
    } else if (AsideName::Parse(name).has_value()) {
      finding.severity = Severity::kOk;
      finding.sentence = "a repair keeps here what it replaced; delete it when nobody needs it";
    } else if (ManifestName::Parse(name).has_value()) {
      finding.sentence = "a newer manifest has replaced it; the next owner sweeps it";
    } else {
      finding.sentence = "no file of a log; nobody sweeps it";
    }
    report->findings.push_back(finding);
  }
}

Future<absl::StatusOr<UnlistedSegments>> LookForLostManifest(FileSystem* files,
                                                             std::string directory,
                                                             const ChannelLook* look) {
  if (!look->info.manifest.has_value()) co_return UnlistedSegments();
  absl::StatusOr<UnlistedSegments> unlisted =
      co_await FindUnlistedSegments(files, directory, *look->info.manifest, look->names);
  co_return unlisted;
}

Future<absl::StatusOr<VerifyReport>> VerifyOnce(FileSystem* files, std::string directory,
                                                std::string channel, InspectOptions options) {
  absl::StatusOr<ChannelLook> look = co_await LookAtChannel(files, directory, channel);
  TIDELOG_CO_RETURN_IF_ERROR(look.status());
  VerifyReport report;
  report.info = look->info;
  report.findings = look->damage;
  if (look->damage.empty()) {
    Finding owner;
    owner.file = std::string(kTermName);
    owner.sentence =
        absl::StrCat("owner ", look->info.owner.ToString(), look->info.live ? ", live" : "");
    report.findings.push_back(owner);
  }
  absl::Status verified = co_await VerifySegments(files, directory, options, &report);
  TIDELOG_CO_RETURN_IF_ERROR(verified);
  absl::StatusOr<UnlistedSegments> unlisted =
      co_await LookForLostManifest(files, directory, &*look);
  TIDELOG_CO_RETURN_IF_ERROR(unlisted.status());
  VerifyOthers(*look, *unlisted, &report);
  co_return report;
}

}  // namespace

Future<absl::StatusOr<VerifyReport>> Verify(FileSystem* files, std::string dir, std::string channel,
                                            InspectOptions options) {
  const std::string directory = PathOf(dir, channel);
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<VerifyReport> report = co_await VerifyOnce(files, directory, channel, options);
    TIDELOG_CO_RETURN_IF_ERROR(report.status());
    if (!report->HasCorruption()) co_return report;
    // What was listed may have been truncated away, and its file used again, in the meantime.
    absl::StatusOr<std::vector<std::string>> names = co_await files->List(directory);
    TIDELOG_CO_RETURN_IF_ERROR(names.status());
    const std::optional<ManifestName> newest = NewestManifest(*names);
    const std::optional<Manifest>& manifest = report->info.manifest;
    const bool changed = newest.has_value() && manifest.has_value() && *newest != manifest->name;
    if (!changed) co_return report;
  }
  co_return WalError(WalErrorCode::kUnavailable,
                     absl::StrCat("verify channel ", channel, ": it changed at each of ", kTries,
                                  " tries; try again when it is less busy"));
}

}  // namespace tidelog::impls::file
