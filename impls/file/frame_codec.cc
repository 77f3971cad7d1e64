// Frames: encoding, decoding, and the chain through them.
#include <cstring>
#include <limits>

#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "impls/file/little_endian.h"
#include "impls/file/segment_format.h"
#include "wal/base/mutant.h"

namespace tidelog::impls::file {

namespace {

// Places in a frame's header.
constexpr size_t kSizeAt = 4;
constexpr size_t kIdDeltaAt = 8;
constexpr size_t kMagicAt = 12;
constexpr size_t kTypeAt = 13;
constexpr size_t kCheckAt = 14;

// Places in a commit frame's payload.
constexpr size_t kFirstIdAt = 0;
constexpr size_t kLastIdAt = 8;
constexpr size_t kWatermarkAt = 16;
constexpr size_t kLastTickAt = 24;
constexpr size_t kNewestTimeTickIdAt = 32;
constexpr size_t kChainAt = 40;
constexpr size_t kCommitReservedAt = 44;

// A gap's payload: first and last id, then the reason.
constexpr size_t kGapFixedSize = 16;
constexpr size_t kGapReasonMax = 1 << 16;

uint32_t SeedOf(const SegmentUuid& uuid) {
  if (MutantIs(Mutant::kRecycledKeepsIdentity)) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(uuid.data()), uuid.size());
  return static_cast<uint32_t>(absl::ComputeCrc32c(bytes));
}

uint32_t Extend(uint32_t crc, std::string_view bytes) {
  return static_cast<uint32_t>(absl::ExtendCrc32c(absl::crc32c_t{crc}, bytes));
}

// The checksum over a frame's offset and its header up to `check`, which holds the low half of it.
uint32_t HeaderCrc(uint32_t seed, uint64_t offset, const char* header) {
  char bytes[sizeof(uint64_t) + kCheckAt - kSizeAt];
  StoreLittleEndian<uint64_t>(bytes, offset);
  std::memcpy(bytes + sizeof(uint64_t), header + kSizeAt, kCheckAt - kSizeAt);
  return Extend(seed, std::string_view(bytes, sizeof(bytes)));
}

uint32_t ChainOverFrame(uint32_t chain, uint32_t frame_crc) {
  char bytes[sizeof(uint32_t)];
  StoreLittleEndian<uint32_t>(bytes, frame_crc);
  return Extend(chain, std::string_view(bytes, sizeof(bytes)));
}

bool IsKnown(uint8_t type) {
  return type >= static_cast<uint8_t>(FrameType::kRecord) &&
         type <= static_cast<uint8_t>(FrameType::kGap);
}

}  // namespace

FrameEncoder::FrameEncoder(const SegmentUuid& uuid, uint64_t base_id, uint32_t base_chain)
    : seed_(SeedOf(uuid)),
      base_id_(base_id),
      first_id_(base_id),
      next_id_(base_id),
      chain_(base_chain),
      running_chain_(base_chain) {}

uint32_t FrameEncoder::DeltaOf(uint64_t id) const {
  CHECK_GE(id, base_id_);
  CHECK_LE(id - base_id_, std::numeric_limits<uint32_t>::max());
  return static_cast<uint32_t>(id - base_id_);
}

uint32_t FrameEncoder::AppendFrame(FrameType type, uint32_t id_delta, uint64_t offset,
                                   std::string_view payload, std::vector<char>* out) {
  CHECK_EQ(offset % kFrameAlignment, 0u);
  CHECK_LE(payload.size(), kFramePayloadMax);
  char header[sizeof(FrameHeader)];
  StoreLittleEndian<uint32_t>(header + kSizeAt, static_cast<uint32_t>(payload.size()));
  StoreLittleEndian<uint32_t>(header + kIdDeltaAt, id_delta);
  StoreLittleEndian<uint8_t>(header + kMagicAt, kFrameMagic);
  StoreLittleEndian<uint8_t>(header + kTypeAt, static_cast<uint8_t>(type));
  const uint32_t header_crc = HeaderCrc(seed_, offset, header);
  StoreLittleEndian<uint16_t>(header + kCheckAt, static_cast<uint16_t>(header_crc));

  const size_t begin = out->size();
  const size_t padding = FrameSize(payload.size()) - sizeof(header) - payload.size();
  out->insert(out->end(), header, header + sizeof(header));
  out->insert(out->end(), payload.begin(), payload.end());
  out->insert(out->end(), padding, '\0');
  char* const frame = out->data() + begin;
  const uint32_t crc =
      Extend(header_crc, std::string_view(frame + kCheckAt, out->size() - begin - kCheckAt));
  StoreLittleEndian<uint32_t>(frame, crc);
  return crc;
}

