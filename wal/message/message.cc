#include "wal/message/message.h"

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "wal/message/record_writer.h"
#include "wal/status.h"

namespace tidelog {

std::span<char> MutableMessage::mutable_payload() {
  return std::span<char>(MutablePayload(block_.get()), payload().size());
}

absl::StatusOr<ImmutableMessage> ImmutableMessage::Parse(MessageBlockRef block,
                                                         std::string_view bytes,
                                                         const MessageId& id) {
  const absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
  if (!record.ok()) {
    return WalErrorFrom(WalErrorCode::kCorrupt, absl::StrCat("read ", id.ToString()),
                        record.status());
  }
  return ImmutableMessage(std::move(block), *record, id);
}

ImmutableMessage ImmutableMessage::Transaction(std::vector<ImmutableMessage> members) {
  CHECK_GE(members.size(), 2u) << "a transaction has a begin and a commit";
  CHECK(members.front().type() == MessageType::kBeginTxn);
  CHECK(members.back().type() == MessageType::kCommitTxn);
  ImmutableMessage transaction = members.back();
  for (ImmutableMessage& member : members) member.time_tick_ = transaction.time_tick_;
  transaction.txn_ = std::make_shared<const std::vector<ImmutableMessage>>(std::move(members));
  return transaction;
}

MessageId ImmutableMessage::last_confirmed() const {
  if (record_.flags() & kLastConfirmedIsSelf) return id_;
  const std::string_view key = record_.last_confirmed_key();
  if (key.empty() || !id_.has_value()) return MessageId();
  return MessageId(id_.origin(), key);
}

std::span<const ImmutableMessage> ImmutableMessage::transaction() const {
  if (txn_ == nullptr) return {};
  return *txn_;
}

ImmutableMessage ImmutableMessage::WithTimeTick(TimeTick tick) const& {
  ImmutableMessage message = *this;
  return std::move(message).WithTimeTick(tick);
}

ImmutableMessage ImmutableMessage::WithTimeTick(TimeTick tick) && {
  time_tick_ = tick;
  return std::move(*this);
}

}  // namespace tidelog
