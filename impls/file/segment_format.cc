// The header block.
#include "impls/file/segment_format.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impls/file/little_endian.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

// The first byte is no text, the last two show a transfer that changes line ends.
constexpr std::string_view kMagic = "\xD7TLSEG\r\n";

// Places in the block.  Magic, version and checksum keep theirs in every format version, and so
// does the size of the block: an old program can tell a newer segment from a damaged one.
constexpr size_t kVersionAt = 8;
constexpr size_t kCrcAt = 12;
constexpr size_t kUuidAt = 16;
constexpr size_t kTermAt = 32;
constexpr size_t kIncarnationAt = 40;
constexpr size_t kNumberAt = 44;
constexpr size_t kBaseIdAt = 48;
constexpr size_t kBaseChainAt = 56;
constexpr size_t kFlagsAt = 60;
constexpr size_t kCapacityAt = 64;
constexpr size_t kChannelSizeAt = 72;
constexpr size_t kChannelAt = 80;

constexpr uint32_t kRecycledFlag = 1;

// Far from where an id plus a delta would wrap around.
constexpr uint64_t kBaseIdMax = std::numeric_limits<uint64_t>::max() / 2;

uint32_t CrcOf(std::string_view block) {
  absl::crc32c_t crc = absl::ComputeCrc32c(block.substr(0, kCrcAt));
  crc = absl::ExtendCrc32c(crc, block.substr(kCrcAt + sizeof(uint32_t)));
  return static_cast<uint32_t>(crc);
}

absl::Status Corrupt(std::string_view what) {
  return WalError(WalErrorCode::kCorrupt, absl::StrCat("segment header: ", what));
}

absl::Status CheckFields(const SegmentHeader& header) {
  if (header.name.term < Term{1} || header.name.term > kTermMax || header.name.incarnation == 0 ||
      header.name.number == 0) {
    return Corrupt("no valid name");
  }
  if (header.base_id == 0 || header.base_id > kBaseIdMax) {
    return Corrupt(absl::StrCat("base id ", header.base_id, " is out of range"));
  }
  if (header.capacity < kSegmentHeaderSize) {
    return Corrupt(absl::StrCat("capacity ", header.capacity, " is below its own size"));
  }
  if (!ValidateChannelName(header.channel).ok()) return Corrupt("no valid channel name");
  return absl::OkStatus();
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  CHECK_OK(CheckFields(header));
  std::string block(kSegmentHeaderSize, '\0');
  char* const to = block.data();
  std::memcpy(to, kMagic.data(), kMagic.size());
  StoreLittleEndian<uint32_t>(to + kVersionAt, kFormatVersion);
  std::memcpy(to + kUuidAt, header.uuid.data(), header.uuid.size());
  StoreLittleEndian<uint64_t>(to + kTermAt, static_cast<uint64_t>(ToInt(header.name.term)));
  StoreLittleEndian<uint32_t>(to + kIncarnationAt, header.name.incarnation);
  StoreLittleEndian<uint32_t>(to + kNumberAt, header.name.number);
  StoreLittleEndian<uint64_t>(to + kBaseIdAt, header.base_id);
  StoreLittleEndian<uint32_t>(to + kBaseChainAt, header.base_chain);
  StoreLittleEndian<uint32_t>(to + kFlagsAt, header.recycled ? kRecycledFlag : 0);
  StoreLittleEndian<uint64_t>(to + kCapacityAt, header.capacity);
  StoreLittleEndian<uint16_t>(to + kChannelSizeAt, static_cast<uint16_t>(header.channel.size()));
  std::memcpy(to + kChannelAt, header.channel.data(), header.channel.size());
  StoreLittleEndian<uint32_t>(to + kCrcAt, CrcOf(block));
  return block;
}

absl::StatusOr<SegmentHeader> DecodeSegmentHeader(std::string_view block) {
  if (block.size() < kSegmentHeaderSize) {
    return Corrupt(absl::StrCat("only ", block.size(), " of ", kSegmentHeaderSize, " bytes"));
  }
  block = block.substr(0, kSegmentHeaderSize);
  const char* const from = block.data();
  if (block.substr(0, kMagic.size()) != kMagic) return Corrupt("no magic number");
  if (LoadLittleEndian<uint32_t>(from + kCrcAt) != CrcOf(block)) return Corrupt("bad checksum");
  const uint32_t version = LoadLittleEndian<uint32_t>(from + kVersionAt);
  const uint32_t flags = LoadLittleEndian<uint32_t>(from + kFlagsAt);
  if (version > kFormatVersion) {
    return WalError(WalErrorCode::kInner, absl::StrCat("segment header: format version ", version,
                                                       ", this program reads up to ",
                                                       kFormatVersion, ": use a newer one"));
  }
  if (version == 0 || (flags & ~kRecycledFlag) != 0) return Corrupt("no valid version and flags");
  SegmentHeader header;
  std::memcpy(header.uuid.data(), from + kUuidAt, header.uuid.size());
  header.name.term = Term{static_cast<int64_t>(LoadLittleEndian<uint64_t>(from + kTermAt))};
  header.name.incarnation = LoadLittleEndian<uint32_t>(from + kIncarnationAt);
  header.name.number = LoadLittleEndian<uint32_t>(from + kNumberAt);
  header.base_id = LoadLittleEndian<uint64_t>(from + kBaseIdAt);
  header.base_chain = LoadLittleEndian<uint32_t>(from + kBaseChainAt);
  header.recycled = (flags & kRecycledFlag) != 0;
  header.capacity = LoadLittleEndian<uint64_t>(from + kCapacityAt);
  const size_t channel_size = LoadLittleEndian<uint16_t>(from + kChannelSizeAt);
  if (channel_size > kChannelNameMax) return Corrupt("no valid channel name");
  header.channel = block.substr(kChannelAt, channel_size);
  absl::Status checked = CheckFields(header);
  if (!checked.ok()) return checked;
  return header;
}

}  // namespace tidelog::impls::file
