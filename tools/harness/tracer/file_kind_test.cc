#include "tools/harness/tracer/file_kind.h"

#include "gtest/gtest.h"
#include "tools/harness/tracer/system_calls.h"

namespace tidelog::harness {
namespace {

TEST(FileKindTest, TellsTheFilesOfALogApartAndNothingElse) {
  EXPECT_EQ(FileKind("/d/log", "/d/log"), "directory");
  EXPECT_EQ(FileKind("/d/log", "/d/log/TIDELOG"), "marker");
  EXPECT_EQ(FileKind("/d/log", "/d/log/.TIDELOG-17"), "private-marker");
  EXPECT_EQ(FileKind("/d/log", "/d/log/c"), "channel");
  EXPECT_EQ(FileKind("/d/log", "/d/log/c/TERM"), "TERM");
  EXPECT_EQ(FileKind("/d/log", "/d/log/c/LOCK"), "LOCK");
  EXPECT_EQ(FileKind("/d/log", "/d/log/c/000000000000001-00001-0000000001.seg"), "segment");
  EXPECT_EQ(FileKind("/d/log", "/d/log/c/000000000000001-00001-0000000001.idx"), "index");
  EXPECT_EQ(FileKind("/d/log", "/d/log/c/manifest-000000000000001-00000000000000000007"),
            "manifest");
  EXPECT_EQ(FileKind("/d/log", "/d/log/c/private-000000000000001-00001-00000000000000000001"),
            "private");
  EXPECT_EQ(FileKind("/d/log", "/d/log/c/TERM (deleted)"), "TERM");
  EXPECT_EQ(FileKind("/d/log", "/d/log/c/holiday.jpg"), "other");
  for (const char* path : {"/d", "/d/logs", "/d/logs/c/TERM", "/d/acks", "socket:[17]", ""}) {
    EXPECT_EQ(FileKind("/d/log", path), "") << path;
  }
}

TEST(SystemCallsTest, KnowsTheFirstAndHasNoneThatIsNotThere) {
  ASSERT_NE(FindSystemCall(0), nullptr);
  EXPECT_EQ(FindSystemCall(0)->name, "read");
  EXPECT_EQ(FindSystemCall(1u << 20), nullptr);
}

}  // namespace
}  // namespace tidelog::harness
