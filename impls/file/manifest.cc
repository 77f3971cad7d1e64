#include "impls/file/manifest.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "impls/file/little_endian.h"
#include "impls/file/manifest.pb.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr std::string_view kMagic = "\xD7TLMAN\r\n";
constexpr size_t kVersionAt = 8;
constexpr size_t kSizeAt = 12;
constexpr size_t kCrcAt = 16;
constexpr size_t kZeroAt = 20;
constexpr size_t kMessageAt = 24;

// Of the checksum itself and the zeros the checksum says nothing; they are compared.
uint32_t CrcOf(std::string_view header, std::string_view message) {
  absl::crc32c_t crc = absl::ComputeCrc32c(header.substr(0, kCrcAt));
  crc = absl::ExtendCrc32c(crc, message);
  return static_cast<uint32_t>(crc);
}

absl::Status Corrupt(std::string_view what) {
  return WalError(WalErrorCode::kCorrupt, absl::StrCat("manifest: ", what));
}

bool AllZero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

void ToProto(const Seal& seal, SealProto* to) {
  to->set_last_id(seal.last_id);
  to->set_end_offset(seal.end_offset);
  to->set_chain(seal.chain);
  to->set_last_tick(seal.last_tick);
  to->set_newest_time_tick_id(seal.newest_time_tick_id);
  to->set_index_offset(seal.index_offset);
  to->set_side_index(seal.side_index);
}

void ToProto(const ManifestSegment& segment, SegmentProto* to) {
  to->mutable_name()->set_term(ToInt(segment.name.term));
  to->mutable_name()->set_incarnation(segment.name.incarnation);
  to->mutable_name()->set_number(segment.name.number);
  to->set_uuid(segment.uuid.data(), segment.uuid.size());
  to->set_base_id(segment.base_id);
  to->set_base_chain(segment.base_chain);
  if (segment.seal.has_value()) ToProto(*segment.seal, to->mutable_seal());
  to->set_repaired(segment.repaired);
}

Seal FromProto(const SealProto& from) {
  Seal seal;
  seal.last_id = from.last_id();
  seal.end_offset = from.end_offset();
  seal.chain = from.chain();
  seal.last_tick = from.last_tick();
  seal.newest_time_tick_id = from.newest_time_tick_id();
  seal.index_offset = from.index_offset();
  seal.side_index = from.side_index();
  return seal;
}

absl::StatusOr<ManifestSegment> FromProto(const SegmentProto& from) {
  ManifestSegment segment;
  segment.name.term = Term{from.name().term()};
  segment.name.incarnation = from.name().incarnation();
  segment.name.number = from.name().number();
  if (from.uuid().size() != segment.uuid.size()) return Corrupt("a segment id is not of 16 bytes");
  std::memcpy(segment.uuid.data(), from.uuid().data(), segment.uuid.size());
  segment.base_id = from.base_id();
  segment.base_chain = from.base_chain();
  if (from.has_seal()) segment.seal = FromProto(from.seal());
  segment.repaired = from.repaired();
  return segment;
}

absl::StatusOr<Manifest> FromProto(const ManifestProto& from) {
  Manifest manifest;
  manifest.channel = from.channel();
  manifest.name = {Term{from.term()}, from.number()};
  manifest.incarnation = from.incarnation();
  manifest.mark = {from.mark_id(), from.mark_tick()};
  manifest.segments.reserve(from.segments_size());
  for (const SegmentProto& segment : from.segments()) {
    TIDELOG_ASSIGN_OR_RETURN(ManifestSegment decoded, FromProto(segment));
    manifest.segments.push_back(decoded);
  }
  return manifest;
}

