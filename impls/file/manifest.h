// Manifest: which segments make up a channel's log, and where each ends.
//
// A manifest file is written whole and synced under a private name, then linked to its own name,
// which fails if that is taken, and its directory is synced: it is never seen incomplete.  The
// newest one is the truth; a bad newest one is refused, never skipped.
//
//   manifest-file := magic(8) version:u32 size:u32 crc:u32 zero:u32 message(size) padding
//
// `message` is a protocol buffer (manifest.proto) and the padding zeros, to a multiple of 4096 and,
// in a file that was preallocated, beyond.  The checksum covers all in front of the padding.
#ifndef TIDELOG_IMPLS_FILE_MANIFEST_H_
#define TIDELOG_IMPLS_FILE_MANIFEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/names.h"
#include "impls/file/segment_format.h"
#include "wal/types.h"

namespace tidelog::impls::file {

inline constexpr uint64_t kManifestAlignment = 4096;

// Where a sealed segment ends.  What lies behind is ignored for ever.
struct Seal {
  uint64_t last_id = 0;              // base_id - 1: it holds nothing.
  uint64_t end_offset = 0;           // Behind its last good commit frame.
  uint32_t chain = 0;                // There.
  uint64_t last_tick = 0;            // Of the newest record at or below last_id; 0: none.
  uint64_t newest_time_tick_id = 0;  // At or below last_id, in any segment; 0: none.
  uint64_t index_offset = 0;         // Of the owner's index frame; 0: none, or in a side file.
  bool side_index = false;
  friend bool operator==(const Seal&, const Seal&) = default;
};

struct ManifestSegment {
  SegmentName name;
  SegmentUuid uuid = {};
  uint64_t base_id = 0;
  uint32_t base_chain = 0;
  std::optional<Seal> seal;  // None: unsealed; only the last one may be.
  // An operator's repair made it in place of another, with gaps for what was lost: its name is the
  // repairer's, and the chain does not lead on from it.
  bool repaired = false;
  friend bool operator==(const ManifestSegment&, const ManifestSegment&) = default;
};

// What truncation has forgotten (G3): messages with ticks at or below `tick`; ids below `id` may be
// gone.
struct TruncationMark {
  uint64_t id = 0;
  uint64_t tick = 0;  // 0: nothing was truncated.
  friend bool operator==(const TruncationMark&, const TruncationMark&) = default;
};

struct Manifest {
  std::string channel;
  ManifestName name;
  uint32_t incarnation = 0;  // Of the writer, with name.term.
  TruncationMark mark;
  std::vector<ManifestSegment> segments;  // In log order.
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// The bytes of its file, a multiple of kManifestAlignment.
std::string EncodeManifest(const Manifest& manifest);

// Takes the bytes of a whole file.  kCorrupt: which part is wrong.  kInner: written by a newer
// format version, named.  What it says is checked by CheckManifest(), not here.
absl::StatusOr<Manifest> DecodeManifest(std::string_view bytes);

// There is a segment, names and ids of segments are distinct and in order, ids chain from segment
// to segment (and the first begins where the mark allows), only the last is unsealed, seals lie in
// their segments, terms do not decrease and do not exceed the manifest's.  kCorrupt: says where
// not.  Check what is about to be written, too.
absl::Status CheckManifest(const Manifest& manifest);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_MANIFEST_H_
