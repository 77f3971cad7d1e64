// Counts of what code of a process has under way, in the memory of the world.  Of a process that
// is killed nobody counts down: the world begins again from zero with the next.
#ifndef TIDELOG_SIM_WORLD_NODE_ACTIVITY_H_
#define TIDELOG_SIM_WORLD_NODE_ACTIVITY_H_

#include "sim/world/node.h"
#include "sim/world/slot.h"

namespace tidelog::sim {

// A coroutine that the node must outlive.
class Node::Activity {
 public:
  explicit Activity(Slot* slot) : slot_(*slot) { ++slot_.activities; }
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;
  ~Activity() { --slot_.activities; }

 private:
  Slot& slot_;
};

// An operation that the world has counted when it gave it to the node.
class Node::Given {
 public:
  explicit Given(Slot* slot) : slot_(slot) {}
  Given(const Given&) = delete;
  Given& operator=(const Given&) = delete;
  ~Given() { Done(); }

  void Done() {
    if (slot_ != nullptr) --slot_->operations;
    slot_ = nullptr;
  }

 private:
  Slot* slot_;
};

// A call of the log.
class Node::UnderWay {
 public:
  UnderWay(Slot* slot, CallKind kind) : count_(slot->under_way[static_cast<size_t>(kind)]) {
    ++count_;
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() { --count_; }

 private:
  int32_t& count_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_NODE_ACTIVITY_H_
