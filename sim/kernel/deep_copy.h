// DeepCopy: a copy that shares no memory with what it is made from.
//
// Values that cross the border between a process and the world are copied so, under the scope of
// whoever keeps the copy.  A plain copy will not do for types that count references, such as
// absl::Status: when the process dies, the world's copy would lie in memory that is gone, or the
// process's share of the world's would never be given back.
//
// A type of another namespace joins by a DeepCopy() of its own there.
#ifndef TIDELOG_SIM_KERNEL_DEEP_COPY_H_
#define TIDELOG_SIM_KERNEL_DEEP_COPY_H_

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidelog::sim {

// Integers, enums, and structs of them.
template <class T>
requires std::is_trivially_copyable_v<T> T DeepCopy(const T& value) { return value; }

std::string DeepCopy(const std::string& value);
absl::Status DeepCopy(const absl::Status& value);

template <class T>
std::vector<T> DeepCopy(const std::vector<T>& values);
template <class T>
requires(!std::is_trivially_copyable_v<std::optional<T>>) std::optional<T> DeepCopy(
    const std::optional<T>& value);
template <class A, class B>
requires(!std::is_trivially_copyable_v<std::pair<A, B>>) std::pair<A, B> DeepCopy(
    const std::pair<A, B>& value);

template <class T>
absl::StatusOr<T> DeepCopy(const absl::StatusOr<T>& value) {
  if (!value.ok()) return DeepCopy(value.status());
  return DeepCopy(*value);
}

template <class T>
std::vector<T> DeepCopy(const std::vector<T>& values) {
  std::vector<T> copy;
  copy.reserve(values.size());
  for (const T& value : values) copy.push_back(DeepCopy(value));
  return copy;
}

template <class T>
requires(!std::is_trivially_copyable_v<std::optional<T>>) std::optional<T> DeepCopy(
    const std::optional<T>& value) {
  if (!value.has_value()) return std::nullopt;
  return DeepCopy(*value);
}

template <class A, class B>
requires(!std::is_trivially_copyable_v<std::pair<A, B>>) std::pair<A, B> DeepCopy(
    const std::pair<A, B>& value) {
  A first = DeepCopy(value.first);
  B second = DeepCopy(value.second);
  return {std::move(first), std::move(second)};
}

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_DEEP_COPY_H_
