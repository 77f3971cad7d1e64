// Entries: counts the calls that are inside a log, from the caller's thread on.
//
// A Gate is confined to an executor.  A call of a foreign thread has to get there first, and on its
// way nothing but this count tells Close() that the log is still needed.
#ifndef TIDELOG_ADAPTOR_ASYNC_ENTRIES_H_
#define TIDELOG_ADAPTOR_ASYNC_ENTRIES_H_

#include <atomic>
#include <cstdint>
#include <utility>

#include "wal/async/future.h"
#include "wal/async/signal.h"

namespace tidelog::adaptor {

// Entered from any thread, left on the executor of the log.
class Entries {
 public:
  class [[nodiscard]] Entry {
   public:
    explicit Entry(Entries* entries) : entries_(entries) {
      entries->count_.fetch_add(1, std::memory_order_relaxed);
    }
    Entry(Entry&& other) noexcept : entries_(std::exchange(other.entries_, nullptr)) {}
    Entry& operator=(Entry&&) = delete;
    ~Entry() { Leave(); }

    // Before its time; the log may be gone soon after the job at hand.
    void Leave() {
      if (entries_ != nullptr) std::exchange(entries_, nullptr)->Left();
    }

   private:
    Entries* entries_;
  };

  Entries() = default;
  Entries(const Entries&) = delete;
  Entries& operator=(const Entries&) = delete;

  int64_t count() const { return count_.load(std::memory_order_acquire); }

  // Ready when some entry has been left; look again then.
  Future<Unit> WhenLeft() { return left_.Wait(); }

 private:
  void Left() {
    count_.fetch_sub(1, std::memory_order_release);
    if (left_.count() > 0) left_.NotifyAll();
  }

  std::atomic<int64_t> count_{0};
  Signal left_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_ASYNC_ENTRIES_H_