void FrameEncoder::AppendRecord(uint64_t id, uint64_t offset, std::string_view record,
                                std::vector<char>* out) {
  CHECK_EQ(id, next_id_);
  CHECK(!record.empty());
  const uint32_t crc = AppendFrame(FrameType::kRecord, DeltaOf(id), offset, record, out);
  running_chain_ = ChainOverFrame(running_chain_, crc);
  next_id_ = id + 1;
}

void FrameEncoder::AppendGap(const Gap& gap, uint64_t offset, std::vector<char>* out) {
  CHECK_EQ(gap.first_id, next_id_);
  CHECK_LE(gap.first_id, gap.last_id);
  CHECK_LE(gap.reason.size(), kGapReasonMax);
  std::string payload(kGapFixedSize, '\0');
  StoreLittleEndian<uint64_t>(payload.data(), gap.first_id);
  StoreLittleEndian<uint64_t>(payload.data() + sizeof(uint64_t), gap.last_id);
  payload.append(gap.reason);
  const uint32_t crc = AppendFrame(FrameType::kGap, DeltaOf(gap.first_id), offset, payload, out);
  running_chain_ = ChainOverFrame(running_chain_, crc);
  next_id_ = gap.last_id + 1;
}

void FrameEncoder::AppendCommit(uint64_t offset, uint64_t last_id, uint64_t watermark,
                                uint64_t last_tick, uint64_t newest_time_tick_id,
                                std::vector<char>* out) {
  CHECK_EQ(last_id + 1, next_id_);
  CHECK_LT(watermark, first_id_);
  char payload[sizeof(CommitPayload)] = {};
  StoreLittleEndian<uint64_t>(payload + kFirstIdAt, first_id_);
  StoreLittleEndian<uint64_t>(payload + kLastIdAt, last_id);
  StoreLittleEndian<uint64_t>(payload + kWatermarkAt, watermark);
  StoreLittleEndian<uint64_t>(payload + kLastTickAt, last_tick);
  StoreLittleEndian<uint64_t>(payload + kNewestTimeTickIdAt, newest_time_tick_id);
  chain_ = Extend(running_chain_, std::string_view(payload, kChainAt));
  StoreLittleEndian<uint32_t>(payload + kChainAt, chain_);
  AppendFrame(FrameType::kCommit, DeltaOf(next_id_), offset,
              std::string_view(payload, sizeof(payload)), out);
  running_chain_ = chain_;
  first_id_ = next_id_;
}

void FrameEncoder::AppendIndex(uint64_t offset, const std::vector<IndexEntry>& index,
                               std::vector<char>* out) {
  CHECK_EQ(first_id_, next_id_);
  std::string payload(index.size() * sizeof(IndexEntry), '\0');
  char* to = payload.data();
  for (const IndexEntry& entry : index) {
    StoreLittleEndian<uint64_t>(to, entry.id);
    StoreLittleEndian<uint64_t>(to + 8, entry.tick);
    StoreLittleEndian<uint64_t>(to + 16, entry.offset);
    StoreLittleEndian<uint32_t>(to + 24, entry.chain);
    to += sizeof(IndexEntry);
  }
  AppendFrame(FrameType::kIndex, DeltaOf(next_id_), offset, payload, out);
}

FrameDecoder::FrameDecoder(const SegmentUuid& uuid, uint64_t base_id)
    : seed_(SeedOf(uuid)), base_id_(base_id) {}

FrameVerdict FrameDecoder::Decode(std::string_view bytes, uint64_t offset, Frame* frame,
                                  uint64_t* size_needed) const {
  *size_needed = sizeof(FrameHeader);
  if (bytes.size() < sizeof(FrameHeader)) return FrameVerdict::kShort;
  const char* const from = bytes.data();
  const uint8_t type = static_cast<uint8_t>(from[kTypeAt]);
  if (static_cast<uint8_t>(from[kMagicAt]) != kFrameMagic || !IsKnown(type)) {
    return FrameVerdict::kBad;
  }
  // First the header alone: a size that is not what was written must not make anybody wait for,
  // or find room for, a gigabyte.
  const uint32_t header_crc = HeaderCrc(seed_, offset, from);
  if (LoadLittleEndian<uint16_t>(from + kCheckAt) != static_cast<uint16_t>(header_crc)) {
    return FrameVerdict::kBad;
  }
  const uint64_t payload_size = LoadLittleEndian<uint32_t>(from + kSizeAt);
  const bool must_have_payload = type == static_cast<uint8_t>(FrameType::kRecord);
  if (payload_size > kFramePayloadMax || (payload_size == 0 && must_have_payload)) {
    return FrameVerdict::kBad;
  }
  const uint64_t size = FrameSize(payload_size);
  *size_needed = size;
  if (bytes.size() < size) return FrameVerdict::kShort;
  const uint32_t crc = Extend(header_crc, bytes.substr(kCheckAt, size - kCheckAt));
  if (LoadLittleEndian<uint32_t>(from) != crc) return FrameVerdict::kBad;
  if (MutantIs(Mutant::kChecksumTakenForZeros) && crc % 256 == 0) return FrameVerdict::kBad;

  frame->type = static_cast<FrameType>(type);
  frame->offset = offset;
  const uint64_t id = base_id_ + LoadLittleEndian<uint32_t>(from + kIdDeltaAt);
  const bool is_end = frame->type == FrameType::kCommit || frame->type == FrameType::kIndex;
  frame->id = is_end ? id - 1 : id;
  frame->payload = bytes.substr(sizeof(FrameHeader), payload_size);
  frame->crc = crc;
  return FrameVerdict::kGood;
}

