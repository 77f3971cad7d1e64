#include "sim/log/manifest.h"

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

constexpr size_t kFields = 6;
constexpr size_t kPrefixFields = 5;

}  // namespace

std::string Manifest::Encode() const {
  std::string text = absl::StrCat(log, " ", ToInt(term), " ", writer, " ", closed_cleanly ? 1 : 0,
                                  " ", mark_tick, " ", mark);
  for (const Prefix& prefix : prefixes) {
    absl::StrAppend(&text, " ", prefix.ordinal, " ", prefix.writer, " ", prefix.first_slot, " ",
                    prefix.ended ? 1 : 0, " ", prefix.end);
  }
  return text;
}

absl::StatusOr<Manifest> Manifest::Parse(std::string_view text) {
  const std::vector<std::string_view> words = absl::StrSplit(text, ' ');
  std::vector<uint64_t> numbers(words.size(), 0);
  bool good = words.size() >= kFields && (words.size() - kFields) % kPrefixFields == 0;
  for (size_t i = 0; good && i < words.size(); ++i) {
    good = i == kFields - 1 || absl::SimpleAtoi(words[i], &numbers[i]);
  }
  if (!good) {
    return WalError(WalErrorCode::kCorrupt, absl::StrCat("a manifest that is none: ", text));
  }
  Manifest manifest;
  manifest.log = numbers[0];
  manifest.term = Term{static_cast<int64_t>(numbers[1])};
  manifest.writer = numbers[2];
  manifest.closed_cleanly = numbers[3] != 0;
  manifest.mark_tick = numbers[4];
  manifest.mark = std::string(words[5]);
  for (size_t i = kFields; i < words.size(); i += kPrefixFields) {
    manifest.prefixes.push_back(
        Prefix{numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3] != 0, numbers[i + 4]});
  }
  return manifest;
}

uint64_t Manifest::FirstNumber() const {
  if (prefixes.empty()) return NumberAt(1, 0);
  return NumberAt(prefixes.front().ordinal, prefixes.front().first_slot);
}

uint64_t Manifest::NextOrdinal() const {
  return prefixes.empty() ? 1 : prefixes.back().ordinal + 1;
}

const Manifest::Prefix* Manifest::Find(uint64_t ordinal) const {
  for (const Prefix& prefix : prefixes) {
    if (prefix.ordinal == ordinal) return &prefix;
  }
  return nullptr;
}

std::string ManifestKey(std::string_view channel) { return absl::StrCat(channel, kManifestSuffix); }

std::string SlotPrefix(std::string_view channel, uint64_t ordinal) {
  return absl::StrCat(channel, "/", absl::Hex(ordinal, absl::kZeroPad16), "/");
}

std::string SlotKey(std::string_view channel, uint64_t ordinal, uint64_t slot) {
  return absl::StrCat(SlotPrefix(channel, ordinal), absl::Hex(slot, absl::kZeroPad16));
}

uint64_t SlotOfKey(std::string_view key) {
  uint64_t slot = 0;
  CHECK(absl::SimpleHexAtoi(key.substr(key.rfind('/') + 1), &slot)) << key;
  return slot;
}

}  // namespace tidelog::sim
