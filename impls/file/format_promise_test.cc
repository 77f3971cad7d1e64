// Goal: a log that any earlier program has written is read, whole, and goes on; one of a later
// version is refused by its number, and left as it is.  Method: logs in testdata/*.log, one for
// each version at least, as they were on disk: never change them, add new ones.  Later versions are
// made of them, by number alone.
//
// Their form, for people too: "file PATH SIZE", and below it lines of an offset and bytes, zeros
// left out; "durable ID" and "record ID TICK PAYLOAD" say what the log holds.
// testdata/write_down.py makes it of a directory.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/crc/crc32c.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/file/little_endian.h"
#include "impls/file/names.h"
#include "impls/file/segment_format.h"
#include "impls/file/testing/damage_oracle.h"
#include "impls/file/testing/log_image.h"
#include "wal/status.h"

namespace tidelog::impls::file {
namespace {

using ::testing::HasSubstr;

constexpr char kDirectory[] = "impls/file/testdata";

uint64_t NumberOf(std::string_view text) {
  uint64_t number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << text;
  return number;
}

void AddBytes(std::string_view line, std::string* file) {
  const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
  uint64_t at = NumberOf(words[0]);
  for (size_t i = 1; i < words.size(); ++i, ++at) {
    std::string byte;
    ASSERT_TRUE(absl::HexStringToBytes(words[i], &byte) && at < file->size()) << line;
    (*file)[at] = byte[0];
  }
}

KnownLog ReadGolden(const std::string& path) {
  KnownLog log;
  std::ifstream file(path);
  std::string* bytes = nullptr;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::MaxSplits(' ', 3));
    if (line.empty() || words[0] == "#") continue;
    if (words[0] == "file") {
      bytes = &log.image[words[1]];
      bytes->resize(NumberOf(words[2]));
    } else if (words[0] == "durable") {
      log.durable_id = NumberOf(words[1]);
    } else if (words[0] == "record") {
      const std::string payload = words.size() > 3 ? words[3] : "";
      log.records.push_back({NumberOf(words[1]), NumberOf(words[2]), payload});
    } else if (bytes != nullptr) {
      AddBytes(line, bytes);
    }
  }
  log.number = LoadLittleEndian<uint32_t>(log.image.at("orders/TERM").data() + 8);
  return log;
}

std::vector<std::string> GoldenPaths() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kDirectory)) {
    if (entry.path().extension() == ".log") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(FormatPromiseTest, EveryLogThatWasEverWrittenIsReadAndGoesOn) {
  const std::vector<std::string> paths = GoldenPaths();
  EXPECT_GE(paths.size(), kFormatVersion);
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const KnownLog log = ReadGolden(path);
    DamageTrial trial(log.image);
    const DamageOutcome outcome = trial.Run();
    Damage none;
    none.text = path;
    EXPECT_EQ(WhatIsWrong(log, none, log.image, outcome), "");
    EXPECT_EQ(outcome.owner.records, log.records);
    EXPECT_FALSE(outcome.torn_told);
    EXPECT_FALSE(outcome.report.HasCorruption());
  }
}

// Below: a later version.

constexpr uint32_t kLater = kFormatVersion + 1;
constexpr size_t kVersionAt = 8;

void MakeLaterManifest(std::string* bytes) {
  StoreLittleEndian<uint32_t>(bytes->data() + kVersionAt, kLater);
  const uint32_t size = LoadLittleEndian<uint32_t>(bytes->data() + 12);
  const std::string covered = bytes->substr(0, 16) + bytes->substr(24, size);
  StoreLittleEndian<uint32_t>(bytes->data() + 16, uint32_t{absl::ComputeCrc32c(covered)});
}

void MakeLaterSegment(std::string* bytes) {
  StoreLittleEndian<uint32_t>(bytes->data() + kVersionAt, kLater);
  const std::string covered = bytes->substr(0, 12) + bytes->substr(16, kSegmentHeaderSize - 16);
  StoreLittleEndian<uint32_t>(bytes->data() + 12, uint32_t{absl::ComputeCrc32c(covered)});
}

void ExpectRefusedByNumber(const absl::Status& status) {
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInner) << status;
  EXPECT_THAT(status.message(), HasSubstr(absl::StrCat("format version ", kLater, ",")));
}

class LaterVersionTest : public ::testing::Test {
 protected:
  std::string PathOf(std::string_view part) const {
    for (const auto& [path, bytes] : log_.image) {
      if (absl::StrContains(path, part)) return path;
    }
    return "";
  }
  DamageOutcome Run() {
    DamageTrial trial(log_.image);
    return trial.Run();
  }
  KnownLog log_ = MakeSmallLog(/*recycled=*/false);
};

TEST_F(LaterVersionTest, OfTheLogIsToldByNumberAndNothingIsTouched) {
  log_.image["TIDELOG"] = absl::StrCat("tidelog file log, format ", kLater, "\n");
  const DamageOutcome outcome = Run();
  ExpectRefusedByNumber(outcome.reader.status);
  ExpectRefusedByNumber(outcome.opened);
  ExpectRefusedByNumber(outcome.listed);
  EXPECT_EQ(outcome.image_after, log_.image);
}

TEST_F(LaterVersionTest, OfTheManifestIsToldByNumberAndNobodyIsFenced) {
  MakeLaterManifest(&log_.image[PathOf("manifest-")]);
  const DamageOutcome outcome = Run();
  ExpectRefusedByNumber(outcome.reader.status);
  ExpectRefusedByNumber(outcome.opened);
  ExpectRefusedByNumber(outcome.verified);
  EXPECT_EQ(outcome.image_after, log_.image);
}

TEST_F(LaterVersionTest, OfTheLastSegmentIsToldByNumberAndItIsKept) {
  const std::string path = log_.last_file;
  MakeLaterSegment(&log_.image[path]);
  const DamageOutcome outcome = Run();
  ExpectRefusedByNumber(outcome.reader.status);
  ExpectRefusedByNumber(outcome.opened);
  ExpectRefusedByNumber(outcome.verified);
  EXPECT_EQ(outcome.image_after.at(path), log_.image.at(path));
}

TEST_F(LaterVersionTest, OfASealedSegmentIsToldByNumberWhereItBegins) {
  const std::string path = PathOf("-00001-0000000001.seg");
  MakeLaterSegment(&log_.image[path]);
  const DamageOutcome outcome = Run();
  ExpectRefusedByNumber(outcome.reader.status);
  ExpectRefusedByNumber(outcome.gap_reader.status);  // It is no damage, and no gap.
  ExpectRefusedByNumber(outcome.owner.status);
  ExpectRefusedByNumber(outcome.verified);
  EXPECT_EQ(outcome.image_after.at(path), log_.image.at(path));
}

}  // namespace
}  // namespace tidelog::impls::file