std::optional<CommitPayload> ParseCommit(const Frame& frame) {
  if (frame.type != FrameType::kCommit || frame.payload.size() != sizeof(CommitPayload)) {
    return std::nullopt;
  }
  const char* const from = frame.payload.data();
  CommitPayload commit;
  commit.first_id = LoadLittleEndian<uint64_t>(from + kFirstIdAt);
  commit.last_id = LoadLittleEndian<uint64_t>(from + kLastIdAt);
  commit.watermark = LoadLittleEndian<uint64_t>(from + kWatermarkAt);
  commit.last_tick = LoadLittleEndian<uint64_t>(from + kLastTickAt);
  commit.newest_time_tick_id = LoadLittleEndian<uint64_t>(from + kNewestTimeTickIdAt);
  commit.chain = LoadLittleEndian<uint32_t>(from + kChainAt);
  commit.reserved = LoadLittleEndian<uint32_t>(from + kCommitReservedAt);
  const bool in_order = commit.first_id <= commit.last_id + 1 && commit.watermark < commit.first_id;
  if (commit.last_id != frame.id || !in_order || commit.reserved != 0) return std::nullopt;
  return commit;
}

std::optional<Gap> ParseGap(const Frame& frame) {
  if (frame.type != FrameType::kGap || frame.payload.size() < kGapFixedSize) return std::nullopt;
  Gap gap;
  gap.first_id = LoadLittleEndian<uint64_t>(frame.payload.data());
  gap.last_id = LoadLittleEndian<uint64_t>(frame.payload.data() + sizeof(uint64_t));
  gap.reason = frame.payload.substr(kGapFixedSize);
  if (gap.first_id != frame.id || gap.last_id < gap.first_id ||
      gap.last_id - gap.first_id >= std::numeric_limits<uint32_t>::max() ||
      gap.reason.size() > kGapReasonMax) {
    return std::nullopt;
  }
  return gap;
}

std::optional<std::vector<IndexEntry>> ParseIndex(const Frame& frame) {
  if (frame.type != FrameType::kIndex || frame.payload.size() % sizeof(IndexEntry) != 0) {
    return std::nullopt;
  }
  std::vector<IndexEntry> index;
  index.reserve(frame.payload.size() / sizeof(IndexEntry));
  for (size_t at = 0; at < frame.payload.size(); at += sizeof(IndexEntry)) {
    const char* const from = frame.payload.data() + at;
    IndexEntry entry;
    entry.id = LoadLittleEndian<uint64_t>(from);
    entry.tick = LoadLittleEndian<uint64_t>(from + 8);
    entry.offset = LoadLittleEndian<uint64_t>(from + 16);
    entry.chain = LoadLittleEndian<uint32_t>(from + 24);
    entry.reserved = LoadLittleEndian<uint32_t>(from + 28);
    const bool in_order =
        index.empty() || (index.back().id < entry.id && index.back().tick <= entry.tick &&
                          index.back().offset < entry.offset);
    if (!in_order || entry.reserved != 0 || entry.offset % kFrameAlignment != 0) {
      return std::nullopt;
    }
    index.push_back(entry);
  }
  return index;
}

bool ChainChecker::OnRecord(const Frame& frame) {
  if (frame.id != pending_id_) return false;
  if (frame.type == FrameType::kGap) {
    const std::optional<Gap> gap = ParseGap(frame);
    if (!gap.has_value()) return false;
    pending_id_ = gap->last_id + 1;
  } else if (frame.type == FrameType::kRecord) {
    ++pending_id_;
  } else {
    return false;
  }
  running_chain_ = ChainOverFrame(running_chain_, frame.crc);
  return true;
}

bool ChainChecker::OnCommit(const Frame& frame, CommitPayload* commit) {
  const std::optional<CommitPayload> parsed = ParseCommit(frame);
  if (!parsed.has_value() || parsed->first_id != next_id_ || parsed->last_id + 1 != pending_id_) {
    return false;
  }
  if (parsed->chain != Extend(running_chain_, frame.payload.substr(0, kChainAt))) return false;
  chain_ = running_chain_ = parsed->chain;
  next_id_ = pending_id_;
  *commit = *parsed;
  return true;
}

}  // namespace tidelog::impls::file
