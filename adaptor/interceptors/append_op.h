// AppendOp: one append on its way down to the backend and back, as interceptors see it.
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_APPEND_OP_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_APPEND_OP_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "adaptor/async/intrusive_list.h"
#include "wal/message/message.h"
#include "wal/message/record.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

struct LockedTag;  // Those that hold the locks of interceptors/lock.

// One message, or a batch (C8), which passes each interceptor once, as a whole.  Confined to the
// channel's executor.
class AppendOp : public ListElement<AppendOp, LockedTag> {
 public:
  // Takes the messages.
  AppendOp(std::span<MutableMessage> messages, const AppendOptions& options)
      : wait_when_full_(options.wait_when_full) {
    slots_.reserve(messages.size());
    for (MutableMessage& message : messages) {
      bytes_ += message.encoded_size();
      in_transaction_ |= (message.view().flags() & kHasTxn) != 0;
      exclusive_ |= IsExclusive(message.type());
      keyed_ |= message.view().idempotency_key().has_value();
      slots_.emplace_back(std::move(message));
    }
  }
  AppendOp(const AppendOp&) = delete;
  AppendOp& operator=(const AppendOp&) = delete;

  // Constant, but for AnswerRepeats().
  size_t count() const { return slots_.size(); }
  size_t bytes() const { return bytes_; }  // Of all messages' encoded_size().
  bool wait_when_full() const { return wait_when_full_; }
  bool keyed() const { return keyed_; }  // Any of its messages has an idempotency key.
  bool in_transaction() const { return in_transaction_; }  // Any of its messages is.
  bool exclusive() const { return exclusive_; }            // It is one exclusive message (C8).

  // What is, or will be, stored.  The log's own fields are stamped behind the interceptors.
  RecordView record(size_t index) const {
    const Slot& slot = slots_[index];
    return slot.open ? slot.open->view() : slot.sealed.record();
  }

  // To be changed, or to have another put in its place; but not what the interceptors around have
  // acted on: type, VChannel, transaction and idempotency key.  The log aborts if one of them is
  // another behind the interceptors.  Requires: in Before().
  MutableMessage& message(size_t index) {
    Slot& slot = slots_[index];
    CHECK(slot.open.has_value()) << "a message cannot be changed behind Before()";
    if (slot.began_as == nullptr) NoteIdentity(slot);
    return *slot.open;
  }

  // Aborts with the channel's name if a message is not any more what it has to stay.  It costs
  // nothing if no message was to be changed.
  void CheckIdentities(const PChannel& channel) const {
    if (may_have_changed_) [[unlikely]] {
      CheckEachIdentity(channel);
    }
  }

  // Takes the messages out that were stored by earlier appends, with what those were told:
  // `results` has an element a message, none for those that stay.  Requires: in Before() or while
  // that waits, before any interceptor inside has seen it; called once.
  void AnswerRepeats(std::vector<std::optional<AppendResult>> results);

  // The outcome, known in After(): the first done_count() messages are stored, with these results;
  // of the next unknown_count() nobody knows (C2); the others are not, and status() says why.
  size_t done_count() const { return results_.size(); }
  const AppendResult& result(size_t index) const { return results_[index]; }
  size_t unknown_count() const { return unknown_count_; }
  const absl::Status& status() const { return status_; }

 private:
  friend class AppendRun;  // adaptor/append/append_run.h
  // What no interceptor changes.
  struct Identity {
    explicit Identity(const RecordView& record);
    friend bool operator==(const Identity&, const Identity&) = default;
    MessageType type;
    std::string vchannel;
    std::optional<TimeTick> txn;  // Its id.
    std::optional<std::string> idempotency_key;
  };
  struct Slot {
    explicit Slot(MutableMessage message) : open(std::move(message)) {}
    std::optional<MutableMessage> open;  // Until it is handed over, and again for a retry.
    ImmutableMessage sealed;
    std::unique_ptr<const Identity> began_as;  // Null: nobody asked for it to change it.
  };
  void NoteIdentity(Slot& slot);
  void CheckEachIdentity(const PChannel& channel) const;

  const bool wait_when_full_;
  bool in_transaction_ = false;
  bool exclusive_ = false;
  bool keyed_ = false;
  bool may_have_changed_ = false;  // Some message was asked for by message().
  size_t bytes_ = 0;
  size_t unknown_count_ = 0;
  absl::Status status_;
  absl::InlinedVector<Slot, 1> slots_;
  absl::InlinedVector<AppendResult, 1> results_;
  // Of AnswerRepeats(): an element for each message that this began with; none of them: empty.
  std::vector<std::optional<AppendResult>> repeats_;
};

inline void AppendOp::AnswerRepeats(std::vector<std::optional<AppendResult>> results) {
  CHECK(results.size() == slots_.size() && repeats_.empty());
  absl::InlinedVector<Slot, 1> left;
  bytes_ = 0;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (results[i]) continue;
    bytes_ += slots_[i].open->encoded_size();
    left.push_back(std::move(slots_[i]));
  }
  slots_ = std::move(left);
  repeats_ = std::move(results);
}

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_APPEND_OP_H_
