#include "impls/file/names.h"

#include <cstddef>
#include <limits>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "wal/base/number_text.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr std::string_view kSegmentSuffix = ".seg";
constexpr std::string_view kIndexSuffix = ".idx";
constexpr std::string_view kManifestPrefix = "manifest-";
constexpr std::string_view kPrivatePrefix = "private-";
constexpr std::string_view kAsidePrefix = "repaired-";
constexpr std::string_view kMarkerPrefix = "tidelog file log, format ";

// Wide enough for the largest value.
constexpr size_t kTermWidth = 15;
constexpr size_t kIncarnationWidth = 5;
constexpr size_t kNumber32Width = 10;
constexpr size_t kNumber64Width = 20;

constexpr uint32_t kIncarnationMax = 0xFFFF;

std::string Padded(uint64_t number, size_t width) {
  const std::string digits = FormatNumber(number, 10);
  CHECK_LE(digits.size(), width) << "a number too large for a file name";
  return std::string(width - digits.size(), '0') + digits;
}

// Takes numbers of a fixed width off the front of a name.
class NameReader {
 public:
  explicit NameReader(std::string_view rest) : rest_(rest) {}

  void Skip(std::string_view text) { good_ = absl::ConsumePrefix(&rest_, text) && good_; }

  uint64_t Number(size_t width, uint64_t max) {
    if (rest_.size() < width) {
      good_ = false;
      return 0;
    }
    std::string_view digits = rest_.substr(0, width);
    rest_.remove_prefix(width);
    while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
    const std::optional<uint64_t> number = ParseNumber<uint64_t>(digits, 10);
    good_ = good_ && number.has_value() && *number <= max;
    return good_ ? *number : 0;
  }

  Term ReadTerm() {
    return Term{static_cast<int64_t>(Number(kTermWidth, static_cast<uint64_t>(ToInt(kTermMax))))};
  }
  uint32_t ReadIncarnation() {
    return static_cast<uint32_t>(Number(kIncarnationWidth, kIncarnationMax));
  }
  uint32_t ReadNumber32() {
    return static_cast<uint32_t>(Number(kNumber32Width, std::numeric_limits<uint32_t>::max()));
  }
  uint64_t ReadNumber64() { return Number(kNumber64Width, std::numeric_limits<uint64_t>::max()); }

  // Everything was there, and nothing more.
  bool Finished() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::string TermText(Term term) { return Padded(static_cast<uint64_t>(ToInt(term)), kTermWidth); }

std::string SegmentStem(const SegmentName& name) {
  return absl::StrCat(TermText(name.term), "-", Padded(name.incarnation, kIncarnationWidth), "-",
                      Padded(name.number, kNumber32Width));
}

std::optional<SegmentName> ParseSegmentName(std::string_view file_name, std::string_view suffix) {
  NameReader reader(file_name);
  SegmentName name;
  name.term = reader.ReadTerm();
  reader.Skip("-");
  name.incarnation = reader.ReadIncarnation();
  reader.Skip("-");
  name.number = reader.ReadNumber32();
  reader.Skip(suffix);
  if (!reader.Finished()) return std::nullopt;
  return name;
}

}  // namespace

std::string MarkerText() { return absl::StrCat(kMarkerPrefix, kFormatVersion, "\n"); }

absl::Status CheckMarkerText(std::string_view text) {
  std::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, kMarkerPrefix) || !absl::ConsumeSuffix(&rest, "\n")) {
    return WalError(WalErrorCode::kCorrupt, "the file TIDELOG does not hold a marker of a log");
  }
  const std::optional<uint32_t> version = ParseNumber<uint32_t>(rest, 10);
  if (!version.has_value() || *version == 0) {
    return WalError(WalErrorCode::kCorrupt, "the file TIDELOG names no format version");
  }
  if (*version > kFormatVersion) {
    return WalError(WalErrorCode::kInner, absl::StrCat("the log has format version ", *version,
                                                       ", this program reads up to ",
                                                       kFormatVersion, ": use a newer one"));
  }
  return absl::OkStatus();
}

bool SegmentName::IsValid() const {
  return ToInt(term) >= 0 && term <= kTermMax && incarnation <= kIncarnationMax;
}

std::string SegmentName::FileName() const {
  return absl::StrCat(SegmentStem(*this), kSegmentSuffix);
}

std::string SegmentName::IndexFileName() const {
  return absl::StrCat(SegmentStem(*this), kIndexSuffix);
}

std::optional<SegmentName> SegmentName::Parse(std::string_view file_name) {
  return ParseSegmentName(file_name, kSegmentSuffix);
}

std::optional<SegmentName> SegmentName::ParseIndex(std::string_view file_name) {
  return ParseSegmentName(file_name, kIndexSuffix);
}

std::string ManifestName::FileName() const {
  return absl::StrCat(kManifestPrefix, TermText(term), "-", Padded(number, kNumber64Width));
}

std::optional<ManifestName> ManifestName::Parse(std::string_view file_name) {
  NameReader reader(file_name);
  ManifestName name;
  reader.Skip(kManifestPrefix);
  name.term = reader.ReadTerm();
  reader.Skip("-");
  name.number = reader.ReadNumber64();
  if (!reader.Finished()) return std::nullopt;
  return name;
}

std::string PrivateName::FileName() const {
  return absl::StrCat(kPrivatePrefix, TermText(term), "-", Padded(incarnation, kIncarnationWidth),
                      "-", Padded(number, kNumber64Width));
}

std::optional<PrivateName> PrivateName::Parse(std::string_view file_name) {
  NameReader reader(file_name);
  PrivateName name;
  reader.Skip(kPrivatePrefix);
  name.term = reader.ReadTerm();
  reader.Skip("-");
  name.incarnation = reader.ReadIncarnation();
  reader.Skip("-");
  name.number = reader.ReadNumber64();
  if (!reader.Finished()) return std::nullopt;
  return name;
}

std::string AsideName::FileName() const {
  return absl::StrCat(kAsidePrefix, TermText(term), "-", Padded(incarnation, kIncarnationWidth));
}

std::optional<AsideName> AsideName::Parse(std::string_view file_name) {
  NameReader reader(file_name);
  AsideName name;
  reader.Skip(kAsidePrefix);
  name.term = reader.ReadTerm();
  reader.Skip("-");
  name.incarnation = reader.ReadIncarnation();
  if (!reader.Finished()) return std::nullopt;
  return name;
}

}  // namespace tidelog::impls::file
