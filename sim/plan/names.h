// Names of the enums of a plan, both ways; for people and JSON.
#ifndef TIDELOG_SIM_PLAN_NAMES_H_
#define TIDELOG_SIM_PLAN_NAMES_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "sim/kernel/scheduler.h"
#include "sim/plan/fault.h"
#include "sim/plan/operation.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {

// The names of an enum's values, from 0.
std::span<const std::string_view> NamesOf(BackendKind);
std::span<const std::string_view> NamesOf(Mode);
std::span<const std::string_view> NamesOf(FaultClass);
std::span<const std::string_view> NamesOf(Site);
std::span<const std::string_view> NamesOf(OperationKind);
std::span<const std::string_view> NamesOf(ScanStart);
std::span<const std::string_view> NamesOf(ScanEnd);
std::span<const std::string_view> NamesOf(Misuse);
std::span<const std::string_view> NamesOf(SchedulerKind);

template <class E>
std::optional<E> FromName(std::string_view name) {
  const std::span<const std::string_view> names = NamesOf(E{});
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_NAMES_H_
