// Messages: what callers append (MutableMessage) and what readers are given (ImmutableMessage).
//
//   MutableMessage::Builder builder(MessageType::kInsert);
//   builder.VChannel("orders_v1").Property("shop", "7");
//   absl::StatusOr<MutableMessage> message = std::move(builder).Build("payload");
//
// Both are handles to one reference-counted block that holds a Record (record.h): an append copies
// nothing.
#ifndef TIDELOG_WAL_MESSAGE_MESSAGE_H_
#define TIDELOG_WAL_MESSAGE_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/message/message_block.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/record_writer.h"
#include "wal/types.h"

namespace tidelog {

// Limits that hold for every backend; a backend's own may be lower (B4).
inline constexpr size_t kPayloadSizeMax = 1u << 30;
inline constexpr size_t kPropertyCountMax = 1024;
inline constexpr size_t kPropertyKeyMax = 1024;
inline constexpr size_t kPropertiesSizeMax = 16u << 20;  // Keys and values together.
inline constexpr size_t kVChannelNameMax = 1024;

// A message that is not in a log yet.  Move-only, the sole owner of its block.  Append() stamps it
// and consumes it, also when it fails: a retry makes a new one (B3).  Thread-compatible.
class MutableMessage {
 public:
  // Collects the parts, then makes the block once.  Copies what it is given; with few and short
  // properties nothing but the block is allocated.  Thread-compatible.
  class Builder {
   public:
    explicit Builder(MessageType type);
    Builder(Builder&&) noexcept = default;

    // At most once each, but for Property(): once a key.
    Builder& VChannel(std::string_view name);
    Builder& Property(std::string_view key, std::string_view value);
    Builder& Txn(const TxnContext& txn);            // Required on a CommitTxn and a RollbackTxn.
    Builder& TxnBodies(uint32_t count);             // Required on a CommitTxn, nowhere else (E3).
    Builder& BarrierTimeTick(TimeTick tick);        // The message's tick will be above it (D1).
    Builder& IdempotencyKey(std::string_view key);  // G4; not on a transaction's begin and bodies.

    // kInvalidArgument: a reserved key (it begins with "_"), an empty one, a key or part given
    // twice; a type that only readers or the log itself make (kTxn, kTimeTick); TxnBodies missing
    // or misplaced; Txn missing; a lease that is negative or not of whole milliseconds. kTooLarge:
    // a limit above.
    absl::StatusOr<MutableMessage> Build(std::string_view payload) &&;

    // As Build(), with room for `size` bytes of payload that the caller writes in place by
    // mutable_payload().
    absl::StatusOr<MutableMessage> BuildWithRoom(size_t size) &&;

   private:
    friend class MessageFactory;  // message_factory.h: the log's own types, reserved properties.
    struct PropertyPlace {        // In `bytes_`: the key, and behind it the value.
      size_t begin;
      size_t key_size;
      size_t value_size;
      bool by_the_builder;  // A reserved key, but not one that the caller chose.
    };
    using PropertyViews = absl::InlinedVector<PropertyView, 8>;

    void AddProperty(std::string_view key, std::string_view value, bool by_the_builder);
    void NoteRepeat(bool repeated, std::string_view part);
    absl::Status CheckParts(size_t payload_size) const;
    absl::Status CheckTxn() const;
    absl::StatusOr<PropertyViews> OrderedProperties() const;

    RecordParts parts_;               // Its views are filled in by BuildWithRoom().
    std::string_view repeated_part_;  // Empty: none was given twice.
    size_t vchannel_begin_ = 0;       // In `bytes_`.
    size_t vchannel_size_ = 0;
    bool has_vchannel_ = false;
    bool has_idempotency_key_ = false;
    bool of_the_log_ = false;  // Every type and key is allowed.
    absl::InlinedVector<PropertyPlace, 4> property_places_;
    absl::InlinedVector<char, 256> bytes_;  // The vchannel's name, keys and values, as given.
  };

