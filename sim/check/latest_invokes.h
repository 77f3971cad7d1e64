// LatestInvokes: when the youngest of the records up to a tick was asked for.
#ifndef TIDELOG_SIM_CHECK_LATEST_INVOKES_H_
#define TIDELOG_SIM_CHECK_LATEST_INVOKES_H_

#include <algorithm>
#include <vector>

#include "sim/check/facts.h"
#include "sim/check/record.h"

namespace tidelog::sim::check {

// A value.  Who was told at event e that the log is settled up to a tick was told a lie if
// Upto(tick) is later than e.
class LatestInvokes {
 public:
  // Of all records, or of those of one term.
  explicit LatestInvokes(const Facts& facts, Term term = 0) {
    int latest = kNever;
    for (const int index : facts.by_tick()) {
      const Entry& entry = facts.log()[static_cast<size_t>(index)];
      const Message* message = facts.MessageOf(entry);
      if (message == nullptr || (term != 0 && entry.record->term != term)) continue;
      latest = std::max(latest, message->invoke);
      ticks_.push_back(entry.record->tick);
      latest_.push_back(latest);
    }
  }

  // kNever: there is no record at or below `tick`.
  int Upto(Tick tick) const {
    const auto above = std::upper_bound(ticks_.begin(), ticks_.end(), tick);
    if (above == ticks_.begin()) return kNever;
    return latest_[static_cast<size_t>(above - ticks_.begin()) - 1];
  }

 private:
  std::vector<Tick> ticks_;
  std::vector<int> latest_;
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_LATEST_INVOKES_H_
