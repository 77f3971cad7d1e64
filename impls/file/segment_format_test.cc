#include "impls/file/segment_format.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/crc/crc32c.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "impls/file/little_endian.h"
#include "impls/file/testing/segment_builder.h"
#include "rapidcheck/gtest.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

std::string_view View(const std::vector<char>& bytes) {
  return std::string_view(bytes.data(), bytes.size());
}

// Frames as a test writes them, at the start of the segment of TestHeader().
class FrameTest : public testing::Test {
 protected:
  FrameVerdict Decode(std::string_view bytes, uint64_t offset) {
    const FrameDecoder decoder(header_.uuid, header_.base_id);
    return decoder.Decode(bytes, offset, &frame_, &size_needed_);
  }
  std::string Record(std::string_view record) {
    std::vector<char> out;
    FrameEncoder encoder(header_.uuid, header_.base_id, header_.base_chain);
    encoder.AppendRecord(header_.base_id, kSegmentHeaderSize, record, &out);
    return std::string(View(out));
  }

  SegmentHeader header_ = TestHeader();
  Frame frame_;
  uint64_t size_needed_ = 0;
};

TEST(SegmentHeaderTest, RoundTrips) {
  SegmentHeader header = TestHeader();
  EXPECT_EQ(EncodeSegmentHeader(header).size(), kSegmentHeaderSize);
  EXPECT_EQ(DecodeSegmentHeader(EncodeSegmentHeader(header)).value(), header);
  header.recycled = true;
  header.channel = std::string(kChannelNameMax, 'x');
  EXPECT_EQ(DecodeSegmentHeader(EncodeSegmentHeader(header)).value(), header);
}

TEST(SegmentHeaderTest, MoreBytesThanTheBlockAreWelcome) {
  const std::string file = EncodeSegmentHeader(TestHeader()) + "frames";
  EXPECT_EQ(DecodeSegmentHeader(file).value(), TestHeader());
}

TEST(SegmentHeaderTest, AShortBlockIsCorrupt) {
  const std::string block = EncodeSegmentHeader(TestHeader());
  for (const size_t size : {size_t{0}, size_t{15}, size_t{100}, block.size() - 1}) {
    EXPECT_EQ(GetWalErrorCode(DecodeSegmentHeader(block.substr(0, size)).status()),
              WalErrorCode::kCorrupt);
  }
}

TEST(SegmentHeaderTest, EveryBitIsCovered) {
  const std::string block = EncodeSegmentHeader(TestHeader());
  for (size_t bit = 0; bit < block.size() * 8; ++bit) {
    std::string flipped = block;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    const absl::StatusOr<SegmentHeader> header = DecodeSegmentHeader(flipped);
    ASSERT_EQ(GetWalErrorCode(header.status()), WalErrorCode::kCorrupt) << "bit " << bit;
  }
}

// Goal: a program of today says of a later format that it is later, not that it is damaged.
// Method: a block as the version promise describes it, with only magic, version, checksum in place.
TEST(SegmentHeaderTest, ANewerVersionIsToldFromDamage) {
  std::string block(kSegmentHeaderSize, '?');
  block.replace(0, 8, EncodeSegmentHeader(TestHeader()), 0, 8);
  StoreLittleEndian<uint32_t>(block.data() + 8, 2);
  const std::string covered = block.substr(0, 12) + block.substr(16);
  StoreLittleEndian<uint32_t>(block.data() + 12,
                              static_cast<uint32_t>(absl::ComputeCrc32c(covered)));
  const absl::Status status = DecodeSegmentHeader(block).status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInner);
  EXPECT_NE(status.message().find("format version 2"), std::string::npos) << status;
}

// A frame whose checksums are good, whatever its fields say: what a fault of the writer would
// leave.
std::string Forge(FrameType type, uint32_t size, uint32_t id_delta, std::string_view payload) {
  const SegmentHeader header = TestHeader();
  const auto extend = [](uint32_t crc, std::string_view bytes) {
    return static_cast<uint32_t>(absl::ExtendCrc32c(absl::crc32c_t{crc}, bytes));
  };
  std::string frame(sizeof(FrameHeader), '\0');
  StoreLittleEndian<uint32_t>(frame.data() + 4, size);
  StoreLittleEndian<uint32_t>(frame.data() + 8, id_delta);
  StoreLittleEndian<uint8_t>(frame.data() + 12, kFrameMagic);
  StoreLittleEndian<uint8_t>(frame.data() + 13, static_cast<uint8_t>(type));
  std::string offset(8, '\0');
  StoreLittleEndian<uint64_t>(offset.data(), kSegmentHeaderSize);
  const std::string uuid(header.uuid.begin(), header.uuid.end());
  const uint32_t start = extend(extend(extend(0, uuid), offset), frame.substr(4, 10));
  StoreLittleEndian<uint16_t>(frame.data() + 14, static_cast<uint16_t>(start));
  frame.append(payload);
  frame.resize((frame.size() + 7) / 8 * 8);
  StoreLittleEndian<uint32_t>(frame.data(), extend(start, frame.substr(14)));
  return frame;
}

