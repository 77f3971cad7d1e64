// Goal: whatever happens to the files of a log, it yields what it held or refuses clearly
// (testing/damage_oracle.h says what that means).  Method: every file of a small log, of all kinds
// that there are, is changed in every way, one at a time: each bit flipped, cut at each length,
// removed, swapped with each other one.
//
// Zeros are most of the bytes: what lies behind the last group, behind a manifest's message, behind
// the fields of a header.  Nothing reads them in pieces of less than eight bytes at a multiple of
// eight: a frame begins there, a checksum and a comparison with zeros cover them whole.  So of
// eight zeros one bit is flipped, in turn each of the 64, and files are cut at every fourth such
// place.
// The log whose last segment is a recycled file differs from the other in that one.
// --every_bit leaves none out; that takes minutes.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/file/testing/damage_oracle.h"
#include "impls/file/testing/log_image.h"
#include "wal/testing/sample.h"

namespace tidelog::impls::file {
namespace {

bool every_bit = false;

constexpr size_t kWord = 8;
constexpr int kComplaintsMax = 10;

bool IsZeros(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

class EveryDamageTest : public ::testing::TestWithParam<bool> {
 protected:
  EveryDamageTest() : log_(MakeSmallLog(/*recycled=*/GetParam())) {}

  ~EveryDamageTest() override { RecordProperty("tried", tried_); }

  // False: enough was found.
  bool Try(const Damage& damage, const LogImage& damaged) {
    if (++offered_ % SampleStride() != 0) return true;
    ++tried_;
    const std::string wrong = TryDamage(log_, damage, damaged);
    if (wrong.empty()) return true;
    ADD_FAILURE() << wrong;
    return ++complaints_ < kComplaintsMax;
  }
  Damage DamageOf(const std::string& path, std::string text) const {
    Damage damage;
    damage.text = absl::StrCat(text, " of ", path);
    damage.files = {path};
    return damage;
  }
  bool Flip(const std::string& path, size_t offset, int bit) {
    Damage damage = DamageOf(path, absl::StrCat("bit ", bit, " of byte ", offset));
    damage.in_last_group =
        path == log_.last_file && offset >= log_.last_group_begin && offset < log_.last_group_end;
    damage.of_owner_word = path == "orders/TERM" && offset < kWord;
    LogImage damaged = log_.image;
    char& byte = damaged[path][offset];
    byte = static_cast<char>(byte ^ (1 << bit));
    return Try(damage, damaged);
  }
  // A file that is not the same in the other log, where it is tried too.
  bool IsOwn(const std::string& path) const {
    return every_bit || !GetParam() || path == log_.last_file;
  }
  bool Cut(const std::string& path, size_t size) {
    LogImage damaged = log_.image;
    damaged[path].resize(size);
    return Try(DamageOf(path, absl::StrCat("all but ", size, " bytes cut off")), damaged);
  }

  const KnownLog log_;
  int tried_ = 0;

 private:
  uint64_t offered_ = 0;
  int complaints_ = 0;
};

// So that the tests below begin with a log that is sound, and seen as one.
TEST_P(EveryDamageTest, NoneIsFoundWhereThereIsNone) {
  Damage none;
  none.text = "nothing";
  DamageTrial trial(log_.image);
  const DamageOutcome outcome = trial.Run();
  EXPECT_EQ(WhatIsWrong(log_, none, log_.image, outcome), "");
  EXPECT_TRUE(outcome.reader.status.ok()) << outcome.reader.status;
  EXPECT_EQ(outcome.reader.records.size(), log_.durable_id);
  EXPECT_TRUE(outcome.opened.ok()) << outcome.opened;
  EXPECT_EQ(outcome.owner.records, log_.records);
  EXPECT_FALSE(outcome.torn_told);
  EXPECT_FALSE(outcome.report.HasCorruption());
}

TEST_P(EveryDamageTest, EachBitFlipped) {
  for (const auto& [path, bytes] : log_.image) {
    if (!IsOwn(path)) continue;
    for (size_t word = 0; word < bytes.size(); word += kWord) {
      const std::string_view content = std::string_view(bytes).substr(word, kWord);
      const bool sample = !every_bit && IsZeros(content);
      const size_t turn = word / kWord % (8 * content.size());
      for (size_t bit = 0; bit < 8 * content.size(); ++bit) {
        if (sample && bit != turn) continue;
        if (!Flip(path, word + bit / 8, static_cast<int>(bit % 8))) return;
      }
    }
  }
}

TEST_P(EveryDamageTest, CutAtEachLength) {
  for (const auto& [path, bytes] : log_.image) {
    if (!IsOwn(path)) continue;
    for (size_t size = 0; size < bytes.size(); ++size) {
      const size_t word = size / kWord * kWord;
      const bool zeros = IsZeros(std::string_view(bytes).substr(word, kWord));
      if (!every_bit && zeros && size % (4 * kWord) != 0) continue;
      if (!Cut(path, size)) return;
    }
  }
}

TEST_P(EveryDamageTest, EachFileRemoved) {
  for (const auto& [path, bytes] : log_.image) {
    LogImage damaged = log_.image;
    damaged.erase(path);
    if (!Try(DamageOf(path, "the removal"), damaged)) return;
  }
}

TEST_P(EveryDamageTest, EachFileSwappedWithEachOther) {
  for (auto one = log_.image.begin(); one != log_.image.end(); ++one) {
    for (auto other = std::next(one); other != log_.image.end(); ++other) {
      LogImage damaged = log_.image;
      damaged[one->first] = other->second;
      damaged[other->first] = one->second;
      Damage damage = DamageOf(one->first, absl::StrCat("a swap with ", other->first));
      damage.files.push_back(other->first);
      damage.of_owner_word = one->first == "orders/TERM" || other->first == "orders/TERM";
      if (!Try(damage, damaged)) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(LastSegment, EveryDamageTest, ::testing::Values(false, true),
                         [](const ::testing::TestParamInfo<bool>& info) {
                           return std::string(info.param ? "Recycled" : "OfZeros");
                         });

}  // namespace
}  // namespace tidelog::impls::file

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--every_bit") tidelog::impls::file::every_bit = true;
  }
  return RUN_ALL_TESTS();
}
