// What the interfaces promise by their form alone: misuse that does not compile.
#include <concepts>
#include <utility>

#include "gtest/gtest.h"
#include "wal/wal.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::walimpls {
namespace {

// The expressions that a caller would write.  Where one is ill-formed the concept is false, so that
// `!CanAppend<RoWalImpls>` holds exactly if `log.Append(group)` does not compile.  The writers
// beside them show that it is the method that is missing, and not a slip in the expression.
template <class Log>
concept CanAppend = requires(Log& log, Group group) {
  log.Append(std::move(group));
};
template <class Log>
concept CanTruncate = requires(Log& log, Position mark) {
  log.Truncate(mark);
};
template <class Log>
concept CanRead = requires(Log& log, ScanOptions options) {
  log.Read(options);
};

static_assert(CanAppend<WalImpls> && CanTruncate<WalImpls> && CanRead<WalImpls>);
static_assert(!CanAppend<RoWalImpls>, "a log opened for reading must have no Append() (A3)");
static_assert(!CanTruncate<RoWalImpls>, "a log opened for reading must have no Truncate() (A3)");
static_assert(CanRead<RoWalImpls>);

// The same one floor up.
template <class Log>
concept CanAppendMessage = requires(Log& log, MutableMessage message, AppendOptions options) {
  log.Append(std::move(message), options);
};
static_assert(CanAppendMessage<Wal> && CanTruncate<Wal>);
static_assert(!CanAppendMessage<RoWal> && !CanTruncate<RoWal>);

// A reader is not a writer in disguise, but a writer reads.
static_assert(!std::convertible_to<RoWalImpls*, WalImpls*>);
static_assert(std::convertible_to<WalImpls*, RoWalImpls*>);
static_assert(!std::convertible_to<RoWal*, Wal*>);

TEST(ContractTest, AScannerStopsAtBadBytesUnlessToldOtherwise) {
  EXPECT_EQ(ScanOptions{}.on_corrupt, ReadOptions::OnCorrupt::kStop);
}

TEST(ContractTest, AScanWithoutOptionsReadsEverythingForEver) {
  EXPECT_TRUE(std::holds_alternative<ScanEarliest>(ScanOptions{}.from));
  EXPECT_FALSE(ScanOptions{}.until.has_value());
}

}  // namespace
}  // namespace tidelog::walimpls
