#include "impls/file/model/step.h"

#include <array>
#include <cstddef>

namespace tidelog::impls::file::model {

namespace {

constexpr std::array kSteps = {
    StepInfo{Step::kClaim, "swaps TERM", "TermFile::Claim", "term_file.cc"},
    StepInfo{Step::kReadTerm, "reads TERM", "", ""},
    StepInfo{Step::kWriteTerm, "writes TERM, whatever it holds", "", ""},
    StepInfo{Step::kSyncTerm, "syncs TERM", "TermFile::Claim", "term_file.cc"},
    StepInfo{Step::kReadManifest, "reads the newest manifest", "Takeover::ReadManifest",
             "takeover.cc"},
    StepInfo{Step::kSyncTail, "syncs the last segment", "RecoverTail", "tail_recovery.cc"},
    StepInfo{Step::kReadTail, "reads a group past the page cache", "ScanDirectly",
             "tail_recovery.cc"},
    StepInfo{Step::kSyncTailAgain, "syncs the last segment again", "RecoverTail",
             "tail_recovery.cc"},
    StepInfo{Step::kMakeSegment, "looks at TERM, makes a segment", "SegmentChain::Advance",
             "segment_chain.cc"},
    StepInfo{Step::kListNames, "lists what may be swept", "Takeover::Sweep", "takeover.cc"},
    StepInfo{Step::kLookBeforeSweep, "looks at TERM before it sweeps", "Takeover::Sweep",
             "takeover.cc"},
    StepInfo{Step::kSweep, "unlinks a file that nobody lists", "Takeover::Sweep", "takeover.cc"},
    StepInfo{Step::kReturn, "looks at TERM, and its Open returns", "Takeover::Run", "takeover.cc"},
    StepInfo{Step::kLookBeforeLink, "looks at TERM, with the manifest in a private file",
             "ManifestStore::Publish", "manifest_store.cc"},
    StepInfo{Step::kLink, "links the manifest", "ManifestStore::Link", "manifest_store.cc"},
    StepInfo{Step::kFillManifest, "fills the manifest", "", ""},
    StepInfo{Step::kSyncNames, "syncs the directory", "ManifestStore::Link", "manifest_store.cc"},
    StepInfo{Step::kLookAfterSync, "looks at TERM, with the manifest durable",
             "ManifestStore::Publish", "manifest_store.cc"},
    StepInfo{Step::kUnlink, "unlinks what the manifest made superfluous",
             "SegmentChain::UnlinkDropped", "segment_chain.cc"},
    StepInfo{Step::kWriteRecord, "writes a record's frame", "LogWriter::WriteBytes",
             "log_writer.cc"},
    StepInfo{Step::kWriteCommit, "writes the commit frame", "LogWriter::WriteBytes",
             "log_writer.cc"},
    StepInfo{Step::kLookEarly, "looks at TERM, too early", "", ""},
    StepInfo{Step::kSyncGroup, "syncs the group", "LogWriter::WriteBytes", "log_writer.cc"},
    StepInfo{Step::kAcknowledge, "looks at TERM, and acknowledges", "LogWriter::Finish",
             "log_writer.cc"},
    StepInfo{Step::kWriteWatermark, "writes a watermark, unsynced", "LogWriter::WriteWatermark",
             "log_writer.cc"},
    StepInfo{Step::kMakeSpare, "makes the spare manifest", "ManifestStore::PrepareSpare",
             "manifest_store.cc"},
    StepInfo{Step::kMarkClean, "swaps TERM for the mark of a clean close", "TermFile::MarkClean",
             "term_file.cc"},
    StepInfo{Step::kSyncMark, "syncs TERM: closed", "TermFile::MarkClean", "term_file.cc"},
    StepInfo{Step::kRefresh, "learns of a newer manifest", "ManifestFollower::Refresh",
             "manifest_follower.cc"},
    StepInfo{Step::kOpenPlace, "opens the segment of its next id", "ScanPump::OpenPlace",
             "scan_pump.cc"},
    StepInfo{Step::kDeliver, "delivers a record", "ScanPump::ReadChunk", "scan_pump.cc"},
    StepInfo{Step::kAskManifest, "meets damage, and finds a newer manifest",
             "ScanPump::ManifestMoved", "scan_pump.cc"},
    StepInfo{Step::kCrash, "stops; its page cache is lost", "", ""},
    StepInfo{Step::kLoseManifest, "loses the newest manifest", "", ""},
};

constexpr auto kFirst = static_cast<size_t>(Step::kClaim);

constexpr bool InOrder() {
  for (size_t i = 0; i < kSteps.size(); ++i) {
    if (static_cast<size_t>(kSteps[i].step) != kFirst + i) return false;
  }
  return kSteps.back().step == Step::kLoseManifest;
}
static_assert(InOrder());

}  // namespace

std::span<const StepInfo> Steps() { return kSteps; }

const StepInfo& InfoOf(Step step) { return kSteps.at(static_cast<size_t>(step) - kFirst); }

std::string_view NameOf(Why why) {
  switch (why) {
    case Why::kClaim:
      return "claim";
    case Why::kTakeover:
      return "takeover";
    case Why::kRoll:
      return "roll";
    case Why::kSeal:
      return "seal";
    case Why::kTruncate:
      return "truncation";
    case Why::kClose:
      return "close";
  }
  return "";
}

std::string_view NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFine:
      return "";
    case Outcome::kFenced:
      return "fenced, stops";
    case Outcome::kRefused:
      return "unmatched term";
    case Outcome::kFailed:
      return "FAILS";
    case Outcome::kNoRoom:
      return "NO ROOM";
    case Outcome::kGone:
      return "position gone";
    case Outcome::kDamage:
      return "DAMAGE";
  }
  return "";
}

std::string_view NameOf(Broken broken) {
  switch (broken) {
    case Broken::kNothing:
      return "nothing";
    case Broken::kAckedLost:
      return "an acknowledged record is lost";
    case Broken::kAckedReplaced:
      return "another record has the id of an acknowledged one";
    case Broken::kDeliveredLost:
      return "a record that a reader was given has vanished";
    case Broken::kDeliveredReplaced:
      return "another record has the id of one that a reader was given";
    case Broken::kTwoAcksOfOneId:
      return "two records are acknowledged at one id";
    case Broken::kLowerTermBeyondBoundary:
      return "a record of a lower term lies beyond a boundary that an open has returned";
    case Broken::kNotDoneIsVisible:
      return "a record whose append ended not done is in the log";
    case Broken::kManifestMissing:
      return "a log that was made has no manifest";
    case Broken::kListedFileMissing:
      return "a file that the newest manifest lists is missing";
    case Broken::kListedFileOverwritten:
      return "a file that the newest manifest lists is another segment's";
    case Broken::kIdsDoNotChain:
      return "the ids of the newest manifest's segments do not chain";
    case Broken::kTruncatedTooFar:
      return "a record is gone that nobody truncated";
    case Broken::kHealthyLogRefused:
      return "an open takes a healthy log for a damaged one";
    case Broken::kReaderToldCorrupt:
      return "a reader takes a healthy log for a damaged one";
    case Broken::kReaderToldGone:
      return "a reader is told that its place is gone, and nothing was truncated";
    case Broken::kReaderSkips:
      return "a reader skips a record";
    case Broken::kLowerOpenReturns:
      return "an open returns after a higher term's has";
    case Broken::kTwoOpensOfOneTerm:
      return "two opens of one term return, without a clean close between them";
    case Broken::kTruncationRefused:
      return "a full disk stops truncation";
  }
  return "";
}

}  // namespace tidelog::impls::file::model
