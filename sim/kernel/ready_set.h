// ReadySet: what could run now, in the order in which it became so.
#ifndef TIDELOG_SIM_KERNEL_READY_SET_H_
#define TIDELOG_SIM_KERNEL_READY_SET_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/log/check.h"
#include "sim/kernel/arena.h"

namespace tidelog::sim {

class Process;

// Something that the kernel runs when a scheduler picks it: an executor's next job, or an event
// that is due.
struct Runnable {
  explicit Runnable(uint64_t n, Process* p) : number(n), process(p) {}

  uint64_t number;           // The same in every run of a record.
  Process* process;          // Whose; null: the world's.
  uint64_t priority = 0;     // For schedulers; 0: none drawn yet.
  uint64_t ready_since = 0;  // The step.
  bool ready = false;        // Is in the set.

 private:
  friend class ReadySet;
  size_t index_ = 0;
  Runnable* older_ = nullptr;
  Runnable* newer_ = nullptr;
};

// Every operation takes constant time.  Confined to one thread; owns nothing.
class ReadySet {
 public:
  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }

  // The one that has waited longest, and the next one after `item`; null if there is none.
  Runnable* oldest() const { return oldest_; }
  static Runnable* NewerThan(const Runnable* item) { return item->newer_; }

  // In no order that means anything, but the same in every run.
  Runnable* at(size_t index) const { return items_[index]; }

  // Requires: is not in.
  void Add(Runnable* item, uint64_t step) {
    DCHECK(!item->ready);
    item->ready = true;
    item->ready_since = step;
    item->index_ = items_.size();
    item->older_ = newest_;
    item->newer_ = nullptr;
    (newest_ == nullptr ? oldest_ : newest_->newer_) = item;
    newest_ = item;
    if (items_.size() == items_.capacity()) Grow();
    items_.push_back(item);
  }

  // Requires: is in.
  void Remove(Runnable* item) {
    DCHECK(item->ready);
    item->ready = false;
    (item->older_ == nullptr ? oldest_ : item->older_->newer_) = item->newer_;
    (item->newer_ == nullptr ? newest_ : item->newer_->older_) = item->older_;
    Runnable* last = items_.back();
    items_[item->index_] = last;
    last->index_ = item->index_;
    items_.pop_back();
  }

 private:
  // Code of a process adds as well.
  void Grow() {
    WorldScope world;
    items_.reserve(items_.capacity() * 2 + 16);
  }

  std::vector<Runnable*> items_;
  Runnable* oldest_ = nullptr;
  Runnable* newest_ = nullptr;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_READY_SET_H_
