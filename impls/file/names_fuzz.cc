// Any name of a file, text of a marker or words of a TERM: refused, or what was written by the very
// same name, text or words.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "impls/file/little_endian.h"
#include "impls/file/names.h"
#include "impls/file/term_word.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

void TryName(std::string_view name) {
  int meanings = 0;
  if (const auto segment = SegmentName::Parse(name)) {
    CHECK_EQ(segment->FileName(), name);
    ++meanings;
  }
  if (const auto index = SegmentName::ParseIndex(name)) {
    CHECK_EQ(index->IndexFileName(), name);
    ++meanings;
  }
  if (const auto manifest = ManifestName::Parse(name)) {
    CHECK_EQ(manifest->FileName(), name);
    ++meanings;
  }
  if (const auto hidden = PrivateName::Parse(name)) {
    CHECK_EQ(hidden->FileName(), name);
    ++meanings;
  }
  CHECK_LE(meanings, 1) << name;
}

void TryMarker(std::string_view text) {
  const absl::Status good = CheckMarkerText(text);
  const WalErrorCode code = GetWalErrorCode(good);
  if (good.ok()) CHECK_EQ(text, MarkerText());  // There is one version so far.
  CHECK(good.ok() || code == WalErrorCode::kCorrupt || code == WalErrorCode::kInner) << good;
}

void TryWords(std::string_view bytes) {
  if (bytes.size() < 2 * sizeof(uint64_t)) return;
  const uint64_t owner = LoadLittleEndian<uint64_t>(bytes.data());
  CHECK_EQ(TermWord::Unpack(owner).Pack(), owner);
  const uint64_t birth = LoadLittleEndian<uint64_t>(bytes.data() + sizeof(uint64_t));
  const std::optional<BirthWord> word = BirthWord::Unpack(birth);
  if (word.has_value()) CHECK(BirthWord::Unpack(word->Pack()) == word);
}

}  // namespace
}  // namespace tidelog::impls::file

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  tidelog::impls::file::TryName(bytes);
  tidelog::impls::file::TryMarker(bytes);
  tidelog::impls::file::TryWords(bytes);
  (void)tidelog::ValidateChannelName(bytes);
  return 0;
}