// The fields of a commit frame, without the chain.
std::string CommitBytes(uint64_t first_id, uint64_t last_id, uint64_t watermark,
                        uint32_t reserved) {
  std::string bytes(sizeof(CommitPayload), '\0');
  StoreLittleEndian<uint64_t>(bytes.data(), first_id);
  StoreLittleEndian<uint64_t>(bytes.data() + 8, last_id);
  StoreLittleEndian<uint64_t>(bytes.data() + 16, watermark);
  StoreLittleEndian<uint32_t>(bytes.data() + 44, reserved);
  return bytes;
}

TEST_F(FrameTest, ARecordRoundTrips) {
  for (const size_t size : {1, 7, 8, 9, 1000}) {
    const std::string record(size, 'r');
    const std::string bytes = Record(record);
    EXPECT_EQ(bytes.size(), FrameSize(size));
    EXPECT_EQ(bytes.size() % kFrameAlignment, 0u);
    ASSERT_EQ(Decode(bytes, kSegmentHeaderSize), FrameVerdict::kGood);
    EXPECT_EQ(frame_.type, FrameType::kRecord);
    EXPECT_EQ(frame_.id, header_.base_id);
    EXPECT_EQ(frame_.offset, kSegmentHeaderSize);
    EXPECT_EQ(frame_.payload, record);
    EXPECT_EQ(frame_.size(), bytes.size());
  }
}

TEST_F(FrameTest, ZerosAreNeverAFrame) {
  EXPECT_EQ(Decode(std::string(4096, '\0'), kSegmentHeaderSize), FrameVerdict::kBad);
}

TEST_F(FrameTest, AFrameElsewhereDoesNotVerify) {
  EXPECT_EQ(Decode(Record("record"), kSegmentHeaderSize + 8), FrameVerdict::kBad);
}

TEST_F(FrameTest, AFrameOfAnotherSegmentDoesNotVerify) {
  const std::string bytes = Record("record");
  header_.uuid[15] ^= 1;
  EXPECT_EQ(Decode(bytes, kSegmentHeaderSize), FrameVerdict::kBad);
}

TEST_F(FrameTest, APieceOfAFrameAsksForTheRest) {
  const std::string bytes = Record("record");
  for (size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(Decode(bytes.substr(0, size), kSegmentHeaderSize), FrameVerdict::kShort);
    EXPECT_EQ(size_needed_, size < sizeof(FrameHeader) ? sizeof(FrameHeader) : bytes.size());
  }
}

// Nobody shall wait for a gigabyte because a size rotted: the header is found bad by itself.
TEST_F(FrameTest, ABadSizeIsFoundBeforeThePayload) {
  const std::string bytes = Record("record");
  for (size_t bit = 4 * 8; bit < 8 * 8; ++bit) {
    std::string flipped = bytes.substr(0, sizeof(FrameHeader));
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(Decode(flipped, kSegmentHeaderSize), FrameVerdict::kBad) << "bit " << bit;
  }
}

TEST_F(FrameTest, EveryBitIsCovered) {
  const std::string bytes = Record("record with padding");
  ASSERT_NE(FrameSize(19), sizeof(FrameHeader) + 19);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(Decode(flipped, kSegmentHeaderSize), FrameVerdict::kBad) << "bit " << bit;
  }
}

