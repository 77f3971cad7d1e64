#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "impls/file/inspect.h"
#include "nlohmann/json.hpp"
#include "tools/walctl/file_log.h"
#include "tools/walctl/inspect_commands.h"
#include "tools/walctl/print.h"
#include "wal/io/posix_file_system.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog::walctl {
namespace {

using impls::file::DumpItem;
using impls::file::FrameType;
using Json = nlohmann::ordered_json;

constexpr size_t kPreviewMax = 48;

std::string_view FrameTypeName(FrameType type) {
  switch (type) {
    case FrameType::kRecord:
      return "record";
    case FrameType::kCommit:
      return "commit";
    case FrameType::kIndex:
      return "index";
    case FrameType::kGap:
      return "gap";
  }
  return "unknown";
}

void DescribeRecord(std::string_view payload, Json* object) {
  const absl::StatusOr<RecordView> record = RecordView::Parse(payload);
  if (!record.ok()) {
    (*object)["bad_record"] = std::string(record.status().message());
    return;
  }
  (*object)["type_name"] = MessageTypeName(record->type());
  (*object)["term"] = ToInt(record->term());
  (*object)["time_tick"] = ToInt(record->time_tick());
  if (!record->vchannel().empty()) (*object)["vchannel"] = absl::CEscape(record->vchannel());
  (*object)["payload_size"] = record->payload().size();
  (*object)["payload_start"] = absl::CEscape(record->payload().substr(0, kPreviewMax));
}

Json Describe(const DumpItem& item) {
  Json object;
  object["file"] = item.file;
  if (item.header != nullptr) {
    object["frame"] = "header";
    object["channel"] = item.header->channel;
    object["base_id"] = item.header->base_id;
    object["capacity"] = item.header->capacity;
  }
  if (item.frame != nullptr) {
    object["offset"] = item.frame->offset;
    object["frame"] = std::string(FrameTypeName(item.frame->type));
    object["size"] = item.frame->size();
    object["id"] = item.frame->id;
    object["crc"] = absl::StrFormat("%08x", item.frame->crc);
    if (item.frame->type == FrameType::kRecord) DescribeRecord(item.frame->payload, &object);
  }
  if (item.commit != nullptr) {
    object["first_id"] = item.commit->first_id;
    object["last_id"] = item.commit->last_id;
    object["watermark"] = item.commit->watermark;
    object["last_tick"] = item.commit->last_tick;
    object["newest_time_tick_id"] = item.commit->newest_time_tick_id;
    object["chain"] = absl::StrFormat("%08x", item.commit->chain);
  }
  if (item.damage != nullptr) {
    object["frame"] = "damage";
    object["severity"] = std::string(SeverityName(item.damage->severity));
    object["offset"] = item.damage->byte_begin;
    object["end"] = item.damage->byte_end;
    object["sentence"] = item.damage->sentence;
  }
  return object;
}

// The same as "key=value" words.
std::string AsText(const Json& object) {
  std::string text;
  for (const auto& [key, value] : object.items()) {
    absl::StrAppend(&text, text.empty() ? "" : " ", key, "=",
                    value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

}  // namespace

ExitCode RunDump(const LogFlags& flags, const DumpFlags& dump) {
  absl::StatusOr<std::vector<std::string>> channels = FileLogChannels(flags);
  if (!channels.ok()) return Complain(channels.status());
  uint64_t left = dump.limit.value_or(UINT64_MAX);
  for (const std::string& channel : *channels) {
    const auto print = [&](const DumpItem& item) {
      if (left == 0) return false;
      --left;
      const Json object = Describe(item);
      const std::string line = flags.json ? object.dump() : AsText(object);
      absl::PrintF("%s\n", line);
      return std::ferror(stdout) == 0;
    };
    const absl::Status status = RunOnFiles([&] {
      return impls::file::Dump(DefaultFileSystem(), flags.directory, channel,
                               impls::file::InspectOptions{}, print);
    });
    if (!status.ok()) return Complain(status);
  }
  return ExitCode::kFine;
}

}  // namespace tidelog::walctl
