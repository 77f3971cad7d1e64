#include "sim/world/words.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sim/kernel/trace.h"
#include "wal/message/record.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::sim {
namespace {

constexpr uint32_t kMagic = 0x744c6f67;
constexpr std::string_view kProperty = "n";

// What each payload begins with.
struct Label {
  uint32_t magic = kMagic;
  int32_t client = 0;
  int32_t number = 0;
};

// 0: none; -1: one that no client gave.
int32_t KeyOf(const RecordView& record) {
  const std::optional<std::string_view> key = record.idempotency_key();
  if (!key) return 0;
  int32_t number = -1;
  const bool is_known = absl::StartsWith(*key, "k") && absl::SimpleAtoi(key->substr(1), &number);
  return is_known ? number : -1;
}

void SetKey(MutableMessage::Builder* builder, uint32_t key) {
  if (key != 0) builder->IdempotencyKey(absl::StrCat("k", key));
}

check::Submission SubmissionOf(const RecordView& record) {
  check::Submission submission;
  const std::string_view payload = record.payload();
  Label label;
  if (payload.size() >= sizeof(label)) {
    std::memcpy(&label, payload.data(), sizeof(label));
    if (label.magic == kMagic) submission.payload = {label.client, label.number, 0};
  }
  const std::optional<std::string_view> property = record.Property(kProperty);
  uint64_t hash = HashBytes(payload);
  if (property) hash = hash * 31 + HashBytes(*property);
  submission.payload.hash = hash;
  submission.type = ToInt(record.type());
  if (submission.type == check::kTimeTickType) submission.payload = {};
  const std::optional<TxnContext> txn = record.txn();
  // On a begin it is the log that fills it in.
  if (txn && submission.type != check::kBeginType) submission.txn = ToInt(txn->id);
  submission.bodies = static_cast<int32_t>(record.txn_bodies().value_or(0));
  submission.key = KeyOf(record);
  const std::string_view vchannel = record.vchannel();
  if (vchannel.empty()) return submission;
  int32_t number = -1;
  const bool is_known =
      absl::StartsWith(vchannel, "v") && absl::SimpleAtoi(vchannel.substr(1), &number);
  submission.vchannel = is_known ? number : -1;
  return submission;
}

check::Nanos LeaseOf(const TxnContext& txn) {
  if (txn.keepalive == absl::InfiniteDuration()) return check::kForever;
  return absl::ToInt64Nanoseconds(txn.keepalive);
}

// A payload that names itself, behind what is built so far.
absl::StatusOr<MutableMessage> Finish(MutableMessage::Builder builder, size_t size, int32_t client,
                                      int32_t number) {
  if (number % 3 == 0) builder.Property(kProperty, absl::StrCat(number));
  absl::StatusOr<MutableMessage> message =
      std::move(builder).BuildWithRoom(std::max(sizeof(Label), size));
  if (!message.ok()) return message;
  const std::span<char> payload = message->mutable_payload();
  const Label label{kMagic, client, number};
  std::memset(payload.data(), 'a' + number % 26, payload.size());
  std::memcpy(payload.data(), &label, sizeof(label));
  return message;
}

}  // namespace

check::Code CodeOf(const absl::Status& status) {
  return static_cast<check::Code>(static_cast<int32_t>(GetWalErrorCode(status)));
}

check::Id IdOf(const MessageId& id) {
  if (!id.has_value()) return check::kNoId;
  const absl::StatusOr<uint64_t> number = id.ToNumber();
  CHECK_OK(number.status());
  return *number + 1;
}

check::Position PositionOf(const Position& position) {
  return {IdOf(position.last_confirmed), ToInt(position.time_tick)};
}

std::optional<check::Position> PositionOf(const std::optional<Position>& position) {
  if (!position) return std::nullopt;
  return PositionOf(*position);
}

check::Acknowledgement AcknowledgementOf(const AppendResult& result) {
  return {IdOf(result.id),      ToInt(result.time_tick), IdOf(result.last_confirmed),
          ToInt(result.txn.id), LeaseOf(result.txn),     result.duplicate};
}

check::Record RecordOf(const ImmutableMessage& message) {
  check::Record record;
  record.id = IdOf(message.id());
  record.tick = ToInt(message.time_tick());
  record.term = ToInt(message.term());
  record.last_confirmed = IdOf(message.last_confirmed());
  record.content = SubmissionOf(message.record());
  if (record.content.type == check::kBeginType) {
    record.lease = LeaseOf(message.record().txn().value_or(TxnContext()));
  }
  for (const ImmutableMessage& member : message.transaction()) {
    check::Record& told = record.members.emplace_back(RecordOf(member));
    told.stored_tick = ToInt(member.record().time_tick());
  }
  return record;
}

check::ScanBatch BatchOf(const ScanBatch& batch) {
  check::ScanBatch told;
  told.records.reserve(batch.messages.size());
  for (const ImmutableMessage& message : batch.messages) told.records.push_back(RecordOf(message));
  told.complete_through = ToInt(batch.complete_through);
  told.complete_is_stored = batch.complete_is_stored;
  told.resume = PositionOf(batch.resume);
  if (batch.gap) told.gap = check::IdRange{IdOf(batch.gap->first), IdOf(batch.gap->last)};
  told.end = batch.end;
  return told;
}

std::string VChannelName(uint32_t vchannel) {
  return vchannel == 0 ? std::string() : absl::StrCat("v", vchannel);
}

absl::StatusOr<MutableMessage> MakeMessage(const Operation& append, int32_t client, int32_t number,
                                           size_t size_min, bool far_barrier) {
  MutableMessage::Builder builder(static_cast<MessageType>(append.type));
  const std::string vchannel = VChannelName(append.vchannel);
  if (!vchannel.empty()) builder.VChannel(vchannel);
  SetKey(&builder, append.key);
  if (far_barrier) builder.BarrierTimeTick(MakeTimeTick(uint64_t{1} << 44, 0));
  return Finish(std::move(builder), std::max(size_t{append.bytes}, size_min), client, number);
}

absl::StatusOr<MutableMessage> MakeTxnMessage(const Operation& append, const TxnPart& part,
                                              int32_t client, int32_t number) {
  MutableMessage::Builder builder(static_cast<MessageType>(append.type));
  const std::string vchannel = VChannelName(append.vchannel);
  if (!vchannel.empty()) builder.VChannel(vchannel);
  const bool asks_for_default = ToInt(part.txn.id) == 0 && part.txn.keepalive == absl::Duration();
  if (!asks_for_default) builder.Txn(part.txn);
  SetKey(&builder, append.key);
  if (part.bodies) builder.TxnBodies(*part.bodies);
  return Finish(std::move(builder), append.bytes, client, number);
}

check::Submission SubmissionOf(const MutableMessage& message) {
  return SubmissionOf(message.view());
}

AppendOptions AppendOptionsOf(const Operation& operation) {
  AppendOptions options;
  if (operation.timeout_ns != 0) options.timeout = absl::Nanoseconds(operation.timeout_ns);
  options.wait_when_full = operation.wait_when_full;
  return options;
}

BatchResult AsBatch(absl::StatusOr<AppendResult> result) {
  BatchResult batch;
  if (result.ok()) {
    batch.done.push_back(*std::move(result));
  } else {
    batch.unknown = check::LeavesUnknown(CodeOf(result.status())) ? 1 : 0;
    batch.rest = result.status();
  }
  return batch;
}

}  // namespace tidelog::sim
