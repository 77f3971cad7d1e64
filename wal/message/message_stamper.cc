#include "wal/message/message_stamper.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "wal/message/message_block.h"
#include "wal/message/record_layout.h"

namespace tidelog {
namespace {

using record_layout::ExtensionOffset;
using record_layout::Store;

void StoreKey(char* at, std::string_view key) {
  std::memset(at, 0, MessageId::kKeyMax);
  if (!key.empty()) std::memcpy(at, key.data(), key.size());
}

}  // namespace

void MessageStamper::Stamp(MutableMessage& message, Term term, TimeTick tick,
                           const MessageId* last_confirmed) {
  char* const bytes = message.block_->bytes();
  const std::string_view key =
      last_confirmed == nullptr ? std::string_view() : last_confirmed->key();
  DCHECK(last_confirmed == nullptr || last_confirmed->has_value());
  uint16_t flags = message.view().flags() & ~kLastConfirmedIsSelf;
  if (last_confirmed == nullptr) flags |= kLastConfirmedIsSelf;
  Store<uint16_t>(bytes + offsetof(RecordHeader, flags), flags);
  Store<int64_t>(bytes + offsetof(RecordHeader, term), ToInt(term));
  Store<uint64_t>(bytes + offsetof(RecordHeader, time_tick), ToInt(tick));
  StoreKey(bytes + offsetof(RecordHeader, last_confirmed_key), key);
  Store<uint8_t>(bytes + offsetof(RecordHeader, last_confirmed_size),
                 static_cast<uint8_t>(key.size()));
  if (message.type() == MessageType::kBeginTxn && (flags & kHasTxn)) {
    Store<uint64_t>(bytes + ExtensionOffset(flags, kHasTxn), ToInt(tick));
  }
}

void MessageStamper::SetTxn(MutableMessage& message, const TxnContext& txn) {
  const uint16_t flags = message.view().flags();
  CHECK(flags & kHasTxn) << "the message is in no transaction";
  char* const at = message.block_->bytes() + ExtensionOffset(flags, kHasTxn);
  Store<uint64_t>(at, ToInt(txn.id));
  Store<int64_t>(at + 8, record_layout::KeepaliveToMs(txn.keepalive));
}

void MessageStamper::SetReplayStart(MutableMessage& message, const MessageId* replay_start) {
  const uint16_t flags = message.view().flags();
  CHECK(flags & kHasReplayStart) << "the message is no stored TimeTick";
  char* const at = message.block_->bytes() + ExtensionOffset(flags, kHasReplayStart);
  const std::string_view key = replay_start == nullptr ? std::string_view() : replay_start->key();
  Store<uint32_t>(at, static_cast<uint32_t>(key.size()));
  StoreKey(at + 4, key);
}

ImmutableMessage MessageStamper::Seal(MutableMessage&& message) {
  const RecordView record = message.view();
  return ImmutableMessage(std::move(message.block_), record, MessageId());
}

MutableMessage MessageStamper::Reopen(ImmutableMessage message) {
  CHECK(message.has_value() && message.txn_ == nullptr);
  const std::string_view record = message.record_.bytes();
  const bool is_whole_block = message.block_ && message.block_->bytes() == record.data();
  if (is_whole_block && message.block_.unique()) return MutableMessage(std::move(message.block_));
  return MutableMessage(MessageBlock::Copy(record));
}

}  // namespace tidelog
