// Store: what the memory backend writes to, in place of a disk.  It outlives the openers and logs
// that use it, so a log survives close and re-open within the process.
#ifndef TIDELOG_IMPLS_MEMORY_STORE_H_
#define TIDELOG_IMPLS_MEMORY_STORE_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"
#include "walimpls/wal.h"

namespace tidelog::impls::memory {

// One channel: records numbered from 1 without gaps, and who may append.
//
// Safe from any thread, for several owners and readers may be open at once, each on an executor of
// its own: this is where an old owner and a new one meet.  Outlives them.
class StoredLog {
 public:
  // Which open of the log for writing, from 1; never used twice.
  using Owner = uint64_t;

  // Of one reader; confined to the reader's executor but for what StoredLog does with it.
  class Waiter {
   private:
    friend class StoredLog;
    std::optional<Promise<Unit>> promise_;
  };

  struct State {
    uint64_t first = 1;                 // Number of the oldest record kept.
    uint64_t next = 1;                  // Of the next one appended.
    size_t bytes = 0;                   // Of all records kept.
    ImmutableMessage newest;            // Without its id.  No value: nothing was ever appended.
    ImmutableMessage newest_time_tick;  // As above.
    uint64_t newest_time_tick_number = 0;
    std::optional<Position> truncated;  // The mark.
    Term term{};                        // The highest one that opened it.
    bool held = false;                  // Its owner has not closed it.
  };

  // `bytes_max`: see Store; outlives this.
  StoredLog(std::string_view name, uint32_t log, const std::atomic<size_t>* bytes_max)
      : name_(name), log_(log), bytes_max_(bytes_max) {}

  // Makes the caller the owner and fences every other one.  kUnmatchedTerm: `term` is not above the
  // highest, and the last close of that was not clean, or another open has used the mark up (A2).
  absl::StatusOr<Owner> Claim(Term term);

  // OK if `owner` is still the owner, else kChannelFenced, naming the term that is; `what` was
  // attempted: "append to".
  absl::Status CheckOwner(Owner owner, std::string_view what) const;

  // The owner closes; no-op if it no longer is.  `clean`: leaves the mark.
  void Release(Owner owner, bool clean);

  // Stores the group behind what is there and yields the number of its first record.  The messages
  // are moved out of `group`; on an error they are left alone, and nothing is stored.
  // kChannelFenced; kResourceExhausted: above bytes_max.
  absl::StatusOr<uint64_t> Append(Owner owner, walimpls::Group* group);

  // Drops the records below `number` and remembers `mark`, unless the present mark is as high.
  // kChannelFenced.  Requires: a record of `number` or above was stored.
  absl::Status Truncate(Owner owner, uint64_t number, const Position& mark);

  // Copies records from number `from` to `to`, at most `count_max` and of at most `bytes_max` bytes
  // together but at least one, with ids of `origin`.  False: `from` was truncated away.
  struct ReadLimits {
    uint64_t to = 0;
    size_t count_max = 0;
    size_t bytes_max = 0;
  };
  bool Read(uint64_t from, const ReadLimits& limits, const MessageId::Origin& origin,
            std::vector<ImmutableMessage>* into) const;

  // Ready once `from` can be read or was truncated away, and after StopWaiting().  Requires:
  // `waiter` does not wait already; it lives until the future is ready.
  Future<Unit> WhenReadable(uint64_t from, Waiter* waiter);
  void StopWaiting(Waiter* waiter);

  State state() const;
  const std::string& name() const { return name_; }
  MessageId::Origin OriginOf(uint32_t epoch) const {
    return MessageId::Origin{LogKind::kMemory, log_, epoch};
  }

 private:
  absl::Status CheckOwnerLocked(Owner owner, std::string_view what) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void WakeAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string name_;
  const uint32_t log_;
  const std::atomic<size_t>* const bytes_max_;
  mutable absl::Mutex mutex_;
  // INVARIANT: records_[i] has number state_.first + i; state_.next is behind the last one.
  std::deque<ImmutableMessage> records_ ABSL_GUARDED_BY(mutex_);
  State state_ ABSL_GUARDED_BY(mutex_);
  Owner owner_ ABSL_GUARDED_BY(mutex_) = 0;
  bool clean_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Waiter*> waiters_ ABSL_GUARDED_BY(mutex_);
};

// All channels.  Safe from any thread.
class Store {
 public:
  // The process's store of that name, made at the first call.  It lives, with all that is in it, as
  // long as the program.
  static std::shared_ptr<Store> Named(std::string_view name);

  // The log of a channel, made if it is missing.  `runtime` numbers it (MessageId::Origin::log).
  std::shared_ptr<StoredLog> FindOrMake(std::string_view channel, Runtime* runtime);
  // Null if it is missing.
  std::shared_ptr<StoredLog> Find(std::string_view channel) const;
  // Sorted.
  std::vector<std::string> Channels() const;

  // How many bytes of records each log may keep; 0: any number.  Lowering it drops nothing.
  void SetBytesMax(size_t bytes_max) { bytes_max_.store(bytes_max, std::memory_order_relaxed); }

 private:
  std::atomic<size_t> bytes_max_{0};
  mutable absl::Mutex mutex_;
  absl::btree_map<std::string, std::shared_ptr<StoredLog>, std::less<>> logs_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tidelog::impls::memory

#endif  // TIDELOG_IMPLS_MEMORY_STORE_H_