// What one segment says by itself.
absl::Status CheckSegment(const Manifest& manifest, const ManifestSegment& segment) {
  const std::string file = segment.name.FileName();
  if (segment.base_id == 0 || segment.base_id > std::numeric_limits<uint64_t>::max() / 2) {
    return Corrupt(absl::StrCat(file, ": base id ", segment.base_id, " is out of range"));
  }
  const std::pair<Term, uint32_t> writer(manifest.name.term, manifest.incarnation);
  if (std::pair(segment.name.term, segment.name.incarnation) > writer) {
    return Corrupt(absl::StrCat(file, ": of a later term than the manifest itself"));
  }
  if (!segment.seal.has_value()) return absl::OkStatus();
  const Seal& seal = *segment.seal;
  if (seal.last_id + 1 < segment.base_id ||
      seal.last_id > std::numeric_limits<uint64_t>::max() / 2) {
    return Corrupt(absl::StrCat(file, ": begins at id ", segment.base_id, " and is sealed at id ",
                                seal.last_id));
  }
  const bool empty = seal.last_id + 1 == segment.base_id;
  const uint64_t end_min = kSegmentHeaderSize + (empty ? 0 : kCommitFrameSize);
  if (seal.end_offset < end_min || seal.end_offset % kFrameAlignment != 0) {
    return Corrupt(
        absl::StrCat(file, ": sealed at byte ", seal.end_offset, ", where no group can end"));
  }
  if (seal.index_offset != 0 &&
      (seal.index_offset < seal.end_offset || seal.index_offset % kFrameAlignment != 0)) {
    return Corrupt(
        absl::StrCat(file, ": an index at byte ", seal.index_offset, ", where none can be"));
  }
  if (seal.newest_time_tick_id > seal.last_id) {
    return Corrupt(absl::StrCat(file, ": sealed at id ", seal.last_id,
                                ", with its newest time tick at id ", seal.newest_time_tick_id));
  }
  return absl::OkStatus();
}

// How a segment follows the one before.
absl::Status CheckNeighbours(const ManifestSegment& before, const ManifestSegment& segment) {
  const std::string file = segment.name.FileName();
  if (!before.seal.has_value()) {
    return Corrupt(absl::StrCat(before.name.FileName(), ": unsealed, but not the last one"));
  }
  const Seal& seal = *before.seal;
  if (segment.base_id != seal.last_id + 1) {
    return Corrupt(absl::StrCat(file, ": begins at id ", segment.base_id,
                                ", and the one before ends at id ", seal.last_id));
  }
  if (segment.base_chain != seal.chain && !before.repaired) {
    return Corrupt(absl::StrCat(file, ": its chain does not go on from the one before"));
  }
  if (segment.seal.has_value() && (segment.seal->last_tick < seal.last_tick ||
                                   segment.seal->newest_time_tick_id < seal.newest_time_tick_id)) {
    return Corrupt(absl::StrCat(file, ": its ticks lie before those of the one before"));
  }
  return absl::OkStatus();
}

// A repaired segment has its repairer's name and stands where the broken one stood.
absl::Status CheckNamesAscend(const Manifest& manifest) {
  std::optional<SegmentName> before;
  for (const ManifestSegment& segment : manifest.segments) {
    if (segment.repaired) continue;
    if (before.has_value() && segment.name <= *before) {
      return Corrupt(absl::StrCat(segment.name.FileName(), ": listed behind ", before->FileName()));
    }
    before = segment.name;
  }
  return absl::OkStatus();
}

// Of a file that a segment can have; asked before anything else is.
absl::Status CheckNamesValid(const Manifest& manifest) {
  for (const ManifestSegment& segment : manifest.segments) {
    if (segment.name.IsValid()) continue;
    return Corrupt(absl::StrCat("lists a segment of term ", ToInt(segment.name.term),
                                ", incarnation ", segment.name.incarnation,
                                ": no file can be named so"));
  }
  return absl::OkStatus();
}

