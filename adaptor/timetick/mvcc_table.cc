#include "adaptor/timetick/mvcc_table.h"

#include <algorithm>

namespace tidelog::adaptor {

void MvccTable::OnMessage(std::string_view vchannel, TimeTick tick) {
  newest_ = std::max(newest_, tick);
  if (!vchannel.empty()) {
    const auto found = ticks_.find(vchannel);
    if (found != ticks_.end()) {
      found->second = std::max(found->second, tick);
      return;
    }
    if (ticks_.size() < kVChannelsMax) {
      ticks_.emplace(vchannel, tick);
      return;
    }
  }
  shared_ = std::max(shared_, tick);
}

void MvccTable::OnTimeTick(TimeTick tick) {
  newest_ = std::max(newest_, tick);
  covered_ = std::max(covered_, tick);
  // Appends complete in order, so as a rule nothing newer is in the table.
  if (newest_ == covered_) ticks_.clear();
}

Mvcc MvccTable::Of(std::string_view vchannel) const {
  TimeTick tick = vchannel.empty() ? newest_ : std::max(covered_, shared_);
  if (!vchannel.empty()) {
    const auto found = ticks_.find(vchannel);
    if (found != ticks_.end()) tick = std::max(tick, found->second);
  }
  return Mvcc{tick, tick <= covered_};
}

}  // namespace tidelog::adaptor
