// The bytes of a segment.  wal/doc/file_format.md explains them with a worked example.
//
//   segment := header-block(4096) group* footer?
//   group   := (record-frame | gap-frame)* commit-frame    durable, and acknowledged, as a whole
//   frame   := FrameHeader payload padding    padding: zeros up to a multiple of 8
//   footer  := index-frame                    written by the owner when it seals
//
// Integers are little-endian.  No byte is written twice.  A frame's magic and type are not zero, so
// zeros are never a frame; its checksum covers its place in the file and is seeded with the
// segment's random id, so neither stale nor misdirected bytes verify.
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_FORMAT_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "impls/file/names.h"

namespace tidelog::impls::file {

inline constexpr uint64_t kSegmentHeaderSize = 4096;
inline constexpr uint64_t kFrameAlignment = 8;
// Above the largest record there can be, a payload of a GiB with its properties.
inline constexpr uint64_t kFramePayloadMax = uint64_t{5} << 28;

using SegmentUuid = std::array<uint8_t, 16>;

// The first block of a segment, decoded.
struct SegmentHeader {
  std::string channel;
  SegmentUuid uuid = {};  // Random: no other segment's, not that of the file's earlier use either.
  SegmentName name;
  uint64_t base_id = 0;     // Of its first record.
  uint32_t base_chain = 0;  // Chain checksum of the log before it.
  uint64_t capacity = 0;    // The file is at least this long, from before the manifest lists it.
  bool recycled = false;  // What nobody wrote yet holds bytes of the file's earlier use, not zeros.
  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

// kSegmentHeaderSize bytes.  Requires: what DecodeSegmentHeader() checks.
std::string EncodeSegmentHeader(const SegmentHeader& header);
// Takes the first kSegmentHeaderSize bytes.  kCorrupt: which field is wrong.  kInner: written by a
// newer format version, named.
absl::StatusOr<SegmentHeader> DecodeSegmentHeader(std::string_view block);

enum class FrameType : uint8_t { kRecord = 1, kCommit = 2, kIndex = 3, kGap = 4 };

struct FrameHeader {
  uint32_t crc;   // CRC32C, seeded, over the frame's offset and every byte of it behind this field.
  uint32_t size;  // Of the payload, without padding.
  uint32_t id_delta;  // Id minus the segment's base.  Record: its id.  Gap: its first.
                      // Commit, index: the last id so far, plus one.
  uint8_t magic;      // kFrameMagic
  uint8_t type;       // FrameType
  uint16_t check;  // Low half of the checksum up to here: a bad size is found before the payload.
};
static_assert(sizeof(FrameHeader) == 16);
inline constexpr uint8_t kFrameMagic = 0xD7;

constexpr uint64_t FrameSize(uint64_t payload_size) {
  return (sizeof(FrameHeader) + payload_size + kFrameAlignment - 1) & ~(kFrameAlignment - 1);
}

// Closes a group, or, with an empty range, only moves the watermark of an idle log.
struct CommitPayload {
  uint64_t first_id = 0;  // Of the group; last_id + 1 if it is empty.
  uint64_t last_id = 0;
  uint64_t watermark = 0;  // All up to it was durable, and found unfenced, before this was written.
  uint64_t last_tick = 0;  // Of the newest record so far; 0: none.
  uint64_t newest_time_tick_id = 0;  // Of the newest stored TimeTick, in any segment; 0: none.
  uint32_t chain = 0;     // Over the chain before, the group's frame checksums, the fields above.
  uint32_t reserved = 0;  // 0
  friend bool operator==(const CommitPayload&, const CommitPayload&) = default;
};
static_assert(sizeof(CommitPayload) == 48);
inline constexpr uint64_t kCommitFrameSize = FrameSize(sizeof(CommitPayload));

// Ids whose records are lost.  Written by an operator's repair only, never by a log.
struct Gap {
  uint64_t first_id = 0;
  uint64_t last_id = 0;
  std::string_view reason;  // For people.
};

// A place to start reading near an id or a tick.
struct IndexEntry {
  uint64_t id = 0;      // Of the first record of a group.
  uint64_t tick = 0;    // Of that record.
  uint64_t offset = 0;  // Of the group's first frame.
  uint32_t chain = 0;   // Before the group.
  uint32_t reserved = 0;
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};
static_assert(sizeof(IndexEntry) == 32);

// Appends frames of one segment to a buffer, and keeps the chain.  Thread-compatible.
class FrameEncoder {
 public:
  FrameEncoder(const SegmentUuid& uuid, uint64_t base_id, uint32_t base_chain);

