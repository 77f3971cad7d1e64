// The steps of the protocol, each with the function that takes it, and what can go wrong.
#ifndef TIDELOG_IMPLS_FILE_MODEL_STEP_H_
#define TIDELOG_IMPLS_FILE_MODEL_STEP_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace tidelog::impls::file::model {

enum class Step : uint8_t {
  // Takes none.
  kNotStarted,
  kServing,
  kClosed,
  kOver,
  kCrashed,
  // An open.
  kClaim,
  kReadTerm,
  kWriteTerm,
  kSyncTerm,
  kReadManifest,
  kSyncTail,
  kReadTail,
  kSyncTailAgain,
  kMakeSegment,
  kListNames,
  kLookBeforeSweep,
  kSweep,
  kReturn,
  // A publication.
  kLookBeforeLink,
  kLink,
  kFillManifest,
  kSyncNames,
  kLookAfterSync,
  kUnlink,
  // An owner.
  kWriteRecord,
  kWriteCommit,
  kLookEarly,
  kSyncGroup,
  kAcknowledge,
  kWriteWatermark,
  kMakeSpare,
  kMarkClean,
  kSyncMark,
  // A reader.
  kRefresh,
  kOpenPlace,
  kDeliver,
  kAskManifest,
  // The machine, and whoever else has its hands on the disk.
  kCrash,
  kLoseManifest,
};

// What a manifest is published for.
enum class Why : uint8_t { kClaim, kTakeover, kRoll, kSeal, kTruncate, kClose };

std::string_view NameOf(Why why);

struct StepInfo {
  Step step;
  std::string_view does;      // "swaps TERM"
  std::string_view function;  // "TermFile::Claim"; empty: no code of the log does that.
  std::string_view file;      // "term_file.cc"
};

// All that do something, in the order of the enum.
std::span<const StepInfo> Steps();
const StepInfo& InfoOf(Step step);

// How a step ended.
enum class Outcome : uint8_t {
  kFine,
  kFenced,   // It found a higher owner, and stops.
  kRefused,  // kUnmatchedTerm.
  kFailed,   // A sync failed.
  kNoRoom,
  kGone,  // kPositionGone.
  kDamage,
};

std::string_view NameOf(Outcome outcome);

// What must never be.
enum class Broken : uint8_t {
  kNothing,
  kAckedLost,
  kAckedReplaced,
  kDeliveredLost,
  kDeliveredReplaced,
  kTwoAcksOfOneId,
  kLowerTermBeyondBoundary,
  kNotDoneIsVisible,
  kManifestMissing,
  kListedFileMissing,
  kListedFileOverwritten,
  kIdsDoNotChain,
  kTruncatedTooFar,
  kHealthyLogRefused,
  kReaderToldCorrupt,
  kReaderToldGone,
  kReaderSkips,
  kLowerOpenReturns,
  kTwoOpensOfOneTerm,
  kTruncationRefused,
};

// A sentence without its full stop: "an acknowledged record is lost".
std::string_view NameOf(Broken broken);

inline constexpr uint8_t kReaderActs = 0xFE;
inline constexpr uint8_t kMachineActs = 0xFD;

// A step that was taken.
struct Label {
  uint8_t actor = 0;  // The index of a process, or one of the two above.
  Step step = Step::kNotStarted;
  Outcome outcome = Outcome::kFine;
  uint32_t landed = 0;  // Of a failed sync or a crash: which dirty words landed, a bit each.
  Broken broken = Broken::kNothing;
};

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_STEP_H_
