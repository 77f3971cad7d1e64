// Goal: files of an earlier time, put in place of those of now, are noticed; so are files that are
// gone or under each other's names.  Method: a log lives through all that changes its files, which
// are kept after each step; then each file is replaced by each earlier version of it, and the
// newest manifest by each earlier one, alone and together with TERM.
//
// One thing nobody can notice: an older copy of the segment that is still unsealed.  Nothing else
// says how much it held; then the log is that of the time.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/file/testing/damage_oracle.h"
#include "impls/file/testing/log_image.h"
#include "impls/file/testing/log_machine.h"
#include "wal/types.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {
namespace {

// The images of a log after each step of its life.
class Life {
 public:
  Life() : machine_(1) {
    FirstTerm();
    LaterIncarnation();
    NextTerm();
  }
  const LogImage& now() const { return images_.back(); }
  const std::vector<LogImage>& images() const { return images_; }
  const LogMachine& machine() const { return machine_; }

 private:
  void Keep() {
    machine_.runtime().RunUntilIdle();
    images_.push_back(ReadImage(&machine_.runtime(), machine_.disk().NewProcess(), "log"));
  }
  void Append(LogProcess* owner, int times, size_t payload_size) {
    for (int i = 0; i < times; ++i) {
      EXPECT_TRUE(owner->Append(1, payload_size).ok());
      Keep();
    }
  }
  void Open(LogProcess* owner, Term term) {
    const absl::Status opened = owner->Open(term);
    EXPECT_TRUE(opened.ok()) << opened;
    Keep();
  }

  // Rolls, truncates, uses files again, and closes cleanly.
  void FirstTerm() {
    LogProcess owner(&machine_);
    Open(&owner, Term{1});
    Append(&owner, 2, 200);
    Append(&owner, 16, 9000);
    owner.Tick();
    EXPECT_TRUE(owner.Truncate(9).ok());
    Keep();
    Append(&owner, 8, 9000);
    EXPECT_TRUE(owner.Close(walimpls::CloseMode::kClean).ok());
    Keep();
  }
  // The same term; the process dies in the middle of a segment.
  void LaterIncarnation() {
    LogProcess owner(&machine_);
    Open(&owner, Term{1});
    Append(&owner, 9, 9000);
    owner.Tick();
    Keep();
    machine_.disk().CrashProcess(owner.files());
  }
  void NextTerm() {
    LogProcess owner(&machine_);
    Open(&owner, Term{3});
    Append(&owner, 8, 9000);
    owner.Tick();
    Append(&owner, 1, 200);
    machine_.disk().CrashProcess(owner.files());
  }

  LogMachine machine_;
  std::vector<LogImage> images_;
};

std::string NewestManifestIn(const LogImage& image) {
  std::string newest;
  for (const auto& [path, bytes] : image) {
    if (absl::StartsWith(path, "orders/manifest-")) newest = path;
  }
  return newest;
}

class OlderCopyTest : public ::testing::Test {
 protected:
  OlderCopyTest() {
    log_.image = life_.now();
    DamageTrial trial(log_.image);
    const DamageOutcome outcome = trial.Run();
    EXPECT_TRUE(outcome.reader.status.ok()) << outcome.reader.status;
    EXPECT_TRUE(outcome.owner.status.ok()) << outcome.owner.status;
    EXPECT_FALSE(outcome.report.HasCorruption());
    log_.number = outcome.owner.number;
    log_.records = outcome.owner.records;
    log_.durable_id = outcome.reader.records.back().id;
    for (const SegmentSummary& segment : outcome.report.segments) {
      if (segment.listed.seal.has_value()) continue;
      log_.last_file = absl::StrCat("orders/", segment.listed.name.FileName());
    }
    EXPECT_FALSE(log_.last_file.empty());
    EXPECT_EQ(log_.records.back().id, log_.durable_id + 1) << "the last one has no watermark";
  }

  void Try(const std::string& text, std::vector<std::string> files, const LogImage& damaged) {
    Damage damage;
    damage.text = text;
    damage.of_owner_word = std::find(files.begin(), files.end(), "orders/TERM") != files.end();
    damage.is_older_tail =
        files.size() == 1 && files.front() == log_.last_file && damaged.contains(files.front());
    damage.files = std::move(files);
    ++tried_;
    EXPECT_EQ(TryDamage(log_, damage, damaged), "");
  }

  const Life life_;
  KnownLog log_;
  int tried_ = 0;
};

TEST_F(OlderCopyTest, OfEachFileIsNoticed) {
  for (const auto& [path, bytes] : log_.image) {
    std::set<std::string> tried = {bytes};
    for (size_t step = 0; step < life_.images().size(); ++step) {
      const auto older = life_.images()[step].find(path);
      if (older == life_.images()[step].end() || !tried.insert(older->second).second) continue;
      LogImage damaged = log_.image;
      damaged[path] = older->second;
      Try(absl::StrCat(path, " as it was after step ", step), {path}, damaged);
    }
  }
  EXPECT_GT(tried_, 20);
}

TEST_F(OlderCopyTest, OfTheManifestIsNoticed) {
  const std::string newest = NewestManifestIn(log_.image);
  std::set<std::string> tried = {newest};
  for (const LogImage& image : life_.images()) {
    const std::string older = NewestManifestIn(image);
    if (!tried.insert(older).second) continue;
    LogImage damaged = log_.image;
    damaged.erase(newest);
    damaged[older] = image.at(older);
    Try(absl::StrCat(older, " put back"), {older, newest}, damaged);
    damaged["orders/TERM"] = image.at("orders/TERM");
    Try(absl::StrCat(older, " put back with its TERM"), {older, newest, "orders/TERM"}, damaged);
  }
  EXPECT_GT(tried_, 10);
}

TEST_F(OlderCopyTest, OrNoneOrThatOfAnotherFileIsNoticed) {
  for (const auto& [path, bytes] : log_.image) {
    LogImage damaged = log_.image;
    damaged.erase(path);
    Try(absl::StrCat("the removal of ", path), {path}, damaged);
    for (auto other = log_.image.upper_bound(path); other != log_.image.end(); ++other) {
      damaged = log_.image;
      damaged[path] = other->second;
      damaged[other->first] = bytes;
      Try(absl::StrCat("a swap of ", path, " and ", other->first), {path, other->first}, damaged);
    }
  }
}

}  // namespace
}  // namespace tidelog::impls::file
