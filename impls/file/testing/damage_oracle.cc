#include "impls/file/testing/damage_oracle.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

std::string_view FileNameOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool IsManifest(std::string_view name) { return absl::StartsWith(name, "manifest-"); }

class Judge {
 public:
  Judge(const KnownLog& log, const Damage& damage, const LogImage& damaged,
        const DamageOutcome& outcome)
      : log_(log), damage_(damage), damaged_(damaged), outcome_(outcome) {}

  std::string Run() {
    JudgeReader();
    JudgeGapReader(outcome_.gap_reader);
    JudgeOpen();
    JudgeInspector();
    JudgeWhatIsLeft();
    return complaint_;
  }

 private:
  void Complain(std::string sentence) {
    if (complaint_.empty()) complaint_ = std::move(sentence);
  }

  // Of a refusal: it says that it is one, and where.
  bool IsClear(const absl::Status& status) const {
    const WalErrorCode code = GetWalErrorCode(status);
    const std::string_view text = status.message();
    if (code == WalErrorCode::kInner) return absl::StrContains(text, "format version");
    if (code != WalErrorCode::kCorrupt) return false;
    return std::any_of(damage_.files.begin(), damage_.files.end(), [text](const std::string& path) {
      const std::string_view name = FileNameOf(path);
      if (!IsManifest(name)) return absl::StrContains(text, name);
      // Whether it or what it lists is of another time nobody can tell.
      return absl::StrContains(text, "manifest") || absl::StrContains(text, ".seg");
    });
  }
  void MustBeClear(std::string_view who, const absl::Status& status) {
    if (!IsClear(status)) Complain(absl::StrCat(who, " is refused unclearly: ", status.ToString()));
  }

  // Records from the first on, without a hole.
  void MustBePrefix(std::string_view who, const ReadBack& back) {
    const size_t size = back.records.size();
    const bool prefix = size <= log_.records.size() &&
                        std::equal(back.records.begin(), back.records.end(), log_.records.begin());
    if (!prefix) Complain(absl::StrCat(who, " gets other records than were appended"));
    MustBeOfThisLog(who, back);
  }
  void MustBeOfThisLog(std::string_view who, const ReadBack& back) {
    if (!back.records.empty() && back.number != log_.number) {
      Complain(absl::StrCat(who, " gets ids of another log"));
    }
  }
  static uint64_t LastId(const ReadBack& back) {
    return back.records.empty() ? 0 : back.records.back().id;
  }

  void JudgeReader() {
    const ReadBack& back = outcome_.reader;
    MustBePrefix("a reader", back);
    if (!back.status.ok()) return MustBeClear("a reader", back.status);
    uint64_t least = damage_.in_last_group ? log_.durable_id_without_last : log_.durable_id;
    if (damage_.is_older_tail) least = 0;
    if (LastId(back) < least) {
      Complain(absl::StrCat("a reader ends in silence at id ", LastId(back), ", before ", least));
    }
  }

  // What it got and what it was told is missing are all there was.
  void JudgeGapReader(const ReadBack& back) {
    std::set<uint64_t> told;
    for (const StoredRecord& record : back.records) {
      told.insert(record.id);
      const bool known =
          std::find(log_.records.begin(), log_.records.end(), record) != log_.records.end();
      if (!known) Complain(absl::StrCat("a reader gets a record ", record.id, " out of nowhere"));
    }
    MustBeOfThisLog("a reader with gaps", back);
    if (!back.status.ok()) return MustBeClear("a reader with gaps", back.status);
    for (const auto& [first, last] : back.gaps) {
      for (uint64_t id = first; id <= last && id <= log_.durable_id; ++id) told.insert(id);
    }
    const bool may_end = damage_.in_last_group || damage_.is_older_tail;
    for (uint64_t id = log_.records.front().id; id <= log_.durable_id && !may_end; ++id) {
      if (!told.contains(id)) Complain(absl::StrCat("a reader is not told that ", id, " is gone"));
    }
  }

