// The form of chains: the bytes that wal/doc/checkpoint_format.md shows, and what is refused.
#include "adaptor/chain/backend_chain.h"

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

constexpr char kDocument[] = "wal/doc/checkpoint_format.md";

std::string FencedBelow(std::string_view heading) {
  std::ifstream file(kDocument);
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  const std::vector<std::string> parts =
      absl::StrSplit(document, absl::StrCat("\n### ", heading, "\n"));
  if (parts.size() != 2) return "no such heading";
  const std::vector<std::string> fenced = absl::StrSplit(parts[1], "```");
  return fenced.size() < 3 ? "nothing is fenced" : fenced[1].substr(1);
}

BackendChain Example() {
  BackendChain chain = UnswitchedChain("file");
  chain.links[0].log = 0x1a2b3c4d;
  chain.links.push_back({1,
                         {"file", {{"dir", "/mnt/larger disk\n"}, {"segment_bytes", "1048576"}}},
                         Term{8},
                         TimeTick{449684612000001},
                         0xff});
  chain.links.push_back({2, {"memory", {}}, Term{9}, TimeTick{449684699000000}});
  return chain;
}

absl::StatusOr<BackendChain> Decode(std::string_view bytes) { return DecodeChain(bytes, "file"); }

// What is wrong with it is not its checksum.
bool IsRefused(const BackendChain& chain) {
  return GetWalErrorCode(Decode(EncodeChain(chain)).status()) == WalErrorCode::kCorrupt;
}

TEST(BackendChainTest, TheDocumentShowsAChainAsItIsWritten) {
  EXPECT_EQ(FencedBelow("A chain"), EncodeChain(Example()));
}

TEST(BackendChainTest, WhatIsWrittenIsRead) {
  BackendChain chain = Example();
  for (; !chain.links.empty(); chain.links.erase(chain.links.begin())) {
    const absl::StatusOr<BackendChain> read = Decode(EncodeChain(chain));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, chain);
  }
}

TEST(BackendChainTest, ALogWithoutOneHasOneLink) {
  const absl::StatusOr<BackendChain> chain = Decode("");
  ASSERT_TRUE(chain.ok()) << chain.status();
  EXPECT_EQ(*chain, UnswitchedChain("file"));
  EXPECT_EQ(chain->last().epoch, 0u);
}

TEST(BackendChainTest, EveryFlippedBitAndEveryCutIsFound) {
  const std::string good = EncodeChain(Example());
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      EXPECT_FALSE(Decode(bad).ok()) << at << ", bit " << bit;
    }
  }
  for (size_t at = 1; at < good.size(); ++at) EXPECT_FALSE(Decode(good.substr(0, at)).ok()) << at;
  EXPECT_FALSE(Decode(good + "\n").ok());
}

TEST(BackendChainTest, OfALaterFormItSaysSo) {
  const absl::StatusOr<BackendChain> chain = Decode("tidelog chain, format 2\nwhatever");
  EXPECT_EQ(GetWalErrorCode(chain.status()), WalErrorCode::kInner);
  EXPECT_NE(chain.status().message().find("format 2"), std::string_view::npos);
}

// Each link follows the one before: in its epoch, its term and its ticks.
TEST(BackendChainTest, LinksThatDoNotFollowOneAnotherAreRefused) {
  EXPECT_TRUE(IsRefused(BackendChain()));
  BackendChain chain = Example();
  chain.links.erase(chain.links.begin() + 1);
  EXPECT_TRUE(IsRefused(chain));
  chain = Example();
  std::swap(chain.links[1], chain.links[2]);
  EXPECT_TRUE(IsRefused(chain));
  chain = Example();
  chain.links[2].after = chain.links[1].after;
  EXPECT_TRUE(IsRefused(chain));
  chain = Example();
  chain.links[2].first_term = chain.links[1].first_term;
  EXPECT_TRUE(IsRefused(chain));
  chain = Example();
  chain.links[0].target.config["dir"] = "/a";
  EXPECT_TRUE(IsRefused(chain));
  chain = Example();
  chain.links[1].log.reset();  // Somebody has ended it, so it is known which log it is.
  EXPECT_TRUE(IsRefused(chain));
}

TEST(BackendChainTest, TellsPeopleWhereTheLogLies) {
  EXPECT_EQ(UnswitchedChain("file").ToString(), "file of epoch 0");
  EXPECT_EQ(Example().ToString(),
            "file of epoch 0, then file dir=/mnt/larger disk\\n segment_bytes=1048576 of epoch 1 "
            "from term 8 on, then memory of epoch 2 from term 9 on");
}

}  // namespace
}  // namespace tidelog::adaptor
