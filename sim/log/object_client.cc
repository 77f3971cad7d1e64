#include "sim/log/object_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/log/log_reader.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::sim {

Future<LogReply> ObjectClient::Get(std::string key, bool wait) {
  for (int attempt = 0;; ++attempt) {
    LogRequest request;
    request.op = LogOp::kGet;
    request.channel = channel_.name;
    request.key = key;
    request.wait = wait;
    LogReply reply = co_await connection_->Call(std::move(request));
    const bool known = reply.code == LogCode::kOk || reply.code == LogCode::kNotFound;
    if (known || reply.code == LogCode::kClosed) co_return reply;
    if (reply.code == LogCode::kTimeout && wait) {
      reply.code = LogCode::kNotFound;  // Not yet, as far as anybody knows.
      co_return reply;
    }
    co_await connection_->Pause(attempt);
  }
}

Future<absl::StatusOr<ObjectClient::Versioned>> ObjectClient::GetManifest() {
  std::string key = ManifestKey(channel_.name);
  LogReply reply = co_await Get(std::move(key), /*wait=*/false);
  if (reply.code == LogCode::kClosed) co_return ConnectionClosed("look at", channel_);
  if (reply.code == LogCode::kNotFound) {
    co_return WalError(WalErrorCode::kChannelNotExist,
                       absl::StrCat("look at ", ToString(channel_), ": there is no manifest"));
  }
  TIDELOG_CO_ASSIGN_OR_RETURN(Manifest manifest, Manifest::Parse(reply.text));
  co_return Versioned{std::move(manifest), reply.number};
}

Future<absl::StatusOr<ObjectClient::Versioned>> ObjectClient::Update(Edit edit,
                                                                     absl::Status refusal) {
  for (int attempt = 0;; ++attempt) {
    absl::StatusOr<Versioned> there = co_await GetManifest();
    TIDELOG_CO_RETURN_IF_ERROR(there.status());
    const Verdict verdict = edit(&there->manifest);
    if (verdict == Verdict::kDone) co_return there;
    if (verdict == Verdict::kRefuse) co_return refusal;
    LogRequest request;
    request.op = LogOp::kPut;
    request.channel = channel_.name;
    request.key = ManifestKey(channel_.name);
    request.version = there->version;
    request.writer = there->manifest.writer;
    request.text = there->manifest.Encode();
    const LogReply reply = co_await connection_->Call(std::move(request));
    if (reply.code == LogCode::kOk) {
      there->version = reply.number;
      co_return there;
    }
    if (reply.code == LogCode::kClosed) co_return ConnectionClosed("change", channel_);
    // Whatever it was, what is there now decides.
    if (reply.code != LogCode::kMismatch) co_await connection_->Pause(attempt);
  }
}

Future<uint64_t> ObjectClient::FilledTo(uint64_t ordinal, uint64_t slot) {
  LogRequest request;
  request.op = LogOp::kListKeys;
  request.channel = channel_.name;
  request.key = SlotPrefix(channel_.name, ordinal);
  const LogReply reply = co_await connection_->Call(std::move(request));
  // It only saves steps: any failure is an empty list.
  uint64_t end = slot;
  for (const std::string& key : reply.keys) {
    if (SlotOfKey(key) == end) ++end;
  }
  // A list does not tell a fence from a group.  Behind a fence lie no more than what its writer had
  // under way, and in front of it lie groups.
  const uint64_t behind = kUploadWindowMax + 1;
  co_return end - slot > behind ? end - behind : slot;
}

Future<absl::Status> ObjectClient::MakeManifest(Manifest manifest) {
  for (int attempt = 0;; ++attempt) {
    LogRequest request;
    request.op = LogOp::kPut;
    request.channel = channel_.name;
    request.key = ManifestKey(channel_.name);
    request.text = manifest.Encode();
    const LogReply reply = co_await connection_->Call(std::move(request));
    if (reply.code == LogCode::kOk || reply.code == LogCode::kMismatch) co_return absl::OkStatus();
    if (reply.code == LogCode::kClosed) co_return ConnectionClosed("create", channel_);
    co_await connection_->Pause(attempt);
  }
}

}  // namespace tidelog::sim
