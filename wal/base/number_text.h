// Numbers as text, one form each: what Parse accepts is exactly what Format writes.
//
// Ids, positions and properties are compared as text by people and tools; a second form of the same
// number ("007", "+7", "1Y") would make equal things look different.
#ifndef TIDELOG_WAL_BASE_NUMBER_TEXT_H_
#define TIDELOG_WAL_BASE_NUMBER_TEXT_H_

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace tidelog {

// `number` in `base` (2 to 36), digits in lower case.
template <std::integral T>
std::string FormatNumber(T number, int base) {
  char text[72];
  const std::to_chars_result end = std::to_chars(text, text + sizeof(text), number, base);
  return std::string(text, end.ptr);
}

// The number that FormatNumber(number, base) turns into `text`; none if there is none in T.
template <std::integral T>
std::optional<T> ParseNumber(std::string_view text, int base) {
  T number = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data(), end, number, base);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  // Formatting again refuses what from_chars() lets pass: leading zeros, "-0", capitals.
  char again[72];
  const std::to_chars_result written = std::to_chars(again, again + sizeof(again), number, base);
  if (std::string_view(again, written.ptr - again) != text) return std::nullopt;
  return number;
}

}  // namespace tidelog

#endif  // TIDELOG_WAL_BASE_NUMBER_TEXT_H_