TEST_F(FrameTest, ACommitFrameSaysWhatItCloses) {
  std::vector<char> out;
  FrameEncoder encoder(header_.uuid, header_.base_id, header_.base_chain);
  encoder.AppendRecord(101, kSegmentHeaderSize, "a", &out);
  encoder.AppendRecord(102, kSegmentHeaderSize + out.size(), "b", &out);
  const size_t at = out.size();
  encoder.AppendCommit(kSegmentHeaderSize + at, 102, 99, 1020, 88, &out);
  ASSERT_EQ(out.size() - at, kCommitFrameSize);
  ASSERT_EQ(Decode(View(out).substr(at), kSegmentHeaderSize + at), FrameVerdict::kGood);
  const std::optional<CommitPayload> commit = ParseCommit(frame_);
  ASSERT_TRUE(commit.has_value());
  EXPECT_EQ(*commit, (CommitPayload{101, 102, 99, 1020, 88, encoder.chain(), 0}));
  EXPECT_EQ(encoder.next_id(), 103u);
}

TEST_F(FrameTest, AnEmptyGroupMovesTheWatermarkOnly) {
  std::vector<char> out;
  FrameEncoder encoder(header_.uuid, header_.base_id, header_.base_chain);
  encoder.AppendCommit(kSegmentHeaderSize, 100, 100, 0, 0, &out);
  ASSERT_EQ(Decode(View(out), kSegmentHeaderSize), FrameVerdict::kGood);
  EXPECT_EQ(frame_.id, 100u);
  const std::optional<CommitPayload> commit = ParseCommit(frame_);
  ASSERT_TRUE(commit.has_value());
  EXPECT_EQ(commit->first_id, 101u);
  EXPECT_EQ(commit->last_id, 100u);
  EXPECT_EQ(commit->watermark, 100u);
}

TEST_F(FrameTest, AnIndexRoundTrips) {
  const std::vector<IndexEntry> index = {{101, 5, 4096, 1, 0}, {200, 5, 9000, 2, 0}};
  for (const auto& entries : {index, std::vector<IndexEntry>{}}) {
    std::vector<char> out;
    FrameEncoder encoder(header_.uuid, header_.base_id, header_.base_chain);
    encoder.AppendIndex(kSegmentHeaderSize, entries, &out);
    ASSERT_EQ(Decode(View(out), kSegmentHeaderSize), FrameVerdict::kGood);
    EXPECT_EQ(ParseIndex(frame_), entries);
    EXPECT_EQ(frame_.id, 100u);
  }
}

TEST_F(FrameTest, AnIndexOutOfOrderIsNone) {
  const IndexEntry first{101, 5, 4096, 1, 0};
  for (const IndexEntry& second :
       {IndexEntry{101, 6, 8192, 1, 0}, IndexEntry{102, 4, 8192, 1, 0},
        IndexEntry{102, 6, 4096, 1, 0}, IndexEntry{102, 6, 8193, 1, 0}}) {
    std::vector<char> out;
    FrameEncoder encoder(header_.uuid, header_.base_id, header_.base_chain);
    encoder.AppendIndex(kSegmentHeaderSize, {first, second}, &out);
    ASSERT_EQ(Decode(View(out), kSegmentHeaderSize), FrameVerdict::kGood);
    EXPECT_EQ(ParseIndex(frame_), std::nullopt);
  }
}

TEST_F(FrameTest, AGapRoundTripsAndTakesItsIds) {
  std::vector<char> out;
  FrameEncoder encoder(header_.uuid, header_.base_id, header_.base_chain);
  encoder.AppendGap({101, 140, "sector 9 unreadable"}, kSegmentHeaderSize, &out);
  const size_t at = out.size();
  encoder.AppendCommit(kSegmentHeaderSize + at, 140, 0, 0, 0, &out);
  ASSERT_EQ(Decode(View(out), kSegmentHeaderSize), FrameVerdict::kGood);
  const std::optional<Gap> gap = ParseGap(frame_);
  ASSERT_TRUE(gap.has_value());
  EXPECT_EQ(gap->last_id, 140u);
  EXPECT_EQ(gap->reason, "sector 9 unreadable");
  ChainChecker chain(header_.base_id, header_.base_chain);
  EXPECT_TRUE(chain.OnRecord(frame_));
  ASSERT_EQ(Decode(View(out).substr(at), kSegmentHeaderSize + at), FrameVerdict::kGood);
  CommitPayload commit;
  EXPECT_TRUE(chain.OnCommit(frame_, &commit));
  EXPECT_EQ(chain.next_id(), 141u);
}

TEST_F(FrameTest, AForgedFrameIsAsGoodAsOneThatWasWritten) {
  EXPECT_EQ(Forge(FrameType::kRecord, 6, 0, "record"), Record("record"));
}

