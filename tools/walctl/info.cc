#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "tools/walctl/inspect_commands.h"
#include "tools/walctl/print.h"
#include "wal/async/future.h"
#include "wal/wal.h"

namespace tidelog::walctl {
namespace {

std::string PositionText(const std::optional<Position>& position) {
  return position.has_value() ? position->ToString() : "-";
}

std::string_view HolderText(LogInfo::Holder holder) {
  switch (holder) {
    case LogInfo::Holder::kNone:
      return "none";
    case LogInfo::Holder::kLive:
      return "live";
    case LogInfo::Holder::kUnknown:
      break;
  }
  return "unknown";
}

void PrintText(const std::string& channel, const LogInfo& info) {
  absl::PrintF("channel      %s\n", channel);
  absl::PrintF("term         %d\n", ToInt(info.newest_term));
  absl::PrintF("holder       %s\n", HolderText(info.holder));
  absl::PrintF("oldest       %s\n", PositionText(info.oldest));
  absl::PrintF("tail         %s\n", PositionText(info.tail));
  absl::PrintF("newest tick  %d\n", ToInt(info.newest_tick));
  for (const auto& [key, value] : info.details) absl::PrintF("%-12s %s\n", key, value);
}

void PrintJson(const std::string& channel, const LogInfo& info) {
  nlohmann::ordered_json object;
  object["channel"] = channel;
  object["term"] = ToInt(info.newest_term);
  object["holder"] = std::string(HolderText(info.holder));
  object["oldest"] = nullptr;
  object["tail"] = nullptr;
  if (info.oldest.has_value()) object["oldest"] = info.oldest->ToString();
  if (info.tail.has_value()) object["tail"] = info.tail->ToString();
  object["newest_tick"] = ToInt(info.newest_tick);
  object["details"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : info.details) object["details"][key] = value;
  absl::PrintF("%s\n", object.dump());
}

absl::Status PrintInfo(const LogFlags& all_flags, const std::string& channel) {
  LogFlags flags = all_flags;
  flags.channel = channel;
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(flags);
  if (!session.ok()) return session.status();
  absl::StatusOr<RoWal*> log = (*session)->OpenForReading();
  if (!log.ok()) return log.status();
  absl::StatusOr<LogInfo> info = Blocking((*log)->executor(), [&] { return (*log)->Info(); });
  if (!info.ok()) return info.status();
  if (flags.json) {
    PrintJson(channel, *info);
  } else {
    PrintText(channel, *info);
  }
  return (*session)->Close();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ChannelsToShow(const LogFlags& flags) {
  if (!flags.channel.empty()) return std::vector<std::string>{flags.channel};
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(flags);
  if (!session.ok()) return session.status();
  return (*session)->Channels();
}

ExitCode RunInfo(const LogFlags& flags) {
  absl::StatusOr<std::vector<std::string>> channels = ChannelsToShow(flags);
  if (!channels.ok()) return Complain(channels.status());
  ExitCode code = ExitCode::kFine;
  bool first = true;
  for (const std::string& channel : *channels) {
    if (!std::exchange(first, false) && !flags.json) std::fputc('\n', stdout);
    absl::Status status = PrintInfo(flags, channel);
    if (!status.ok()) code = Complain(status);
  }
  return code;
}

}  // namespace tidelog::walctl