  MutableMessage(MutableMessage&& other) noexcept = default;
  MutableMessage& operator=(MutableMessage&& other) noexcept = default;

  MessageType type() const { return view().type(); }
  std::string_view vchannel() const { return view().vchannel(); }
  std::string_view payload() const { return view().payload(); }
  std::span<char> mutable_payload();
  std::optional<std::string_view> Property(std::string_view key) const {
    return view().Property(key);
  }
  RecordView view() const { return RecordView::Trusted(block_->bytes()); }

  // What it occupies in memory and, before framing, in a file.
  size_t encoded_size() const { return view().size(); }

 private:
  friend class MessageFactory;
  friend class MessageStamper;  // message_stamper.h: the fields that the log fills in.
  explicit MutableMessage(MessageBlockRef block) : block_(std::move(block)) {}
  MessageBlockRef block_;
};

// A message of a log.  Cheap to copy; shared; never changed (B3).  Safe from any thread.
//
// Its id and effective tick are kept in the handle: a transaction's members are delivered with its
// commit's tick although their records hold their own.
class ImmutableMessage {
 public:
  ImmutableMessage() = default;  // Empty: only to be assigned to.

  // `block` keeps alive the bytes that `record` views.
  ImmutableMessage(MessageBlockRef block, RecordView record, const MessageId& id)
      : block_(std::move(block)), record_(record), id_(id), time_tick_(record.time_tick()) {}

  // A message of bytes that a backend has read; `block` keeps them alive.  kCorrupt: they are no
  // record; names `id` and the field that is wrong.
  static absl::StatusOr<ImmutableMessage> Parse(MessageBlockRef block, std::string_view bytes,
                                                const MessageId& id);

  // A transaction of the messages begin, bodies, commit, in that order.  It has the commit's id,
  // tick and last-confirmed, and its members have the commit's tick.
  static ImmutableMessage Transaction(std::vector<ImmutableMessage> members);

  bool has_value() const { return record_.data() != nullptr; }

  const MessageId& id() const { return id_; }
  TimeTick time_tick() const { return time_tick_; }
  Term term() const { return record_.term(); }
  MessageType type() const { return txn_ != nullptr ? MessageType::kTxn : record_.type(); }
  // From where a scan meets everything that comes after this message (D3).  No id: it is not
  // appended yet, or it was not written by a log that confirms.
  MessageId last_confirmed() const;
  // Store this to resume behind this message.  Of a transaction store its own, not a member's.
  Position position() const { return Position{last_confirmed(), time_tick_}; }

  // Of a transaction: its commit's.
  std::string_view payload() const { return record_.payload(); }
  std::string_view vchannel() const { return record_.vchannel(); }
  std::optional<std::string_view> Property(std::string_view key) const {
    return record_.Property(key);
  }
  const RecordView& record() const { return record_; }

  // Of an assembled transaction: begin, bodies, commit.  Else empty.
  std::span<const ImmutableMessage> transaction() const;

  // What it keeps in memory besides the handle: the block under it, which may be others' too.
  // Requires: no transaction.
  size_t memory_size() const { return block_ ? block_->memory_size() : 0; }

  // The same bytes under another id or effective tick; for the log and its readers.
  ImmutableMessage WithId(const MessageId& id) const& {
    ImmutableMessage message = *this;
    message.id_ = id;
    return message;
  }
  ImmutableMessage WithId(const MessageId& id) && {
    id_ = id;
    return std::move(*this);
  }
  ImmutableMessage WithTimeTick(TimeTick tick) const&;
  ImmutableMessage WithTimeTick(TimeTick tick) &&;

 private:
  friend class MessageStamper;
  MessageBlockRef block_;
  RecordView record_;
  MessageId id_;
  TimeTick time_tick_{};
  std::shared_ptr<const std::vector<ImmutableMessage>> txn_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_MESSAGE_H_
