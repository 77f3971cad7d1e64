#include "tools/walctl/repair.h"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "impls/file/channel_look.h"
#include "impls/file/inspect.h"
#include "impls/file/repair_apply.h"
#include "impls/file/repair_plan.h"
#include "impls/file/repair_text.h"
#include "nlohmann/json.hpp"
#include "tools/walctl/file_log.h"
#include "tools/walctl/print.h"
#include "wal/async/random_stream.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"
#include "wal/io/posix_file_system.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::walctl {
namespace {

using impls::file::DescribeRepair;
using impls::file::InspectOptions;
using impls::file::LostRange;
using impls::file::RepairOutcome;
using impls::file::RepairPlan;
using impls::file::RepairRequest;
using impls::file::SegmentAction;
using impls::file::SegmentActionName;
using impls::file::SegmentPlan;

// What was done, or would be, and how to go on.
struct Told {
  const RepairPlan* plan = nullptr;
  bool applied = false;
  std::string aside;
  std::string next;  // A command; empty: none is needed.
};

nlohmann::ordered_json SegmentJson(const SegmentPlan& segment) {
  nlohmann::ordered_json entry;
  entry["action"] = std::string(SegmentActionName(segment.action));
  entry["file"] = nullptr;
  if (segment.action != SegmentAction::kFill) entry["file"] = segment.listed.name.FileName();
  entry["first_id"] = segment.listed.base_id;
  entry["last_id"] = segment.last_id;
  entry["records"] = segment.record_count;
  entry["lost"] = nlohmann::ordered_json::array();
  for (const LostRange& lost : segment.lost) {
    nlohmann::ordered_json range;
    range["first_id"] = lost.first_id;
    range["last_id"] = lost.last_id;
    range["exact"] = !lost.at_most;
    range["file"] = segment.source;
    range["byte_begin"] = lost.byte_begin;
    range["byte_end"] = lost.byte_end;
    entry["lost"].push_back(range);
  }
  entry["reasons"] = segment.reasons;
  return entry;
}

void PrintJson(const Told& told) {
  const RepairPlan& plan = *told.plan;
  nlohmann::ordered_json object;
  object["channel"] = plan.info.channel;
  object["needed"] = plan.needed();
  object["applied"] = told.applied;
  object["owner"] = plan.info.owner.ToString();
  object["live"] = plan.info.live;
  object["problems"] = plan.problems;
  object["refusals"] = plan.refusals;
  object["segments"] = nlohmann::ordered_json::array();
  for (const SegmentPlan& segment : plan.segments) {
    object["segments"].push_back(SegmentJson(segment));
  }
  object["lost_ids"] = plan.LostCount();
  object["aside"] = plan.aside;
  object["aside_directory"] = told.aside;
  object["next"] = told.next;
  absl::PrintF("%s\n", object.dump());
}

void PrintText(const Told& told) {
  const RepairPlan& plan = *told.plan;
  const std::string& channel = plan.info.channel;
  if (!plan.needed()) {
    absl::PrintF("%s: nothing to repair\n", channel);
    return;
  }
  absl::PrintF("%s: owner %s%s\n", channel, plan.info.owner.ToString(),
               plan.info.live ? ", LIVE: it must be stopped, or fenced with --take-over" : "");
  for (const std::string& line : DescribeRepair(plan)) absl::PrintF("%s: %s\n", channel, line);
  if (told.applied) {
    absl::PrintF("%s: repaired; what was replaced is in %s\n", channel, told.aside);
  } else {
    absl::PrintF("%s: nothing was changed\n", channel);
  }
  if (!told.next.empty()) absl::PrintF("%s: next: %s\n", channel, told.next);
}

void Print(const Told& told, bool json) {
  if (json) {
    PrintJson(told);
  } else {
    PrintText(told);
  }
}

std::string CommandFor(const LogFlags& flags, std::string_view command, std::string_view options) {
  return absl::StrCat("walctl ", command, " --dir ", flags.directory, " --channel ", flags.channel,
                      options);
}

// What a user can have mistyped.
absl::Status Explain(const LogFlags& flags, absl::Status status) {
  if (GetWalErrorCode(status) != WalErrorCode::kChannelNotExist) return status;
  const absl::StatusOr<std::vector<std::string>> channels =
      RunOnFiles([&] { return impls::file::ListChannels(DefaultFileSystem(), flags.directory); });
  std::string why = " holds no log; --dir wants the directory that holds TIDELOG";
  if (channels.ok()) {
    why = absl::StrCat(" has no such channel; the channels there are: ",
                       absl::StrJoin(*channels, ", "));
  }
  return WalError(WalErrorCode::kChannelNotExist,
                  absl::StrCat("repair channel ", flags.channel, ": ", flags.directory, why));
}

ExitCode TellPlan(const LogFlags& log_flags, const RepairFlags& flags) {
  InspectOptions options;
  const absl::StatusOr<RepairPlan> plan = RunOnFiles([&] {
    return impls::file::PlanRepair(DefaultFileSystem(), log_flags.directory, log_flags.channel,
                                   options);
  });
  if (!plan.ok()) return Complain(Explain(log_flags, plan.status()));
  Told told;
  told.plan = &*plan;
  const bool possible = plan->needed() && plan->refusals.empty();
  std::string arguments = " --apply";
  if (flags.write.take_over) absl::StrAppend(&arguments, " --take-over");
  const bool number_lost =
      plan->term == impls::file::TermState::kUnreadable && !plan->log_number.has_value();
  if (number_lost) {
    absl::StrAppend(&arguments, " --log-of ", flags.log_of.empty() ? "POSITION" : flags.log_of);
  }
  if (possible) told.next = CommandFor(log_flags, "repair", arguments);
  Print(told, log_flags.json);
  return plan->needed() ? ExitCode::kCorrupt : ExitCode::kFine;
}

absl::StatusOr<std::optional<uint32_t>> LogNumber(const std::string& log_of, RandomStream* random) {
  if (log_of.empty()) return std::nullopt;
  if (log_of == "new") return static_cast<uint32_t>(random->Next() >> 32);
  TIDELOG_ASSIGN_OR_RETURN(const Position position, Position::Parse(log_of));
  if (position.last_confirmed.origin().kind == LogKind::kFile) {
    return position.last_confirmed.origin().log;
  }
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("--log-of ", log_of, ": that is no position of a file log"));
}