  const absl::Status& opened() const {
    const bool above = GetWalErrorCode(outcome_.opened) == WalErrorCode::kUnmatchedTerm;
    return above && damage_.of_owner_word ? outcome_.opened_above : outcome_.opened;
  }
  bool owner_has_all() const {
    return opened().ok() && outcome_.owner.status.ok() && outcome_.owner.records == log_.records;
  }

  void JudgeOpen() {
    if (!opened().ok()) return MustBeClear("the next owner", opened());
    const ReadBack& owner = outcome_.owner;
    MustBePrefix("the next owner", owner);
    if (!owner.status.ok()) return MustBeClear("the next owner's reader", owner.status);
    const bool dropped =
        damage_.in_last_group && outcome_.torn_told && LastId(owner) == log_.durable_id;
    if (!owner_has_all() && !dropped && !damage_.is_older_tail) {
      Complain(absl::StrCat("the next owner's log ends in silence at id ", LastId(owner)));
    }
    if (!outcome_.appended.ok()) {
      return Complain(absl::StrCat("an append fails: ", outcome_.appended.ToString()));
    }
    ReadBack expected = owner;
    expected.records.push_back(AppendedRecord(LastId(owner) + 1));
    if (outcome_.owner_after.records != expected.records) {
      Complain("what the next owner appends does not lie behind what it found");
    }
  }

  // The inspector says so if something cannot be read, and says so of a file that was changed.
  void JudgeInspector() {
    const bool looked = outcome_.listed.ok() && outcome_.verified.ok();
    for (const absl::Status* status : {&outcome_.listed, &outcome_.verified}) {
      if (!status->ok()) MustBeClear("the inspector", *status);
    }
    bool found = !looked;
    for (const Finding& finding : outcome_.report.findings) {
      if (finding.severity != Severity::kCorrupt && finding.severity != Severity::kTorn) continue;
      found = true;
      if (!Names(finding)) {
        Complain(absl::StrCat("the inspector blames ", finding.file, ": ", finding.sentence));
      }
    }
    const bool readers_have_all =
        outcome_.reader.status.ok() && LastId(outcome_.reader) >= log_.durable_id;
    const bool sound = readers_have_all && owner_has_all();
    if (!sound && !found && !damage_.is_older_tail) Complain("the inspector finds it sound");
  }
  bool Names(const Finding& finding) const {
    return std::any_of(damage_.files.begin(), damage_.files.end(), [&](const std::string& path) {
      const std::string_view name = FileNameOf(path);
      return finding.file == name || absl::StrContains(finding.sentence, name) || IsManifest(name);
    });
  }

  // What could be read before the open can be read after it, but for a last group that it dropped.
  void JudgeWhatIsLeft() {
    if (damage_.is_older_tail) return;
    for (const StoredRecord& record : outcome_.gap_reader.records) {
      const std::vector<StoredRecord>& now = outcome_.gap_reader_after.records;
      if (std::find(now.begin(), now.end(), record) == now.end()) {
        Complain(absl::StrCat("record ", record.id, " could be read before the open"));
      }
    }
    for (const auto& [path, bytes] : damaged_) {
      if (!absl::EndsWith(path, ".seg")) continue;
      const auto now = outcome_.image_after.find(path);
      const bool kept = now != outcome_.image_after.end() && now->second == bytes;
      if (!kept) Complain(absl::StrCat("the open changed or removed ", path));
    }
    if (!opened().ok() && outcome_.reader_after.records != outcome_.reader.records) {
      Complain("a refused open changed what readers get");
    }
  }

  const KnownLog& log_;
  const Damage& damage_;
  const LogImage& damaged_;
  const DamageOutcome& outcome_;
  std::string complaint_;
};

}  // namespace

std::string WhatIsWrong(const KnownLog& log, const Damage& damage, const LogImage& damaged,
                        const DamageOutcome& outcome) {
  return Judge(log, damage, damaged, outcome).Run();
}

std::string TryDamage(const KnownLog& log, const Damage& damage, const LogImage& damaged) {
  DamageTrial trial(damaged);
  const DamageOutcome outcome = trial.Run();
  const std::string wrong = WhatIsWrong(log, damage, damaged, outcome);
  return wrong.empty() ? "" : absl::StrCat(damage.text, ": ", wrong);
}

}  // namespace tidelog::impls::file
