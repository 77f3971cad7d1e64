#include "sim/world/recorder.h"

#include <algorithm>

namespace tidelog::sim {

int64_t Recorder::AskTerm(int64_t term) {
  int64_t asked = term;
  if (term <= 0) asked = highest_term_ + term + 1;
  asked = std::max<int64_t>(asked, 1);
  highest_term_ = std::max(highest_term_, asked);
  return asked;
}

void Recorder::KeepPosition(const Position& position) {
  if (!position.last_confirmed.has_value()) return;
  WorldScope world;
  positions_.push_back(position);
}

const Position* Recorder::PositionAt(uint32_t index) const {
  if (positions_.empty()) return nullptr;
  return &positions_[positions_.size() - 1 - index % positions_.size()];
}

}  // namespace tidelog::sim