TEST_F(FrameTest, ASizeThatNoRecordHasIsNotBelieved) {
  const std::string frame = Forge(FrameType::kRecord, kFramePayloadMax + 1, 0, "");
  EXPECT_EQ(Decode(frame, kSegmentHeaderSize), FrameVerdict::kBad);
  EXPECT_EQ(Decode(Forge(FrameType::kRecord, kFramePayloadMax, 0, ""), kSegmentHeaderSize),
            FrameVerdict::kShort);
}

TEST_F(FrameTest, ARecordOfNoBytesIsNone) {
  EXPECT_EQ(Decode(Forge(FrameType::kRecord, 0, 0, ""), kSegmentHeaderSize), FrameVerdict::kBad);
}

TEST_F(FrameTest, AnUnknownTypeIsNoFrame) {
  for (const int type : {0, 5, 255}) {
    EXPECT_EQ(Decode(Forge(static_cast<FrameType>(type), 1, 0, "x"), kSegmentHeaderSize),
              FrameVerdict::kBad);
  }
}

TEST_F(FrameTest, ACommitFrameWhoseFieldsContradictEachOtherIsNone) {
  const auto parses = [this](uint32_t id_delta, const std::string& payload) {
    const std::string frame = Forge(FrameType::kCommit, payload.size(), id_delta, payload);
    EXPECT_EQ(Decode(frame, kSegmentHeaderSize), FrameVerdict::kGood);
    return ParseCommit(frame_).has_value();
  };
  EXPECT_TRUE(parses(2, CommitBytes(101, 102, 100, 0)));
  EXPECT_FALSE(parses(3, CommitBytes(101, 102, 100, 0)));  // Its header says 103.
  EXPECT_FALSE(parses(2, CommitBytes(104, 102, 100, 0)));  // It ends before it begins.
  EXPECT_FALSE(parses(2, CommitBytes(101, 102, 101, 0)));  // Durable before it was written.
  EXPECT_FALSE(parses(2, CommitBytes(101, 102, 100, 1)));
  EXPECT_FALSE(parses(2, CommitBytes(101, 102, 100, 0) + "12345678"));
}

TEST_F(FrameTest, AGapWhoseFieldsContradictEachOtherIsNone) {
  const auto parses = [this](uint32_t id_delta, uint64_t first_id, uint64_t last_id) {
    std::string payload(16, '\0');
    StoreLittleEndian<uint64_t>(payload.data(), first_id);
    StoreLittleEndian<uint64_t>(payload.data() + 8, last_id);
    const std::string frame = Forge(FrameType::kGap, 16, id_delta, payload);
    EXPECT_EQ(Decode(frame, kSegmentHeaderSize), FrameVerdict::kGood);
    return ParseGap(frame_).has_value();
  };
  EXPECT_TRUE(parses(0, 101, 101));
  EXPECT_FALSE(parses(1, 101, 101));
  EXPECT_FALSE(parses(1, 102, 101));
  EXPECT_FALSE(parses(0, 101, uint64_t{1} << 40));
}

TEST_F(FrameTest, AFrameOfOneTypeIsNotParsedAsAnother) {
  ASSERT_EQ(Decode(Record(std::string(48, 'x')), kSegmentHeaderSize), FrameVerdict::kGood);
  EXPECT_EQ(ParseCommit(frame_), std::nullopt);
  EXPECT_FALSE(ParseGap(frame_).has_value());
  EXPECT_EQ(ParseIndex(frame_), std::nullopt);
  ChainChecker chain(header_.base_id, header_.base_chain);
  CommitPayload commit;
  EXPECT_FALSE(chain.OnCommit(frame_, &commit));
}

// The frames of one group, decoded.
std::vector<Frame> FramesOf(const std::string& file, const SegmentHeader& header) {
  const FrameDecoder decoder(header.uuid, header.base_id);
  std::vector<Frame> frames;
  uint64_t offset = kSegmentHeaderSize;
  Frame frame;
  uint64_t size_needed = 0;
  while (decoder.Decode(std::string_view(file).substr(offset), offset, &frame, &size_needed) ==
         FrameVerdict::kGood) {
    frames.push_back(frame);
    offset = frame.end_offset();
  }
  return frames;
}

TEST(ChainTest, LeadsThroughTheGroupsOfTheEncoder) {
  SegmentBuilder builder(TestHeader());
  builder.Group({"a", "b"}).Watermark().Group({"c"});
  const std::string file = builder.Bytes();
  ChainChecker chain(TestHeader().base_id, TestHeader().base_chain);
  for (const Frame& frame : FramesOf(file, TestHeader())) {
    CommitPayload commit;
    EXPECT_TRUE(frame.type == FrameType::kCommit ? chain.OnCommit(frame, &commit)
                                                 : chain.OnRecord(frame));
  }
  EXPECT_EQ(chain.chain(), builder.end().chain);
  EXPECT_EQ(chain.next_id(), builder.end().next_id);
}

