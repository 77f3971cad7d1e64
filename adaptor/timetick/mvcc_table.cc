#include "adaptor/timetick/mvcc_table.h"

#include <algorithm>

namespace tidelog::adaptor {

void MvccTable::OnMessage(std::string_view vchannel, TimeTick tick) {
  newest_ = std::max(newest_, tick);
  if (last_ != nullptr && last_->first == vchannel) {
    last_->second = std::max(last_->second, tick);
    return;
  }
  if (!vchannel.empty()) {
    auto found = ticks_.find(vchannel);
    if (found == ticks_.end() && ticks_.size() < kVChannelsMax) {
      found = ticks_.emplace(vchannel, TimeTick{0}).first;
    }
    if (found != ticks_.end()) {
      last_ = &*found;
      last_->second = std::max(last_->second, tick);
      return;
    }
  }
  shared_ = std::max(shared_, tick);
}

void MvccTable::OnTimeTick(TimeTick tick) {
  newest_ = std::max(newest_, tick);
  covered_ = std::max(covered_, tick);
  // Appends complete in order, so as a rule nothing newer is in the table.
  if (newest_ != covered_) return;
  ticks_.clear();
  last_ = nullptr;
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
