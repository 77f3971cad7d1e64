#include "sim/trial/seed_range.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

std::optional<uint64_t> ParseSeed(std::string_view text) {
  const bool is_digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  uint64_t seed = 0;
  if (!is_digits || !absl::SimpleAtoi(text, &seed) || seed == UINT64_MAX) return std::nullopt;
  return seed;
}

}  // namespace

absl::StatusOr<SeedRange> ParseSeedRange(std::string_view text) {
  const size_t dots = text.find("..");
  const std::optional<uint64_t> first = ParseSeed(text.substr(0, dots));
  const std::optional<uint64_t> last =
      dots == std::string_view::npos ? first : ParseSeed(text.substr(dots + 2));
  if (!first.has_value() || !last.has_value()) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("\"", text,
                                 "\" is no range of seeds: write FIRST..LAST, as in "
                                 "1..1000"));
  }
  if (*first > *last) {
    return WalError(
        WalErrorCode::kInvalidArgument,
        absl::StrCat("the range of seeds ", text, " is empty: write the smaller first"));
  }
  return SeedRange{*first, *last};
}

}  // namespace tidelog::sim
