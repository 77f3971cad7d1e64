#include "tools/walctl/txn_script.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::walctl {
namespace {

constexpr TxnStep::Kind kKinds[] = {TxnStep::Kind::kBegin, TxnStep::Kind::kAppend,
                                    TxnStep::Kind::kCommit, TxnStep::Kind::kRollback};
constexpr std::string_view kOutside = "-";
constexpr std::string_view kSteps =
    "begin NAME, append NAME PAYLOAD, append - PAYLOAD, commit NAME, rollback NAME";

absl::Status Wrong(std::string_view what) { return WalError(WalErrorCode::kInvalidArgument, what); }

// Whatever it holds, in quotes and on one line.
std::string Quoted(std::string_view text) {
  constexpr size_t kShown = 40;
  return absl::StrCat("'", absl::CHexEscape(text.substr(0, kShown)),
                      text.size() > kShown ? "...'" : "'");
}

std::string_view TakeWord(std::string_view* line) {
  const std::string_view word = line->substr(0, line->find(' '));
  line->remove_prefix(word.size());
  return word;
}

std::optional<TxnStep::Kind> KindOf(std::string_view word) {
  for (const TxnStep::Kind kind : kKinds) {
    if (TxnStepWord(kind) == word) return kind;
  }
  return std::nullopt;
}

absl::Status CheckName(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kTxnNameMax &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' ||
                             c == '_' || c == '-';
                    });
  if (good) return absl::OkStatus();
  return Wrong(absl::StrCat(Quoted(name), " is no NAME of a transaction: give 1 to ", kTxnNameMax,
                            " of A-Z a-z 0-9 . _ -"));
}

}  // namespace

std::string_view TxnStepWord(TxnStep::Kind kind) {
  switch (kind) {
    case TxnStep::Kind::kBegin:
      return "begin";
    case TxnStep::Kind::kAppend:
      return "append";
    case TxnStep::Kind::kCommit:
      return "commit";
    case TxnStep::Kind::kRollback:
      return "rollback";
  }
  return "";
}

absl::StatusOr<std::optional<TxnStep>> ParseTxnStep(std::string_view line) {
  std::string_view rest = absl::StripLeadingAsciiWhitespace(line);
  if (rest.empty() || rest.front() == '#') return std::nullopt;
  const std::string_view word = TakeWord(&rest);
  const std::optional<TxnStep::Kind> kind = KindOf(word);
  if (!kind) return Wrong(absl::StrCat(Quoted(word), " is no step; the steps are: ", kSteps));
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  const std::string_view name = TakeWord(&rest);
  if (name.empty()) return Wrong(absl::StrCat(word, " takes a NAME; the steps are: ", kSteps));
  TxnStep step;
  step.kind = *kind;
  if (*kind == TxnStep::Kind::kAppend) {
    if (!rest.empty()) rest.remove_prefix(1);
    step.payload = std::string(rest);
    if (name == kOutside) return step;
  } else if (name == kOutside) {
    return Wrong(absl::StrCat(word, " -: only append takes '-', outside of all transactions"));
  } else if (!absl::StripAsciiWhitespace(rest).empty()) {
    return Wrong(absl::StrCat(word, " takes a NAME and no more, not ",
                              Quoted(absl::StripAsciiWhitespace(rest))));
  }
  absl::Status good = CheckName(name);
  if (!good.ok()) return good;
  step.name = std::string(name);
  return step;
}

}  // namespace tidelog::walctl
