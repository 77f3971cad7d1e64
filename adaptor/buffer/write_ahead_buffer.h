// WriteAheadBuffer: the newest acknowledged records of a log that is open for writing, in memory,
// for its readers at the tail (F3).
//
//   std::optional<Place> place = buffer.PlaceBehind(last_read);
//   while (place && buffer.Holds(*place)) {
//     buffer.Read(&*place, 100, 4096, &messages);
//     if (messages.empty()) co_await buffer.WhenMore(&waiter);
//   }
#ifndef TIDELOG_ADAPTOR_BUFFER_WRITE_AHEAD_BUFFER_H_
#define TIDELOG_ADAPTOR_BUFFER_WRITE_AHEAD_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/async/intrusive_list.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// Confined to the channel's executor.  Shares the blocks of its records and copies none.
//
// INVARIANT: it holds every record that counts and lies between the last one that it evicted, or
// the boundary of its term, and the newest that was pushed.  What a log has there besides, a
// reader drops: barriers, and records of lower terms (A5, D6).
//
// The newest record is never evicted, however large or old it is: so a reader that has read
// everything always finds what comes next here, and each of its records comes from memory.
class WriteAheadBuffer {
 public:
  struct Limits {
    size_t bytes_max;        // Of what its records and their entries occupy.
    absl::Duration age_max;  // From Push() on.
  };
  // Which record comes next.  Stays what it is when records are evicted.
  using Place = uint64_t;

  // Waits for one reader.  Outlived by the buffer; not waiting when it is destroyed.
  class Waiter : public ListElement<Waiter> {
   private:
    friend class WriteAheadBuffer;
    std::optional<Promise<Unit>> promise_;
  };

  // What has happened, for people and for the simulator's probes.
  struct Counts {
    uint64_t batches = 0;      // Given to readers.
    uint64_t entered = 0;      // Readers came from the backend.
    uint64_t left_behind = 0;  // Readers went back to it, as their place was evicted.
  };

  // `boundary`: as WalImpls::boundary().
  WriteAheadBuffer(const Limits& limits, const std::optional<MessageId>& boundary);
  WriteAheadBuffer(const WriteAheadBuffer&) = delete;
  WriteAheadBuffer& operator=(const WriteAheadBuffer&) = delete;
  // Requires: nobody waits.
  ~WriteAheadBuffer();

  // The next record of the log, which was acknowledged at `id`, at the time `at`; wakes who waits.
  // Dropped if it is sealed.  Requires: pushed in the order of the log, without any left out.
  void Push(const ImmutableMessage& message, const MessageId& id, absl::Duration at);
  // Evicts what is too old.  Called now and then, also while nothing is pushed.
  void EvictOld(absl::Duration now);
  // Forgets everything, for good, and wakes who waits: readers go on from storage.  Called when
  // something may be stored that was never pushed: after a fence, or an append whose end is
  // unknown.  Idempotent.
  void Seal();

  // Where a reader begins that wants what lies behind `id`, or that and `id`.  None: not all of it
  // is here, or it is so old that the reader would soon be thrown out again.  `id` may be one that
  // is durable and not pushed yet: then the first records at the place may be such as the reader
  // has.
  std::optional<Place> PlaceBehind(const MessageId& id) const;
  std::optional<Place> PlaceAt(const MessageId& id) const;
  // False: what comes next there is not here any more.
  bool Holds(Place place) const { return !sealed_ && place >= first_; }
  // Adds what lies at `*place`, as far as the limits go but at least one record if there is any, to
  // `messages`, and moves `*place` behind it.  Requires: Holds(*place).
  void Read(Place* place, size_t count_max, size_t bytes_max,
            std::vector<ImmutableMessage>* messages);

  // Ready at the next Push() or Seal(), or after StopWaiting().  Requires: it does not wait.
  Future<Unit> WhenMore(Waiter* waiter);
  // No-op if it does not wait.
  void StopWaiting(Waiter* waiter);

  size_t size() const { return end_ - first_; }
  // Of all records and their entries.
  size_t bytes() const { return bytes_; }
  Place first() const { return first_; }
  Place end() const { return end_; }
  // Require: size() > 0.
  const ImmutableMessage& oldest() const { return At(first_).message; }
  const ImmutableMessage& newest() const { return At(end_ - 1).message; }
  Counts& counts() { return counts_; }
  const Counts& counts() const { return counts_; }

 private:
  struct Entry {
    // Made in its place: nothing is moved.
    Entry(const ImmutableMessage& from, const MessageId& id, absl::Duration pushed)
        : message(from.WithId(id)), at(pushed) {}
    ImmutableMessage message;
    absl::Duration at;
  };
  // Few allocations, and no growth that moves all entries at once.
  static constexpr size_t kChunkSize = 32;
  using Chunk = std::vector<Entry>;

  static size_t BytesOf(const Entry& entry);
  Chunk& ChunkOf(Place place) { return ring_[place / kChunkSize & (ring_.size() - 1)]; }
  Entry& At(Place place) { return ChunkOf(place)[place % kChunkSize]; }
  const Entry& At(Place place) const {
    return ring_[place / kChunkSize & (ring_.size() - 1)][place % kChunkSize];
  }
  void AddChunk();
  void EvictFirst();
  // Of the first record whose id is above `id`, or not below it.
  Place FirstAbove(const MessageId& id, bool or_equal) const;
  bool IsFarFromEviction(Place place) const;
  bool IsOfThisLog(const MessageId& id) const;
  void WakeAll();

  const Limits limits_;
  MessageId floor_;          // The last one that is not here; none: there is none below the first.
  std::vector<Chunk> ring_;  // By number of chunk; the size is a power of two.
  Chunk spare_;              // Memory for the next one.
  Place first_ = 0;
  Place end_ = 0;
  size_t bytes_ = 0;
  TimeTick newest_tick_{};
  bool sealed_ = false;
  IntrusiveList<Waiter> waiting_;
  Counts counts_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_BUFFER_WRITE_AHEAD_BUFFER_H_
