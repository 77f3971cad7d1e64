// The form of checkpoints: the bytes that wal/doc/checkpoint_format.md shows, and what is refused.
#include "impls/checkpoint/file/checkpoint_format.h"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::checkpoint {
namespace {

constexpr char kDocument[] = "wal/doc/checkpoint_format.md";
constexpr Version kVersion{Term{7}, 2};

std::string Document() {
  std::ifstream file(kDocument);
  return {std::istreambuf_iterator<char>(file), {}};
}

// What is fenced below a heading.
std::string FencedBelow(std::string_view heading) {
  const std::vector<std::string> parts =
      absl::StrSplit(Document(), absl::StrCat("\n### ", heading, "\n"));
  if (parts.size() != 2) return "no such heading";
  const std::vector<std::string> fenced = absl::StrSplit(parts[1], "```");
  if (fenced.size() < 3) return "nothing is fenced";
  return fenced[1].substr(1);
}

CheckpointSet Example() {
  CheckpointSet set;
  set.term = Term{7};
  const MessageId::Origin origin{LogKind::kFile, 0x9f3ac21b, 0};
  set.checkpoints = {
      {"indexer", {MessageId::FromNumber(origin, 4711), TimeTick{449684612000001}}, Term{7}},
      {"mirror", {MessageId::FromNumber(origin, 4000), TimeTick{449684611000000}}, Term{6}}};
  set.chain = "ab";
  return set;
}

std::string ExampleBytes() { return EncodeCheckpoints("orders", kVersion, Example()); }

WalErrorCode CodeOfDecoding(std::string_view bytes, const Version& version = kVersion) {
  return GetWalErrorCode(DecodeCheckpoints("orders", version, bytes).status());
}

TEST(CheckpointFormatTest, TheDocumentShowsAFileAsItIsWritten) {
  EXPECT_EQ(FencedBelow("A file of checkpoints"), ExampleBytes());
  EXPECT_TRUE(absl::StrContains(Document(), absl::StrCat("`", kVersion.FileName(), "`")));
}

TEST(CheckpointFormatTest, TheDocumentShowsCurrentAsItIsWritten) {
  std::string bytes = EmptyCurrent();
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(kVersion.Pack() >> (8 * i));
  std::string shown;
  for (const std::string_view line :
       absl::StrSplit(FencedBelow("CURRENT"), '\n', absl::SkipEmpty())) {
    const std::vector<std::string> columns =
        absl::StrSplit(absl::StripLeadingAsciiWhitespace(line), "  ");
    ASSERT_GE(columns.size(), 2u) << line;
    EXPECT_EQ(columns[0], absl::StrCat(shown.size())) << line;
    std::string byte;
    for (const std::string_view pair : absl::StrSplit(columns[1], ' ')) {
      ASSERT_TRUE(absl::HexStringToBytes(pair, &byte)) << line;
      shown += byte;
    }
  }
  EXPECT_EQ(absl::BytesToHexString(shown), absl::BytesToHexString(bytes));
}

TEST(CheckpointFormatTest, WhatIsWrittenIsReadAlsoWithZerosBehindIt) {
  for (const std::string& bytes : {ExampleBytes(), ExampleBytes() + std::string(5000, '\0')}) {
    const absl::StatusOr<CheckpointSet> set = DecodeCheckpoints("orders", kVersion, bytes);
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_EQ(*set, Example());
  }
  CheckpointSet empty;
  empty.term = Term{7};
  const absl::StatusOr<CheckpointSet> set =
      DecodeCheckpoints("orders", kVersion, EncodeCheckpoints("orders", kVersion, empty));
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(*set, empty);
}

TEST(CheckpointFormatTest, EveryFlippedBitAndEveryCutIsFound) {
  const std::string good = ExampleBytes();
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      EXPECT_NE(CodeOfDecoding(bad), WalErrorCode::kOk) << at << ", bit " << bit;
    }
    EXPECT_EQ(CodeOfDecoding(good.substr(0, at)), WalErrorCode::kCorrupt) << at;
  }
}

TEST(CheckpointFormatTest, AFileOfAnotherNameChannelOrLaterFormIsRefused) {
  EXPECT_EQ(CodeOfDecoding(ExampleBytes(), {Term{7}, 3}), WalErrorCode::kCorrupt);
  EXPECT_EQ(CodeOfDecoding(ExampleBytes(), {Term{8}, 2}), WalErrorCode::kCorrupt);
  EXPECT_EQ(GetWalErrorCode(DecodeCheckpoints("others", kVersion, ExampleBytes()).status()),
            WalErrorCode::kCorrupt);
  EXPECT_EQ(CodeOfDecoding("tidelog checkpoints, format 2\nwhatever"), WalErrorCode::kInner);
}

TEST(CheckpointFormatTest, NamesRoundTripAndOthersAreNone) {
  const Version last{kTermMax, Version::kNumberMax};
  for (const Version& version : {Version{Term{1}, 0}, kVersion, last}) {
    EXPECT_EQ(Version::Parse(version.FileName()), version);
    EXPECT_EQ(Version::Unpack(version.Pack()), version);
  }
  EXPECT_EQ(ParsePrivateName(PrivateName(Term{7})), Term{7});
  for (const char* name :
       {"CURRENT", "checkpoints-7-2", "checkpoints-000000000000007-131072",
        "checkpoints-000000000000000-000002", "checkpoints-000000000000007-000002x",
        "checkpoints-00000000000000 -000002", "private-7", "private-000000000000000"}) {
    EXPECT_FALSE(Version::Parse(name).has_value()) << name;
    EXPECT_FALSE(ParsePrivateName(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace tidelog::impls::checkpoint
