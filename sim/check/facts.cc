#include "sim/check/facts.h"

#include <algorithm>

#include "sim/check/facts_builder.h"

namespace tidelog::sim::check {
namespace {

uint64_t KeyOf(const Payload& payload) {
  return uint64_t{static_cast<uint32_t>(payload.client)} << 32 |
         static_cast<uint32_t>(payload.number);
}

}  // namespace

Facts::Facts(const History* history) : history_(*history) { FactsBuilder(this).Build(); }

const ProcessLife* Facts::life(int32_t process) const {
  const auto found = lives_.find(process);
  return found == lives_.end() ? nullptr : &found->second;
}

const Message* Facts::MessageOf(const Entry& entry) const {
  return entry.message < 0 ? nullptr : &messages_[static_cast<size_t>(entry.message)];
}

int Facts::FindMessage(const Payload& payload) const {
  const auto found = message_index_.find(KeyOf(payload));
  return found == message_index_.end() ? -1 : found->second;
}

void Facts::AddMessage(const Message& message) {
  message_index_.try_emplace(KeyOf(message.content->payload), static_cast<int>(messages_.size()));
  messages_.push_back(message);
}

size_t Facts::RankAbove(Tick tick) const {
  const auto above = std::upper_bound(
      by_tick_.begin(), by_tick_.end(), tick,
      [this](Tick t, int index) { return t < log_[static_cast<size_t>(index)].record->tick; });
  return static_cast<size_t>(above - by_tick_.begin());
}

const Entry* Facts::FindTick(Tick tick) const {
  const size_t above = RankAbove(tick);
  if (above == 0) return nullptr;
  const Entry& entry = at_tick_rank(above - 1);
  return entry.record->tick == tick ? &entry : nullptr;
}

const Entry* Facts::FindId(Id id) const {
  const auto found = std::lower_bound(
      log_.begin(), log_.end(), id, [](const Entry& entry, Id i) { return entry.record->id < i; });
  return found != log_.end() && found->record->id == id ? &*found : nullptr;
}

Tick Facts::MarkAt(const Marks& marks, int event) {
  const auto after =
      std::upper_bound(marks.begin(), marks.end(), event,
                       [](int e, const std::pair<int, Tick>& mark) { return e < mark.first; });
  return after == marks.begin() ? 0 : (after - 1)->second;
}

}  // namespace tidelog::sim::check
