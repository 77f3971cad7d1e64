#include "impls/checkpoint/file/checkpoint_format.h"

#include <utility>
#include <vector>

#include "absl/crc/crc32c.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "wal/base/number_text.h"
#include "wal/message/message_id.h"
#include "wal/status.h"

namespace tidelog::impls::checkpoint {
namespace {

constexpr std::string_view kFilePrefix = "checkpoints-";
constexpr std::string_view kPrivatePrefix = "private-";
constexpr size_t kTermDigits = 15;
constexpr size_t kNumberDigits = 6;
constexpr std::string_view kFirstLine = "tidelog checkpoints, format ";
constexpr int kFormat = 1;

// A number of just so many decimal digits, with zeros in front.
std::optional<uint64_t> ParsePadded(std::string_view text, size_t digits) {
  if (text.size() != digits) return std::nullopt;
  uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number;
}

std::optional<Term> ParseTerm(std::string_view text) {
  const std::optional<uint64_t> number = ParsePadded(text, kTermDigits);
  if (!number || *number == 0 || *number > static_cast<uint64_t>(ToInt(kTermMax))) {
    return std::nullopt;
  }
  return Term{static_cast<int64_t>(*number)};
}

absl::Status Damaged(const Version& version, std::string_view what) {
  return WalError(WalErrorCode::kCorrupt, absl::StrCat(version.FileName(), ": ", what));
}

std::optional<Checkpoint> ParseCheckpoint(std::string_view line) {
  const std::vector<std::string_view> words = absl::StrSplit(line, ' ');
  if (words.size() != 3) return std::nullopt;
  const std::optional<int64_t> term = ParseNumber<int64_t>(words[1], 10);
  const absl::StatusOr<Position> position = Position::Parse(words[2]);
  if (!term || !position.ok()) return std::nullopt;
  return Checkpoint{std::string(words[0]), *position, Term{*term}};
}

}  // namespace

std::string Version::FileName() const {
  return absl::StrFormat("%s%015d-%06d", kFilePrefix, ToInt(term), number);
}

std::optional<Version> Version::Parse(std::string_view file_name) {
  if (!absl::ConsumePrefix(&file_name, kFilePrefix)) return std::nullopt;
  if (file_name.size() != kTermDigits + 1 + kNumberDigits || file_name[kTermDigits] != '-') {
    return std::nullopt;
  }
  const std::optional<Term> term = ParseTerm(file_name.substr(0, kTermDigits));
  const std::optional<uint64_t> number =
      ParsePadded(file_name.substr(kTermDigits + 1), kNumberDigits);
  if (!term || !number || *number > kNumberMax) return std::nullopt;
  return Version{*term, static_cast<uint32_t>(*number)};
}

std::string PrivateName(Term term) {
  return absl::StrFormat("%s%015d", kPrivatePrefix, ToInt(term));
}

std::optional<Term> ParsePrivateName(std::string_view file_name) {
  if (!absl::ConsumePrefix(&file_name, kPrivatePrefix)) return std::nullopt;
  return ParseTerm(file_name);
}

std::string EmptyCurrent() {
  return absl::StrCat(std::string(kCurrentSize - kCurrentMagic.size(), '\0'), kCurrentMagic);
}

std::string EncodeCheckpoints(std::string_view channel, const Version& version,
                              const CheckpointSet& set) {
  std::string text = absl::StrCat(kFirstLine, kFormat, "\nchannel ", channel, "\nterm ",
                                  ToInt(version.term), "\nnumber ", version.number, "\n");
  for (const Checkpoint& checkpoint : set.checkpoints) {
    absl::StrAppend(&text, "checkpoint ", checkpoint.name, " ", ToInt(checkpoint.term), " ",
                    checkpoint.position.ToString(), "\n");
  }
  if (!set.chain.empty()) {
    absl::StrAppend(&text, "chain ", absl::BytesToHexString(set.chain), "\n");
  }
  const uint32_t crc{absl::ComputeCrc32c(text)};
  absl::StrAppendFormat(&text, "crc32c %08x\n", crc);
  return text;
}

absl::StatusOr<CheckpointSet> DecodeCheckpoints(std::string_view channel, const Version& version,
                                                std::string_view bytes) {
  bytes = bytes.substr(0, bytes.find_last_not_of('\0') + 1);
  std::vector<std::string_view> lines = absl::StrSplit(bytes, '\n');
  std::string_view format = lines[0];
  if (!absl::ConsumePrefix(&format, kFirstLine)) return Damaged(version, "no file of checkpoints");
  const std::optional<int> number = ParseNumber<int>(format, 10);
  if (number && *number > kFormat) {
    return WalError(
        WalErrorCode::kInner,
        absl::StrCat(version.FileName(), " is of format ", *number, "; this program reads format ",
                     kFormat, ": use the program that wrote it, or a later one"));
  }
  CheckpointSet set;
  set.term = version.term;
  for (std::string_view line : lines) {
    if (absl::ConsumePrefix(&line, "checkpoint ")) {
      std::optional<Checkpoint> checkpoint = ParseCheckpoint(line);
      if (!checkpoint || !ValidateCheckpointName(checkpoint->name).ok() ||
          (!set.checkpoints.empty() && set.checkpoints.back().name >= checkpoint->name)) {
        return Damaged(version, absl::StrCat("a bad line: ", line));
      }
      set.checkpoints.push_back(*std::move(checkpoint));
    } else if (absl::ConsumePrefix(&line, "chain ")) {
      // HexStringToBytes() is undefined for bytes that are no ASCII.
      if (line.find_first_not_of("0123456789abcdef") != std::string_view::npos ||
          !absl::HexStringToBytes(line, &set.chain)) {
        return Damaged(version, "a bad chain");
      }
    }
  }
  // Each content has one form.  So this compares the checksum, and everything else that was passed
  // over.
  if (EncodeCheckpoints(channel, version, set) != bytes) {
    return Damaged(version,
                   "its bytes and its checksum do not agree, or its place and what it says "
                   "of itself");
  }
  return set;
}

}  // namespace tidelog::impls::checkpoint
