// What the model's world looks like at one moment: a disk, the processes that share it, a reader in
// another process, and what was promised to whom.
//
// Plain bytes, all of it: states are copied, told apart by a fingerprint and counted by the
// million.
#ifndef TIDELOG_IMPLS_FILE_MODEL_STATE_H_
#define TIDELOG_IMPLS_FILE_MODEL_STATE_H_

#include <cstdint>
#include <type_traits>

#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {

inline constexpr int kProcesses = 4;     // Each opens the log once.
inline constexpr int kSegmentsEach = 3;  // Made by one process.
inline constexpr int kSegments = kProcesses * kSegmentsEach;
inline constexpr int kPlaces = 4;       // Groups that a segment has room for.
inline constexpr int kIds = 8;          // Ids go from 1 to 7.
inline constexpr int kListed = 4;       // Segments that a manifest lists.
inline constexpr int kManifests = 8;    // That are on the disk at a time.
inline constexpr int kAppendsEach = 4;  // By one process, what P1 begins with counted in.

inline constexpr uint8_t kNone = 0xFF;
inline constexpr uint8_t kOpen = 0xFE;  // In place of a seal.

// What lands on the device as a whole or not at all: a frame, a name in the directory, TERM.
struct Word {
  uint8_t cached = 0;  // What a read through the page cache finds; 0: nothing was written.
  uint8_t device = 0;  // What a crash of the machine leaves.
  uint8_t dirty = 0;   // The next sync writes it.  Not, and still the two differ: a sync failed.

  void Write(uint8_t value) {
    cached = value;
    dirty = cached != device ? 1 : 0;
  }
  void Sync() {
    if (dirty != 0) device = cached;
    dirty = 0;
  }
  // A read past the page cache pushes what is dirty to the device, but does not flush it there.
  uint8_t direct() const { return dirty != 0 ? cached : device; }
  bool anywhere() const { return cached != 0 || device != 0; }
};

// A group of one record: its frame, and the commit frame that closes it.  Each carries the life, or
// segment id, that it was written in: `life << 4 | value` and `life << 4 | no_record << 3 |
// watermark`.  A commit frame without a record only moves the watermark.
struct Place {
  Word frame;
  Word commit;
};

// An inode.  A recycled one is a segment several times, each time with another life in the header.
struct File {
  Word header;
  Place places[kPlaces];
  uint8_t errors = 0;  // Failed syncs, which each open file is told of once.
};

struct Segment {
  uint8_t base = 0;
  uint8_t file = 0;
  Word name;
};

struct Listed {
  uint8_t segment = 0;
  uint8_t seal = 0;  // Its last id, or kOpen.
};

struct List {
  uint8_t count = 0;
  Listed at[kListed];
};

struct Manifest {
  uint8_t term = 0;
  uint8_t number = 0;
  Word name;
  Word body;  // 1: whole.
  List list;
};

struct Process {
  uint16_t sweeping = 0;          // Segments to unlink, a bit each.
  Step step = Step::kNotStarted;  // What it does next.
  Why why = Why::kClaim;          // Of the publication under way.
  Step resume = Step::kNotStarted;
  uint8_t incarnation = 0;
  uint8_t before = 0;  // The term that owned the channel when this one claimed it.
  uint8_t word = 0;    // To be written to TERM blindly, where swapping is left out.
  List list;           // Of the newest manifest that it read or published.
  uint8_t number = 0;  // Of the last manifest that it tried to publish.
  uint8_t boundary = 0;
  uint8_t returned = kNone;  // The boundary that its Open has returned.
  uint8_t closed = 0;        // Cleanly.
  uint8_t segment = kNone;   // That it writes or, in an open, recovers.
  uint8_t blank = kNone;     // Made and not listed yet.
  uint8_t place = 0;         // Of the next group.
  uint8_t durable = 0;       // The last id that was synced and found unfenced.
  uint8_t watermark = 0;     // The highest in the active segment.
  uint8_t value = 0;         // Of the record in flight.
  uint8_t appended = 0;
  uint8_t errors = 0;  // Of its file, as far as it was told.
  uint8_t scanned = 0;
  uint8_t no_room = 0;  // Why the group in flight failed.
  uint8_t healed = 0;   // 1: a sync of its own failed.  2: and it acknowledged after that.
  uint8_t dropped = kNone;
  uint8_t recyclable = kNone;
  uint8_t spare = 0;
  uint8_t private_file = 0;  // The next manifest's, not linked yet.
  uint8_t made = 0;
  // What it may still do.
  uint8_t appends = 0;
  uint8_t ticks = 0;
  uint8_t rolls = 0;
  uint8_t truncations = 0;
  uint8_t closes = 0;
};

