// Any frame: what its checksums do not cover is refused, and what they cover says what it says and
// nothing else.  The input is a frame's type, id, and payload; its checksums are made here, as
// wal/doc/file_format.md has them, since no fuzzer finds one.  The same bytes are also tried as
// they are, as a frame and as an index beside a segment.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "impls/file/little_endian.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_index.h"
#include "impls/file/testing/segment_builder.h"
#include "wal/status.h"

namespace tidelog::impls::file {
namespace {

constexpr uint64_t kOffset = kSegmentHeaderSize;
constexpr size_t kCrcAt = 0;
constexpr size_t kSizeAt = 4;
constexpr size_t kIdDeltaAt = 8;
constexpr size_t kMagicAt = 12;
constexpr size_t kTypeAt = 13;
constexpr size_t kCheckAt = 14;

// A whole frame with good checksums.
std::string MakeFrame(uint8_t type, uint32_t id_delta, std::string_view payload) {
  std::string frame(FrameSize(payload.size()), '\0');
  StoreLittleEndian<uint32_t>(frame.data() + kSizeAt, static_cast<uint32_t>(payload.size()));
  StoreLittleEndian<uint32_t>(frame.data() + kIdDeltaAt, id_delta);
  StoreLittleEndian<uint8_t>(frame.data() + kMagicAt, kFrameMagic);
  StoreLittleEndian<uint8_t>(frame.data() + kTypeAt, type);
  frame.replace(sizeof(FrameHeader), payload.size(), payload);
  const SegmentUuid uuid = TestHeader().uuid;
  absl::crc32c_t crc = absl::ComputeCrc32c(
      std::string_view(reinterpret_cast<const char*>(uuid.data()), uuid.size()));
  char offset[sizeof(uint64_t)];
  StoreLittleEndian<uint64_t>(offset, kOffset);
  crc = absl::ExtendCrc32c(crc, std::string_view(offset, sizeof(offset)));
  const std::string_view bytes = frame;
  crc = absl::ExtendCrc32c(crc, bytes.substr(kSizeAt, kCheckAt - kSizeAt));
  StoreLittleEndian<uint16_t>(frame.data() + kCheckAt, static_cast<uint16_t>(uint32_t{crc}));
  crc = absl::ExtendCrc32c(crc, bytes.substr(kCheckAt));
  StoreLittleEndian<uint32_t>(frame.data() + kCrcAt, uint32_t{crc});
  return frame;
}

std::string_view View(const std::vector<char>& bytes) { return {bytes.data(), bytes.size()}; }

// Whatever was understood is written again as the same bytes.
void TryGap(const Frame& frame, std::string_view bytes) {
  const std::optional<Gap> gap = ParseGap(frame);
  if (!gap.has_value()) return;
  FrameEncoder encoder(TestHeader().uuid, TestHeader().base_id, 0);
  if (gap->first_id != TestHeader().base_id) return;
  std::vector<char> again;
  encoder.AppendGap(*gap, kOffset, &again);
  CHECK(View(again) == bytes);
}

void TryIndex(const Frame& frame, std::string_view bytes) {
  const std::optional<std::vector<IndexEntry>> index = ParseIndex(frame);
  if (!index.has_value()) return;
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, TestHeader().base_id, ~uint64_t{0}}) {
    const IndexEntry* by_id = FindById(*index, value);
    CHECK(by_id == nullptr || by_id->id <= value);
    const IndexEntry* by_tick = FindByTick(*index, value);
    CHECK(by_tick == nullptr || by_tick->tick <= value);
  }
  if (frame.id + 1 != TestHeader().base_id) return;
  FrameEncoder encoder(TestHeader().uuid, TestHeader().base_id, 0);
  std::vector<char> again;
  encoder.AppendIndex(kOffset, *index, &again);
  CHECK(View(again) == bytes);
}

void TryChain(const Frame& frame) {
  ChainChecker chain(TestHeader().base_id, 0);
  const bool counts = chain.OnRecord(frame);
  CHECK(!counts || chain.pending_id() > chain.next_id());
  ChainChecker other(TestHeader().base_id, 0);
  CommitPayload commit;
  if (!other.OnCommit(frame, &commit)) return;
  CHECK_EQ(other.next_id(), commit.last_id + 1);
  CHECK_EQ(other.chain(), commit.chain);
}

void TryFrame(std::string_view bytes) {
  const FrameDecoder decoder(TestHeader().uuid, TestHeader().base_id);
  Frame frame;
  uint64_t size_needed = 0;
  const FrameVerdict verdict = decoder.Decode(bytes, kOffset, &frame, &size_needed);
  if (verdict == FrameVerdict::kShort) CHECK_GT(size_needed, bytes.size());
  if (verdict != FrameVerdict::kGood) return;
  CHECK_LE(frame.size(), bytes.size());
  const std::string_view whole = bytes.substr(0, frame.size());
  const std::optional<CommitPayload> commit = ParseCommit(frame);
  CHECK(!commit.has_value() || commit->watermark < commit->first_id);
  TryGap(frame, whole);
  TryIndex(frame, whole);
  TryChain(frame);
}

void TrySideIndex(const std::string& frame) {
  const std::string file = absl::StrCat(EncodeSegmentHeader(TestHeader()), frame);
  const absl::StatusOr<std::vector<IndexEntry>> index = DecodeSideIndex(file, TestHeader());
  if (!index.ok()) CHECK(GetWalErrorCode(index.status()) == WalErrorCode::kCorrupt);
}

void Fuzz(std::string_view bytes) {
  TryFrame(bytes);
  TrySideIndex(std::string(bytes));
  if (bytes.size() < 5) return;
  const uint8_t type = static_cast<uint8_t>(bytes[0]);
  const uint32_t id_delta = LoadLittleEndian<uint32_t>(bytes.data() + 1);
  const std::string frame = MakeFrame(type, id_delta, bytes.substr(5));
  TryFrame(frame);
  TrySideIndex(frame);
}

}  // namespace
}  // namespace tidelog::impls::file

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tidelog::impls::file::Fuzz(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
