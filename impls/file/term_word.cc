#include "impls/file/term_word.h"

#include <string_view>

#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "impls/file/little_endian.h"
#include "wal/base/mutant.h"

namespace tidelog::impls::file {

namespace {

constexpr int kIncarnationShift = 1;
constexpr int kTermShift = 17;
static_assert(ToInt(kTermMax) == (int64_t{1} << (64 - kTermShift)) - 1);
static_assert(TermWord::kIncarnationMax == (1 << (kTermShift - kIncarnationShift)) - 1);

constexpr int kPublishedShift = 32;
// What `published` was before it held a checksum.
constexpr uint32_t kPublishedUnchecked = 1;
// Set in every checksum, so that no flipped bit makes it 0 or kPublishedUnchecked.
constexpr uint32_t kPublishedMark = 0x80000003;

uint32_t PublishedFor(uint32_t number) {
  char bytes[sizeof(number)];
  StoreLittleEndian<uint32_t>(bytes, number);
  const absl::crc32c_t crc = absl::ComputeCrc32c(std::string_view(bytes, sizeof(bytes)));
  return static_cast<uint32_t>(crc) | kPublishedMark;
}

}  // namespace

TermWord TermWord::Unpack(uint64_t word) {
  return {Term{static_cast<int64_t>(word >> kTermShift)},
          static_cast<uint32_t>(word >> kIncarnationShift) & kIncarnationMax, (word & 1) != 0};
}

uint64_t TermWord::Pack() const {
  CHECK_GE(ToInt(term), 0);
  CHECK_LE(ToInt(term), ToInt(kTermMax));
  CHECK_LE(incarnation, kIncarnationMax);
  return static_cast<uint64_t>(ToInt(term)) << kTermShift |
         uint64_t{incarnation} << kIncarnationShift | uint64_t{clean};
}

std::optional<TermWord> TermWord::ClaimedBy(Term claimer) const {
  CHECK_GE(ToInt(claimer), 1);
  CHECK_LE(ToInt(claimer), ToInt(kTermMax));
  if (claimer > term) return TermWord{claimer, 1, false};
  const bool closed = clean || MutantIs(Mutant::kTermCheckOffByOne);
  if (claimer < term || !closed || incarnation == kIncarnationMax) return std::nullopt;
  // The mark is consumed by the swap itself, so that of two racing re-opens one wins.
  return TermWord{claimer, incarnation + 1, false};
}

std::string TermWord::ToString() const {
  if (term == Term{}) return "none";
  return absl::StrCat(ToInt(term), "/", incarnation, clean ? " clean" : "");
}

std::optional<BirthWord> BirthWord::Unpack(uint64_t word) {
  const uint32_t number = static_cast<uint32_t>(word);
  const uint32_t published = static_cast<uint32_t>(word >> kPublishedShift);
  if (published == 0) return BirthWord{number, false};
  if (published != kPublishedUnchecked && published != PublishedFor(number)) return std::nullopt;
  return BirthWord{number, true};
}

uint64_t BirthWord::Pack() const {
  return uint64_t{born ? PublishedFor(number) : 0} << kPublishedShift | number;
}

}  // namespace tidelog::impls::file