// Reads on, across crashes of the machine, from the first record it was not given.
struct Reader {
  List list;
  uint8_t term = 0;  // Of the manifest it knows; 0: none yet.
  uint8_t number = 0;
  uint8_t next = 1;
  uint8_t segment = kNone;  // That it has open.
  uint8_t file = 0;
  uint8_t seal = 0;
  uint8_t done = kNone;  // The segment it finished, where it does not look up ids.
};

struct State {
  uint16_t not_done = 0;  // Records whose appends ended so, a bit each.
  Word term;
  uint8_t crashes = 0;  // That may still come, as the failures of syncs.
  uint8_t fails = 0;
  uint8_t truncated = 0;  // The last id that was given up.
  uint8_t born = 0;
  uint8_t crashed_in_takeover = 0;
  uint8_t losses = 0;        // Of the newest manifest, that may still come.
  uint8_t lost = 0;          // It came: the log is damaged, and may be refused.
  uint8_t acked[kIds] = {};  // The record that was acknowledged at an id, and the one delivered.
  uint8_t seen[kIds] = {};
  Segment segments[kSegments];
  File files[kSegments];
  Manifest manifests[kManifests];  // By name; behind the last one zeros.
  Process processes[kProcesses];
  Reader reader;
};

static_assert(std::is_trivially_copyable_v<State>);
// Two states are the same if their bytes are: nothing is padding.
static_assert(std::has_unique_object_representations_v<State>);
static_assert(kSegments < 15 && kIds <= 8, "a word has four bits for a life, three for an id");

// Lives and values are never 0, which is what was never written.  A word has four bits for each:
// the last process may append once less.
constexpr uint8_t LifeOf(int segment) { return static_cast<uint8_t>(segment + 1); }
constexpr int MakerOf(int segment) { return segment / kSegmentsEach; }
constexpr uint8_t ValueOf(int process, int append) {
  return static_cast<uint8_t>(1 + kAppendsEach * process + append);
}
constexpr int AppenderOf(uint8_t value) { return (value - 1) / kAppendsEach; }

constexpr uint8_t FrameOf(uint8_t life, uint8_t value) {
  return static_cast<uint8_t>(life << 4 | value);
}
constexpr uint8_t CommitOf(uint8_t life, bool no_record, uint8_t watermark) {
  return static_cast<uint8_t>(life << 4 | (no_record ? 8 : 0) | watermark);
}
constexpr uint8_t LifeIn(uint8_t word) { return word >> 4; }
constexpr uint8_t ValueIn(uint8_t frame) { return frame & 15; }
constexpr bool HasNoRecord(uint8_t commit) { return (commit & 8) != 0; }
constexpr uint8_t WatermarkIn(uint8_t commit) { return commit & 7; }

// TERM, as TermWord::Pack() packs it.
constexpr uint8_t OwnerWord(int term, int incarnation, bool clean) {
  return static_cast<uint8_t>(term << 3 | incarnation << 1 | (clean ? 1 : 0));
}
constexpr uint8_t TermIn(uint8_t word) { return word >> 3; }
constexpr uint8_t IncarnationIn(uint8_t word) { return word >> 1 & 3; }
constexpr bool IsClean(uint8_t word) { return (word & 1) != 0; }

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_STATE_H_
