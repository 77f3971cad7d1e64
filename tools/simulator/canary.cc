#include "tools/simulator/canary.h"

#include <string_view>
#include <utility>
#include <variant>

#include "sim/check/events.h"
#include "sim/check/record.h"
#include "sim/check/registry.h"

namespace tidelog::simulator {
namespace {

using sim::check::Event;

// What the final scans read, less the record `id`.
void Forget(sim::check::Id id, sim::check::History* history) {
  for (Event& event : history->events) {
    if (auto* batch = std::get_if<sim::check::ScanBatch>(&event.what)) {
      std::erase_if(batch->records,
                    [id](const sim::check::Record& record) { return record.id == id; });
    }
  }
}

// Whether somebody was given it by itself, and not of a transaction.
bool IsReadByItself(sim::check::Id id, const sim::check::History& history) {
  for (const Event& event : history.events) {
    const auto* batch = std::get_if<sim::check::ScanBatch>(&event.what);
    if (batch == nullptr) continue;
    for (const sim::check::Record& record : batch->records) {
      if (record.id == id) return RoleOf(record.content) == sim::check::Role::kNone;
    }
  }
  return false;
}

}  // namespace

bool IsCanarySeed(uint64_t seed) {
  // Neighbours should not share the fate of a pattern in the plans.
  return ((seed * 0x9e3779b97f4a7c15) >> 32) % 100 == 0;
}

bool PlantLie(sim::check::History* history) {
  if (history->end.final_scans.empty()) return false;
  for (auto event = history->events.rbegin(); event != history->events.rend(); ++event) {
    const auto* append = std::get_if<sim::check::AppendReturn>(&event->what);
    if (append == nullptr || append->done.empty()) continue;
    if (append->done[0].tick <= history->end.mark) return false;
    if (!IsReadByItself(append->done[0].id, *history)) continue;
    Forget(append->done[0].id, history);
    return true;
  }
  return false;
}

void FlyCanary(sim::check::History history, sim::RunSummary* summary) {
  if (!PlantLie(&history)) return;
  summary->is_canary = true;
  const std::string_view checkers[] = {"durability"};
  summary->canary_noticed = !sim::check::Check(history, checkers).empty();
}

}  // namespace tidelog::simulator