  // Appends a record frame that will lie at `offset` of the file.  Requires: ids are consecutive,
  // less than 2^32 above the base; 0 < record.size() <= kFramePayloadMax; offset is aligned.
  void AppendRecord(uint64_t id, uint64_t offset, std::string_view record, std::vector<char>* out);
  // As AppendRecord(), for all of the ids of `gap`.
  void AppendGap(const Gap& gap, uint64_t offset, std::vector<char>* out);
  // Appends the commit frame of the records since the last one.
  // Requires: last_id is the last one appended; watermark is below the group's first id.
  void AppendCommit(uint64_t offset, uint64_t last_id, uint64_t watermark, uint64_t last_tick,
                    uint64_t newest_time_tick_id, std::vector<char>* out);
  // Appends the footer.  Requires: no records since the last commit frame.
  void AppendIndex(uint64_t offset, const std::vector<IndexEntry>& index, std::vector<char>* out);

  // Behind the last commit frame.
  uint64_t next_id() const { return first_id_; }
  uint32_t chain() const { return chain_; }

 private:
  // Returns the frame's checksum.
  uint32_t AppendFrame(FrameType type, uint32_t id_delta, uint64_t offset, std::string_view payload,
                       std::vector<char>* out);
  uint32_t DeltaOf(uint64_t id) const;

  const uint32_t seed_;
  const uint64_t base_id_;
  uint64_t first_id_;       // Of the group being built.
  uint64_t next_id_;        // Of the next record.
  uint32_t chain_;          // Before that group.
  uint32_t running_chain_;  // The same, over its frames so far.
};

// One frame, found in a buffer.
struct Frame {
  FrameType type{};
  uint64_t offset = 0;       // In the file.
  uint64_t id = 0;           // Record: its id.  Gap: its first.  Commit, index: the last id so far.
  std::string_view payload;  // Into the buffer.
  uint32_t crc = 0;
  uint64_t size() const { return FrameSize(payload.size()); }
  uint64_t end_offset() const { return offset + size(); }
};

enum class FrameVerdict {
  kGood,
  kShort,  // The buffer ends before the frame does: read more.
  kBad,    // Not a frame of this segment at this place.
};

// Checks and decodes frames of one segment.  Safe on any bytes.  Thread-compatible.
class FrameDecoder {
 public:
  FrameDecoder(const SegmentUuid& uuid, uint64_t base_id);
  // The frame at the start of `bytes`, which lie at `offset` of the file.  kGood: `frame` is set;
  // kShort: `size_needed` is, to how many bytes to have for another try.
  FrameVerdict Decode(std::string_view bytes, uint64_t offset, Frame* frame,
                      uint64_t* size_needed) const;

 private:
  const uint32_t seed_;
  const uint64_t base_id_;
};

// What is in a good frame.  None: wrong type, or fields that contradict each other.
std::optional<CommitPayload> ParseCommit(const Frame& frame);
std::optional<Gap> ParseGap(const Frame& frame);
std::optional<std::vector<IndexEntry>> ParseIndex(const Frame& frame);

// Follows ids and chain over good frames in order.  After a false it is of no more use.
// Thread-compatible.
class ChainChecker {
 public:
  // `next_id` and `chain` as before the first group to come.
  ChainChecker(uint64_t next_id, uint32_t chain)
      : next_id_(next_id), pending_id_(next_id), chain_(chain), running_chain_(chain) {}
  // A record or gap.  False: not the next id.
  bool OnRecord(const Frame& frame);
  // False: the commit frame does not belong to the records before it.
  bool OnCommit(const Frame& frame, CommitPayload* commit);

  // Behind the last good commit frame.
  uint64_t next_id() const { return next_id_; }
  uint32_t chain() const { return chain_; }
  // Behind the last good record, committed or not.
  uint64_t pending_id() const { return pending_id_; }

 private:
  uint64_t next_id_;
  uint64_t pending_id_;
  uint32_t chain_;
  uint32_t running_chain_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_FORMAT_H_
