// Turns: who comes next of the appends that wait for room at the rate of flow control (G5).
//
//   turns.Push({.op = &op, .bytes = op.bytes(), .promise = std::move(promise)});
//   while (there is room && !turns.empty()) Let(turns.Pop());
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_FLOW_TURNS_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_FLOW_TURNS_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "adaptor/interceptors/append_op.h"
#include "wal/async/future.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// Two lines, each first come, first served: of members of open transactions, and of everything
// else.  While both are there they share the rate by halves.  In one line a transaction would wait
// behind all that others have put there, and its lease would run out: it would be killed by what
// slows it down.  If its members always went first, everything else might wait for ever.
//
// Thread-compatible.
class Turns {
 public:
  struct Waiting {
    AppendOp* op = nullptr;
    size_t bytes = 0;
    std::optional<TimeTick>
        txn;  // Of a member: its transaction.  None unless op->in_transaction().
    Promise<absl::Status> promise;
    uint64_t end = 0;  // Of a member, among the bytes of all members that ever came: set by Push().
  };

  bool empty() const { return members_.empty() && others_.empty(); }
  size_t count() const { return members_.size() + others_.size(); }
  size_t bytes() const { return member_bytes_ + other_bytes_; }

  void Push(Waiting waiting);
  // The one whose turn is next; and takes it out.  Requires: not empty.
  const Waiting& next() const { return NextLine().front(); }
  Waiting Pop();
  // Takes `op` out; none: it does not wait.
  std::optional<Waiting> Remove(const AppendOp& op);

  // How many bytes of those that wait have their turn before a member, or before what is none, that
  // came now.
  size_t BytesAhead(bool is_member) const;
  // How many have it between the newest member of `txn` that waits and one that came now; none: no
  // member of it waits.
  std::optional<size_t> BytesBehind(TimeTick txn) const;

 private:
  using Line = std::list<Waiting>;
  struct Newest {
    size_t waiting_count = 0;
    uint64_t end = 0;
  };
  const Line& NextLine() const { return MembersAreNext() ? members_ : others_; }
  bool MembersAreNext() const {
    return others_.empty() || (!members_.empty() && members_ahead_ <= 0);
  }
  // How many bytes of the other line have their turn before `bytes` of members do.
  size_t OthersBefore(size_t bytes) const;
  Waiting TakeOut(Line* line, Line::iterator at);

  Line members_;
  Line others_;
  size_t member_bytes_ = 0;
  size_t other_bytes_ = 0;
  // By how much more members have had since both lines are there.
  int64_t members_ahead_ = 0;
  uint64_t entered_bytes_ = 0;  // Of all members that ever came.
  absl::btree_map<TimeTick, Newest> newest_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_FLOW_TURNS_H_
