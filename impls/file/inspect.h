// Inspect: looks at the files of a channel without changing anything: verify, dump, list.
//
// For tools, and for tests that want to know what a crash left behind.  Verify() reads segments
// past the page cache, but for the one that a live owner is adding to; everything else is read
// through it.  Takes no lock and claims no term, so it may run beside a live owner; what the owner
// is in the middle of writing is then not taken for damage.
//
// Operations run on the executor that they are called on, and hold some chunks, or the longest
// group, in memory at a time.  `files` must outlive them.
#ifndef TIDELOG_IMPLS_FILE_INSPECT_H_
#define TIDELOG_IMPLS_FILE_INSPECT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_format.h"
#include "impls/file/term_word.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

enum class Severity {
  kOk,    // Checked, and as it should be.
  kGap,   // Records that a repair has given up; a reader that accepts gaps goes on behind them.
  kTorn,  // Written and never acknowledged; the next open drops it.
  // Not what was written, or gone.  An open, or a reader there, refuses with kCorrupt; only a
  // damaged index they do without.
  kCorrupt,
  kOrphan,  // A file that no manifest lists; the owner sweeps it, unless it is no file of a log.
};

// "OK", "GAP", "TORN", "CORRUPT", "ORPHAN".
std::string_view SeverityName(Severity severity);

struct Finding {
  Severity severity = Severity::kOk;
  std::string file;         // Its name in the channel's directory.
  uint64_t byte_begin = 0;  // [begin, end); equal: the whole file.
  uint64_t byte_end = 0;
  uint64_t first_id = 0;  // 0: no ids are concerned, or not known which.
  uint64_t last_id = 0;   // 0, with a first one: open-ended.
  std::string sentence;
};

// A channel as its TERM and newest manifest describe it.
struct ChannelInfo {
  std::string channel;
  TermWord owner;
  bool live = false;  // Somebody holds the LOCK.
  // None: nothing was published yet.
  std::optional<Manifest> manifest;
};

// What Verify() finds wrong with a segment, for whoever repairs it.
struct SegmentFaults {
  bool unreadable = false;   // Bytes that count are missing or bad, or the header is.
  bool no_record = false;    // A good frame holds what is no record.
  bool contradicts = false;  // Records or commit frames do not fit one another.
  bool bad_index = false;
  bool bad_seal_ticks = false;  // The manifest says other ticks than the last group.
  friend bool operator==(const SegmentFaults&, const SegmentFaults&) = default;
};

struct SegmentSummary {
  ManifestSegment listed;
  SegmentFaults faults;
  uint64_t file_size = 0;
  uint64_t end_offset = 0;  // Behind the last good group.
  uint64_t group_count = 0;
  uint64_t record_count = 0;
  uint64_t payload_bytes = 0;   // Of records, as stored.
  uint64_t given_up_count = 0;  // Ids in gaps.
  std::optional<CommitPayload> last_commit;
  uint64_t last_id = 0;
  uint64_t watermark = 0;
};

struct VerifyReport {
  ChannelInfo info;
  std::vector<SegmentSummary> segments;
  std::vector<Finding> findings;  // TERM and manifest, segments in log order, other files by name.
  bool HasCorruption() const;
};

struct InspectOptions {
  size_t chunk_bytes = 1 << 20;     // Its buffers fit a cache: 4 MiB takes 5% longer.
  int findings_per_file_max = 100;  // After that many, the rest of a file is not looked at.
};

// One thing in a file: exactly one of these is set, but `commit` beside its frame.
struct DumpItem {
  std::string file;
  const SegmentHeader* header = nullptr;
  const Frame* frame = nullptr;           // A good frame, committed or not.
  const CommitPayload* commit = nullptr;  // Of a commit frame.
  const Finding* damage = nullptr;        // What cannot be read, or does not count, from there on.
};

// Names of the channels below a log's directory, sorted.  kInvalidArgument: `dir` is not marked as
// a file log.  kCorrupt: the mark is damaged, or lost.  kInner: of a newer format version.  Others:
// what the file system says.
Future<absl::StatusOr<std::vector<std::string>>> ListChannels(FileSystem* files, std::string dir);

// Reads TERM and the newest manifest of DIR/CHANNEL.  kChannelNotExist; kCorrupt, kInner: from
// there; others: what the file system says.
Future<absl::StatusOr<ChannelInfo>> ReadChannelInfo(FileSystem* files, std::string dir,
                                                    std::string channel);

// Reads everything: each frame, checksum and record of each listed segment, chain and watermarks,
// indexes, TERM, and what else lies in the directory.  Damage is a finding, not an error.
// kChannelNotExist: there is no such channel.  kInner: it is of a newer format version.
// kUnavailable: the log changed faster than it could be read.  Others: what the file system says.
Future<absl::StatusOr<VerifyReport>> Verify(FileSystem* files, std::string dir, std::string channel,
                                            InspectOptions options);

// Calls `on_item` with each frame of each listed segment, in order of the log, until it returns
// false.  Damage is given where it lies, behind the good frames of a group that does not count.
// Views are valid during the call.  Errors: as ReadChannelInfo()'s.
Future<absl::Status> Dump(FileSystem* files, std::string dir, std::string channel,
                          InspectOptions options,
                          absl::AnyInvocable<bool(const DumpItem&)> on_item);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_INSPECT_H_
