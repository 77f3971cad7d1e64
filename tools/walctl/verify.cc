#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "impls/file/inspect.h"
#include "nlohmann/json.hpp"
#include "tools/walctl/file_log.h"
#include "tools/walctl/inspect_commands.h"
#include "tools/walctl/print.h"
#include "wal/io/posix_file_system.h"

namespace tidelog::walctl {
namespace {

using impls::file::Finding;
using impls::file::SegmentSummary;
using impls::file::Severity;
using impls::file::SeverityName;
using impls::file::VerifyReport;

std::string RangeText(const Finding& finding) {
  std::string text;
  if (finding.byte_end > finding.byte_begin) {
    text = absl::StrCat(" bytes [", finding.byte_begin, ", ", finding.byte_end, ")");
  }
  if (finding.first_id != 0) {
    absl::StrAppend(&text, " ids ", finding.first_id, " to ",
                    finding.last_id == 0 ? "the end" : absl::StrCat(finding.last_id));
  }
  return text;
}

void PrintText(const std::string& directory, const std::string& channel,
               const VerifyReport& report) {
  uint64_t records = 0;
  uint64_t groups = 0;
  uint64_t given_up = 0;
  for (const SegmentSummary& segment : report.segments) {
    records += segment.record_count;
    groups += segment.group_count;
    given_up += segment.given_up_count;
  }
  for (const Finding& finding : report.findings) {
    if (finding.severity == Severity::kOk) continue;
    absl::PrintF("%s: %s %s%s: %s\n", channel, SeverityName(finding.severity), finding.file,
                 RangeText(finding), finding.sentence);
  }
  const std::string gaps =
      given_up == 0 ? "" : absl::StrCat(", ", given_up, " ids given up by repairs");
  absl::PrintF("%s: %d segments, %d groups, %d records%s: %s\n", channel, report.segments.size(),
               groups, records, gaps, report.HasCorruption() ? "CORRUPT" : "fine");
  if (report.HasCorruption()) {
    absl::PrintF("%s: what can be kept, and how: walctl repair --dir %s --channel %s\n", channel,
                 directory, channel);
  }
}

void PrintJson(const std::string& channel, const VerifyReport& report) {
  nlohmann::ordered_json object;
  object["channel"] = channel;
  object["corrupt"] = report.HasCorruption();
  object["owner"] = report.info.owner.ToString();
  object["live"] = report.info.live;
  object["segments"] = nlohmann::ordered_json::array();
  for (const SegmentSummary& segment : report.segments) {
    nlohmann::ordered_json entry;
    entry["file"] = segment.listed.name.FileName();
    entry["sealed"] = segment.listed.seal.has_value();
    entry["base_id"] = segment.listed.base_id;
    entry["last_id"] = segment.last_id;
    entry["watermark"] = segment.watermark;
    entry["groups"] = segment.group_count;
    entry["records"] = segment.record_count;
    entry["given_up"] = segment.given_up_count;
    entry["payload_bytes"] = segment.payload_bytes;
    entry["end_offset"] = segment.end_offset;
    entry["file_size"] = segment.file_size;
    object["segments"].push_back(entry);
  }
  object["findings"] = nlohmann::ordered_json::array();
  for (const Finding& finding : report.findings) {
    nlohmann::ordered_json entry;
    entry["severity"] = std::string(SeverityName(finding.severity));
    entry["file"] = finding.file;
    entry["byte_begin"] = finding.byte_begin;
    entry["byte_end"] = finding.byte_end;
    entry["first_id"] = finding.first_id;
    entry["last_id"] = finding.last_id;
    entry["sentence"] = finding.sentence;
    object["findings"].push_back(entry);
  }
  absl::PrintF("%s\n", object.dump());
}

}  // namespace

ExitCode RunVerify(const LogFlags& flags) {
  absl::StatusOr<std::vector<std::string>> channels = FileLogChannels(flags);
  if (!channels.ok()) return Complain(channels.status());
  ExitCode code = ExitCode::kFine;
  impls::file::InspectOptions options;
  for (const std::string& channel : *channels) {
    absl::StatusOr<VerifyReport> report = RunOnFiles([&] {
      return impls::file::Verify(DefaultFileSystem(), flags.directory, channel, options);
    });
    if (!report.ok()) {
      code = Complain(report.status());
      continue;
    }
    if (flags.json) {
      PrintJson(channel, *report);
    } else {
      PrintText(flags.directory, channel, *report);
    }
    if (report->HasCorruption()) code = ExitCode::kCorrupt;
  }
  return code;
}

}  // namespace tidelog::walctl
