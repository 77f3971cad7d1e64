// Lock: keeps what is exclusive apart from everything around it (E5).
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_LOCK_LOCK_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_LOCK_LOCK_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "adaptor/async/intrusive_list.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/interceptor.h"
#include "wal/async/future.h"

namespace tidelog::adaptor {

// An exclusive message takes the write lock of its VChannel, or of the log if it names none; all
// other appends take read locks, each of its VChannels and of the log.  A message without a
// VChannel belongs to every one, so it shares nothing with an exclusive message of any.  A lock is
// held from Before() to After(): through retries, until the backend has let go of the append.
//
// Fair: first come, first served among those that exclude each other; nobody waits for others.
//
// A read lock that nobody contends for allocates nothing.  While an exclusive message waits or
// holds, each append looks at it, and an exclusive one looks once at all that are in flight.
class Lock : public Interceptor {
 public:
  std::string_view name() const override { return "lock"; }
  Verdict Before(AppendOp& op) override {
    if (exclusives_.empty() && !op.exclusive()) [[likely]] {
      readers_.PushBack(op);
      return Verdict::Go();
    }
    return Enter(op);
  }
  void Withdraw(AppendOp& op) override;
  void After(const AppendOp& op) override {
    readers_.Remove(op);
    if (!exclusives_.empty()) [[unlikely]] {
      Leave(op);
    }
  }

  size_t reader_count() const { return readers_.size(); }
  size_t waiting_count() const;

 private:
  // One that is exclusive, or has to wait.
  struct Entry {
    AppendOp* op;
    uint64_t sequence;
    size_t blocker_count;                          // Those that came before and exclude it.
    std::optional<Promise<absl::Status>> promise;  // While it waits.
  };
  using Entries = std::list<Entry>;

  static bool Overlap(const AppendOp& a, const AppendOp& b);

  Verdict Enter(AppendOp& op);
  void Leave(const AppendOp& op);
  // `op`, which came as `sequence`, excludes nobody any more.
  void Unblock(const AppendOp& op, bool exclusive, uint64_t sequence);
  // Takes one off what `entry` waits for; true: it holds its lock now.
  static bool Grant(Entry& entry, const AppendOp& gone, uint64_t sequence);
  static Entries::iterator Find(Entries& entries, const AppendOp& op);

  uint64_t next_sequence_ = 1;
  IntrusiveList<AppendOp, LockedTag> readers_;  // Those that hold their locks.
  Entries exclusives_;                          // That hold or wait, as they came.
  Entries waiting_;                             // Not exclusive, as they came.
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_LOCK_LOCK_H_