// Goal: a group that vanished whole, at its boundaries, is seen.
TEST(ChainTest, BreaksWhereAGroupIsLeftOut) {
  SegmentBuilder builder(TestHeader());
  builder.Group({"a"}).Watermark().Group({"b"});
  const std::string file = builder.Bytes();
  const std::vector<Frame> frames = FramesOf(file, TestHeader());
  ASSERT_EQ(frames.size(), 5u);
  ChainChecker chain(TestHeader().base_id, TestHeader().base_chain);
  CommitPayload commit;
  EXPECT_TRUE(chain.OnRecord(frames[0]));
  EXPECT_TRUE(chain.OnCommit(frames[1], &commit));
  // Not the watermark at [2]: ids go on as they should, and the chain does not.
  EXPECT_TRUE(chain.OnRecord(frames[3]));
  EXPECT_FALSE(chain.OnCommit(frames[4], &commit));
}

TEST(ChainTest, BreaksBehindAnotherLog) {
  SegmentBuilder builder(TestHeader());
  builder.Group({"a"});
  const std::string file = builder.Bytes();
  const std::vector<Frame> frames = FramesOf(file, TestHeader());
  ChainChecker chain(TestHeader().base_id, TestHeader().base_chain + 1);
  CommitPayload commit;
  EXPECT_TRUE(chain.OnRecord(frames[0]));
  EXPECT_FALSE(chain.OnCommit(frames[1], &commit));
}

TEST(ChainTest, RefusesAnIdThatIsNotTheNext) {
  SegmentBuilder builder(TestHeader());
  builder.Group({"a", "b"});
  const std::string file = builder.Bytes();
  const std::vector<Frame> frames = FramesOf(file, TestHeader());
  ChainChecker chain(TestHeader().base_id, TestHeader().base_chain);
  EXPECT_FALSE(chain.OnRecord(frames[1]));
}

TEST(FrameDeathTest, IdsMustBeConsecutive) {
  std::vector<char> out;
  FrameEncoder encoder(TestHeader().uuid, 101, 0);
  EXPECT_DEATH(encoder.AppendRecord(102, kSegmentHeaderSize, "a", &out), "id == next_id_");
  EXPECT_DEATH(encoder.AppendRecord(101, kSegmentHeaderSize + 1, "a", &out), "kFrameAlignment");
  EXPECT_DEATH(encoder.AppendCommit(kSegmentHeaderSize, 100, 101, 0, 0, &out), "watermark");
}

RC_GTEST_PROP(FrameProperty, RecordsRoundTrip,
              (std::vector<std::string> records, uint32_t base, uint8_t salt)) {
  SegmentHeader header = TestHeader();
  header.base_id = uint64_t{base} + 1;
  header.uuid[3] = salt;
  std::vector<std::string> kept;
  for (const std::string& record : records) {
    if (!record.empty()) kept.push_back(record);
  }
  SegmentBuilder builder(header);
  builder.Group(kept);
  const std::string file = builder.Bytes();
  const std::vector<Frame> frames = FramesOf(file, header);
  RC_ASSERT(frames.size() == kept.size() + 1);
  for (size_t i = 0; i < kept.size(); ++i) {
    RC_ASSERT(frames[i].payload == kept[i]);
    RC_ASSERT(frames[i].id == header.base_id + i);
  }
  RC_ASSERT(ParseCommit(frames.back()).has_value());
}

// Whatever the bytes: no crash, no view outside of them, and nothing good about them.
RC_GTEST_PROP(FrameProperty, ArbitraryBytesAreNoFrame, (std::string bytes, bool start_right)) {
  if (start_right && bytes.size() > 13) {
    bytes[12] = static_cast<char>(kFrameMagic);
    bytes[13] = 1;
  }
  const FrameDecoder decoder(TestHeader().uuid, TestHeader().base_id);
  Frame frame;
  uint64_t size_needed = 0;
  RC_ASSERT(decoder.Decode(bytes, kSegmentHeaderSize, &frame, &size_needed) != FrameVerdict::kGood);
}

}  // namespace
}  // namespace tidelog::impls::file
