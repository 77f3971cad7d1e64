#include "tools/walctl/txn_script.h"

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/status.h"

namespace tidelog::walctl {
namespace {

using ::testing::HasSubstr;
using Kind = TxnStep::Kind;

TxnStep Parsed(std::string_view line) {
  const absl::StatusOr<std::optional<TxnStep>> step = ParseTxnStep(line);
  if (!step.ok() || !step->has_value()) return {Kind::kBegin, "nothing", step.status().ToString()};
  return **step;
}

void ExpectWrong(std::string_view line, std::string_view words) {
  const absl::StatusOr<std::optional<TxnStep>> step = ParseTxnStep(line);
  EXPECT_EQ(GetWalErrorCode(step.status()), WalErrorCode::kInvalidArgument) << line;
  EXPECT_THAT(step.status().message(), HasSubstr(std::string(words)));
}

TEST(TxnScriptTest, ReadsEachStep) {
  EXPECT_EQ(Parsed("begin a"), (TxnStep{Kind::kBegin, "a", ""}));
  EXPECT_EQ(Parsed("append a x"), (TxnStep{Kind::kAppend, "a", "x"}));
  EXPECT_EQ(Parsed("append - x"), (TxnStep{Kind::kAppend, "", "x"}));
  EXPECT_EQ(Parsed("commit a-1.B_2"), (TxnStep{Kind::kCommit, "a-1.B_2", ""}));
  EXPECT_EQ(Parsed("  rollback  a  "), (TxnStep{Kind::kRollback, "a", ""}));
}

TEST(TxnScriptTest, KeepsAPayloadByteForByte) {
  EXPECT_EQ(Parsed("append a  x y \t\r").payload, " x y \t\r");
  EXPECT_EQ(Parsed("append a").payload, "");
  EXPECT_EQ(Parsed("append a ").payload, "");
  const std::string bytes("\xff\x00\xc3", 3);
  EXPECT_EQ(Parsed("append a " + bytes).payload, bytes);
}

TEST(TxnScriptTest, PassesEmptyLinesAndComments) {
  for (const char* line : {"", "  ", "\r", "# begin a", "  #"}) {
    const absl::StatusOr<std::optional<TxnStep>> step = ParseTxnStep(line);
    ASSERT_TRUE(step.ok()) << line;
    EXPECT_FALSE(step->has_value()) << line;
  }
}

TEST(TxnScriptTest, SaysWhatIsWrong) {
  ExpectWrong("frobnicate a", "'frobnicate' is no step; the steps are: begin NAME");
  ExpectWrong("\xff\xfe x", "'\\xff\\xfe' is no step");
  ExpectWrong(std::string(5000, 'x'), "xxx...' is no step");
  ExpectWrong("begin", "begin takes a NAME");
  ExpectWrong("commit  ", "commit takes a NAME");
  ExpectWrong("commit a b", "commit takes a NAME and no more, not 'b'");
  ExpectWrong("begin a\r", "'a\\r' is no NAME");
  ExpectWrong("append a/b x", "'a/b' is no NAME");
  ExpectWrong("begin " + std::string(kTxnNameMax + 1, 'x'), "is no NAME");
  ExpectWrong("rollback -", "only append takes '-'");
}

}  // namespace
}  // namespace tidelog::walctl
