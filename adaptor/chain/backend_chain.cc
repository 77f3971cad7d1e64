#include "adaptor/chain/backend_chain.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/crc/crc32c.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "wal/base/number_text.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

constexpr std::string_view kFirstLine = "tidelog chain, format ";
constexpr int kFormat = 1;

absl::Status Damaged(std::string_view what) {
  return WalError(WalErrorCode::kCorrupt, absl::StrCat("the chain of backends: ", what));
}

// "link EPOCH BACKEND term TERM after TICK", and " log NUMBER" if that is known, without its first
// word.
std::optional<ChainLink> ParseLink(std::string_view line) {
  const std::vector<std::string_view> words = absl::StrSplit(line, ' ');
  const bool has_log = words.size() == 8 && words[6] == "log";
  if (words.size() != 6 && !has_log) return std::nullopt;
  if (words[2] != "term" || words[4] != "after") return std::nullopt;
  const std::optional<uint32_t> epoch = ParseNumber<uint32_t>(words[0], 10);
  const std::optional<int64_t> term = ParseNumber<int64_t>(words[3], 10);
  const std::optional<uint64_t> after = ParseNumber<uint64_t>(words[5], 10);
  if (!epoch || !term || !after) return std::nullopt;
  ChainLink link{*epoch, {std::string(words[1]), {}}, Term{*term}, TimeTick{*after}};
  if (has_log) link.log = ParseNumber<uint32_t>(words[7], 16);
  if (has_log && !link.log) return std::nullopt;
  return link;
}

// "config KEY VALUE", without its first word.
bool ParseSetting(std::string_view line, Config* config) {
  const std::pair<std::string_view, std::string_view> parts =
      absl::StrSplit(line, absl::MaxSplits(' ', 1));
  std::string value;
  // Of nothing it would move a null pointer.
  if (!parts.second.empty() && !absl::CUnescape(parts.second, &value)) return false;
  return config->emplace(parts.first, std::move(value)).second;
}

// What holds of every chain, whatever wrote it.
bool MakesSense(const BackendChain& chain) {
  if (chain.links.empty()) return false;
  for (size_t i = 0; i < chain.links.size(); ++i) {
    const ChainLink& link = chain.links[i];
    if (!ValidateTarget(link.target).ok()) return false;
    if (link.epoch == 0 && !link.target.config.empty()) return false;
    if (i + 1 < chain.links.size() && !link.log) return false;
    if (i == 0) continue;
    const ChainLink& before = chain.links[i - 1];
    if (link.epoch != before.epoch + 1 || link.after <= before.after) return false;
    if (link.first_term <= before.first_term) return false;
  }
  return true;
}

}  // namespace

const ChainLink* BackendChain::Find(uint32_t epoch) const {
  for (const ChainLink& link : links) {
    if (link.epoch == epoch) return &link;
  }
  return nullptr;
}

std::string TargetText(const BackendTarget& target) {
  std::string text = target.backend;
  for (const auto& [key, value] : target.config) {
    absl::StrAppend(&text, " ", key, "=", absl::CHexEscape(value));
  }
  return text;
}

std::string BackendChain::ToString() const {
  std::string text;
  for (const ChainLink& link : links) {
    absl::StrAppend(&text, text.empty() ? "" : ", then ", TargetText(link.target), " of epoch ",
                    link.epoch);
    if (link.epoch > 0) absl::StrAppend(&text, " from term ", ToInt(link.first_term), " on");
  }
  return text;
}

BackendChain UnswitchedChain(std::string_view backend) {
  return {{ChainLink{0, {std::string(backend), {}}, Term{}, TimeTick{}}}};
}

std::string EncodeChain(const BackendChain& chain) {
  std::string text = absl::StrCat(kFirstLine, kFormat, "\n");
  for (const ChainLink& link : chain.links) {
    absl::StrAppend(&text, "link ", link.epoch, " ", link.target.backend, " term ",
                    ToInt(link.first_term), " after ", ToInt(link.after));
    if (link.log) absl::StrAppend(&text, " log ", absl::Hex(*link.log));
    absl::StrAppend(&text, "\n");
    for (const auto& [key, value] : link.target.config) {
      absl::StrAppend(&text, "config ", key, " ", absl::CHexEscape(value), "\n");
    }
  }
  const uint32_t crc{absl::ComputeCrc32c(text)};
  absl::StrAppendFormat(&text, "crc32c %08x\n", crc);
  return text;
}

absl::StatusOr<BackendChain> DecodeChain(std::string_view bytes, std::string_view backend) {
  if (bytes.empty()) return UnswitchedChain(backend);
  const std::vector<std::string_view> lines = absl::StrSplit(bytes, '\n');
  std::string_view format = lines[0];
  if (!absl::ConsumePrefix(&format, kFirstLine)) return Damaged("this is none");
  const std::optional<int> number = ParseNumber<int>(format, 10);
  if (number && *number > kFormat) {
    return WalError(
        WalErrorCode::kInner,
        absl::StrCat("the chain of backends is of format ", *number, "; this program reads format ",
                     kFormat, ": use the program that wrote it, or a later one"));
  }
  BackendChain chain;
  for (std::string_view line : lines) {
    if (absl::ConsumePrefix(&line, "link ")) {
      std::optional<ChainLink> link = ParseLink(line);
      if (!link) return Damaged(absl::StrCat("a bad line: link ", line));
      chain.links.push_back(*std::move(link));
    } else if (absl::ConsumePrefix(&line, "config ")) {
      if (chain.links.empty() || !ParseSetting(line, &chain.links.back().target.config)) {
        return Damaged(absl::StrCat("a bad line: config ", line));
      }
    }
  }
  // Each chain has one form.  So this compares the checksum, and everything else that was passed
  // over.
  if (EncodeChain(chain) != bytes) return Damaged("its bytes and its checksum do not agree");
  if (!MakesSense(chain)) return Damaged("its links do not follow one another");
  return chain;
}

}  // namespace tidelog::adaptor
