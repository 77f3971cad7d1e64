#include "wal/types.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog {
namespace {

// Empty for a number without a name.  No default: the compiler asks for the name of a new type.
std::string_view NameOf(MessageType type) {
  switch (type) {
    case MessageType::kUnknown:
      return "Unknown";
    case MessageType::kTimeTick:
      return "TimeTick";
    case MessageType::kInsert:
      return "Insert";
    case MessageType::kDelete:
      return "Delete";
    case MessageType::kFlush:
      return "Flush";
    case MessageType::kCreateCollection:
      return "CreateCollection";
    case MessageType::kDropCollection:
      return "DropCollection";
    case MessageType::kCreatePartition:
      return "CreatePartition";
    case MessageType::kDropPartition:
      return "DropPartition";
    case MessageType::kManualFlush:
      return "ManualFlush";
    case MessageType::kCreateSegment:
      return "CreateSegment";
    case MessageType::kImport:
      return "Import";
    case MessageType::kSchemaChange:
      return "SchemaChange";
    case MessageType::kAlterCollection:
      return "AlterCollection";
    case MessageType::kFlushAll:
      return "FlushAll";
    case MessageType::kTruncateCollection:
      return "TruncateCollection";
    case MessageType::kCommitImport:
      return "CommitImport";
    case MessageType::kRollbackImport:
      return "RollbackImport";
    case MessageType::kAlterWal:
      return "AlterWAL";
    case MessageType::kAlterReplicateConfig:
      return "AlterReplicateConfig";
    case MessageType::kBeginTxn:
      return "BeginTxn";
    case MessageType::kCommitTxn:
      return "CommitTxn";
    case MessageType::kRollbackTxn:
      return "RollbackTxn";
    case MessageType::kTxn:
      return "Txn";
  }
  return "";
}

bool MayBeInChannelName(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

}  // namespace

std::string MessageTypeName(MessageType type) {
  const std::string_view name = NameOf(type);
  if (name.empty()) return absl::StrCat("Type", ToInt(type));
  return std::string(name);
}

std::string ToString(const PChannel& channel) {
  return absl::StrCat(channel.name, "@", ToInt(channel.term));
}

absl::Status ValidateChannelName(std::string_view name) {
  if (name.empty()) return WalError(WalErrorCode::kInvalidArgument, "the channel's name is empty");
  if (name.size() > kChannelNameMax) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("a channel's name of ", name.size(), " bytes: at most ",
                                 kChannelNameMax, " are allowed"));
  }
  if (name.front() == '.') {
    return WalError(
        WalErrorCode::kInvalidArgument,
        absl::StrCat("channel name \"", absl::CHexEscape(name), "\" begins with a dot"));
  }
  for (const char c : name) {
    if (MayBeInChannelName(c)) continue;
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("channel name \"", absl::CHexEscape(name), "\" holds \"",
                                 absl::CHexEscape(std::string_view(&c, 1)),
                                 "\": only A-Z a-z 0-9 . _ - are allowed"));
  }
  return absl::OkStatus();
}

absl::Status ValidateForWriting(const PChannel& channel) {
  TIDELOG_RETURN_IF_ERROR(ValidateChannelName(channel.name));
  if (channel.term < Term{1} || channel.term > kTermMax) {
    return WalError(
        WalErrorCode::kInvalidArgument,
        absl::StrCat("open ", ToString(channel), " for writing: a term is at least 1 and at most ",
                     ToInt(kTermMax)));
  }
  return absl::OkStatus();
}

}  // namespace tidelog