ExitCode Apply(const LogFlags& log_flags, const RepairFlags& flags) {
  RepairRequest request;
  request.files = DefaultFileSystem();
  request.dir = log_flags.directory;
  request.channel = log_flags.channel;
  request.term = Term{flags.write.term};
  request.take_over = flags.write.take_over;
  request.when =
      absl::FormatTime(absl::RFC3339_sec, DefaultRuntime()->WallNow(), absl::UTCTimeZone());
  request.random = DefaultRuntime()->MakeRandom("walctl repair");
  const absl::StatusOr<std::optional<uint32_t>> number = LogNumber(flags.log_of, &request.random);
  if (!number.ok()) return Complain(number.status());
  request.log_number = *number;
  const absl::StatusOr<RepairOutcome> outcome =
      RunOnFiles([&] { return impls::file::ApplyRepair(request); });
  if (!outcome.ok()) return Complain(Explain(log_flags, outcome.status()));
  Told told;
  told.plan = &outcome->plan;
  told.applied = outcome->plan.needed();
  if (told.applied) {
    told.aside = absl::StrCat(log_flags.directory, "/", log_flags.channel, "/", outcome->aside);
    told.next = CommandFor(log_flags, "verify", "");
  }
  Print(told, log_flags.json);
  return ExitCode::kFine;
}

}  // namespace

ExitCode RunRepair(const LogFlags& log_flags, const RepairFlags& flags) {
  const absl::Status checked = CheckFileLog(log_flags);
  if (!checked.ok()) return Complain(checked);
  return flags.apply ? Apply(log_flags, flags) : TellPlan(log_flags, flags);
}

}  // namespace tidelog::walctl