absl::Status CheckDistinct(const Manifest& manifest) {
  absl::btree_set<SegmentName> names;
  absl::btree_set<SegmentUuid> uuids;
  for (const ManifestSegment& segment : manifest.segments) {
    if (!names.insert(segment.name).second) {
      return Corrupt(absl::StrCat(segment.name.FileName(), ": listed twice"));
    }
    if (!uuids.insert(segment.uuid).second) {
      return Corrupt(absl::StrCat(segment.name.FileName(), ": has another segment's id"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeManifest(const Manifest& manifest) {
  ManifestProto proto;
  proto.set_channel(manifest.channel);
  proto.set_term(ToInt(manifest.name.term));
  proto.set_number(manifest.name.number);
  proto.set_incarnation(manifest.incarnation);
  proto.set_mark_id(manifest.mark.id);
  proto.set_mark_tick(manifest.mark.tick);
  for (const ManifestSegment& segment : manifest.segments) ToProto(segment, proto.add_segments());

  std::string bytes(kMessageAt, '\0');
  CHECK(proto.AppendToString(&bytes));
  const uint64_t message_size = bytes.size() - kMessageAt;
  CHECK_LE(message_size, uint64_t{std::numeric_limits<int32_t>::max()}) << "a manifest too large";
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  StoreLittleEndian<uint32_t>(bytes.data() + kVersionAt, kFormatVersion);
  StoreLittleEndian<uint32_t>(bytes.data() + kSizeAt, static_cast<uint32_t>(message_size));
  const std::string_view view = bytes;
  StoreLittleEndian<uint32_t>(bytes.data() + kCrcAt, CrcOf(view, view.substr(kMessageAt)));
  bytes.resize((bytes.size() + kManifestAlignment - 1) / kManifestAlignment * kManifestAlignment);
  return bytes;
}

absl::StatusOr<Manifest> DecodeManifest(std::string_view bytes) {
  if (bytes.size() < kMessageAt) return Corrupt(absl::StrCat("only ", bytes.size(), " bytes"));
  if (bytes.substr(0, kMagic.size()) != kMagic) return Corrupt("no magic number");
  const size_t message_size = LoadLittleEndian<uint32_t>(bytes.data() + kSizeAt);
  if (message_size > bytes.size() - kMessageAt) {
    return Corrupt(
        absl::StrCat("its message of ", message_size, " bytes does not fit into ", bytes.size()));
  }
  const std::string_view message = bytes.substr(kMessageAt, message_size);
  if (LoadLittleEndian<uint32_t>(bytes.data() + kCrcAt) != CrcOf(bytes, message)) {
    return Corrupt("bad checksum");
  }
  const uint32_t version = LoadLittleEndian<uint32_t>(bytes.data() + kVersionAt);
  if (version > kFormatVersion) {
    return WalError(WalErrorCode::kInner, absl::StrCat("manifest: format version ", version,
                                                       ", this program reads up to ",
                                                       kFormatVersion, ": use a newer one"));
  }
  if (version == 0) return Corrupt("no valid version");
  if (!AllZero(bytes.substr(kZeroAt, kMessageAt - kZeroAt)) ||
      !AllZero(bytes.substr(kMessageAt + message_size))) {
    return Corrupt("something lies where zeros should");
  }
  ManifestProto proto;
  if (!proto.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return Corrupt("no valid message");
  }
  return FromProto(proto);
}

absl::Status CheckManifest(const Manifest& manifest) {
  if (!ValidateForWriting({manifest.channel, manifest.name.term}).ok() ||
      manifest.name.number == 0 || manifest.incarnation == 0) {
    return Corrupt("no valid channel and name");
  }
  if (manifest.segments.empty()) return Corrupt("lists no segment");
  const ManifestSegment& first = manifest.segments.front();
  if (first.base_id > std::max<uint64_t>(manifest.mark.id, 1)) {
    return Corrupt(absl::StrCat("begins at id ", first.base_id, ", but only ids below ",
                                manifest.mark.id, " were truncated"));
  }
  TIDELOG_RETURN_IF_ERROR(CheckNamesValid(manifest));
  TIDELOG_RETURN_IF_ERROR(CheckDistinct(manifest));
  TIDELOG_RETURN_IF_ERROR(CheckNamesAscend(manifest));
  const ManifestSegment* before = nullptr;
  for (const ManifestSegment& segment : manifest.segments) {
    TIDELOG_RETURN_IF_ERROR(CheckSegment(manifest, segment));
    if (before != nullptr) TIDELOG_RETURN_IF_ERROR(CheckNeighbours(*before, segment));
    before = &segment;
  }
  return absl::OkStatus();
}

}  // namespace tidelog::impls::file
