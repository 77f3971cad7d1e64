// Goal: the bytes in wal/doc/file_format.md are those that the code writes.  Method: build the log
// that the document describes, and compare with the dumps in it, byte by byte.
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "impls/file/little_endian.h"
#include "impls/file/manifest.h"
#include "impls/file/names.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "impls/file/term_word.h"
#include "impls/file/testing/record_bytes.h"
#include "impls/file/testing/segment_builder.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

constexpr char kDocument[] = "wal/doc/file_format.md";

std::string Document() {
  std::ifstream file(kDocument);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Adds a line of a dump to `bytes`: an offset, two blanks, bytes as pairs of hexadecimal digits,
// two blanks, a remark.  False: it is no such line, or not behind those before it.
bool AddLine(std::string_view line, std::string* bytes) {
  const std::vector<std::string> columns =
      absl::StrSplit(absl::StripLeadingAsciiWhitespace(line), absl::MaxSplits("  ", 2));
  uint64_t offset = 0;
  if (columns.size() < 2 || !absl::SimpleAtoi(columns[0], &offset)) return false;
  for (const std::string_view pair : absl::StrSplit(absl::StripAsciiWhitespace(columns[1]), ' ')) {
    std::string byte;
    if (pair.size() != 2 || !absl::HexStringToBytes(pair, &byte)) return false;
    if (offset < bytes->size()) return false;
    bytes->resize(offset++);
    bytes->append(byte);
  }
  return true;
}

// The bytes of the dump below a heading, zeros where it says nothing.
std::string DumpBelow(std::string_view heading) {
  const std::vector<std::string> parts =
      absl::StrSplit(Document(), absl::StrCat("\n### ", heading, "\n"));
  if (parts.size() != 2) return "no such heading";
  const std::string section = parts[1].substr(0, parts[1].find("\n#"));
  const std::vector<std::string> fenced = absl::StrSplit(section, "\n```");
  if (fenced.size() != 3) return "not one dump";
  std::string bytes;
  for (const std::string_view line : absl::StrSplit(fenced[1], '\n')) {
    if (!line.empty() && !AddLine(line, &bytes)) return absl::StrCat("a bad line: ", line);
  }
  return bytes;
}

// As the document has it, for whoever must bring it up to date.
std::string DumpOf(std::string_view bytes) {
  std::ostringstream out;
  for (size_t at = 0; at < bytes.size(); at += 8) {
    const std::string_view run = bytes.substr(at, 8);
    if (run.find_first_not_of('\0') == std::string_view::npos) continue;
    out << absl::StreamFormat("%4d  ", at);
    for (const char byte : run) out << absl::StreamFormat("%02x ", static_cast<uint8_t>(byte));
    out << "\n";
  }
  return out.str();
}

SegmentHeader ExampleHeader() {
  SegmentHeader header;
  header.channel = "orders";
  for (size_t i = 0; i < header.uuid.size(); ++i) header.uuid[i] = static_cast<uint8_t>(i + 1);
  header.name = {Term{7}, 1, 1};
  header.base_id = 1;
  header.base_chain = 0;
  header.capacity = 65536;
  return header;
}

// One group with one record, and the footer.
std::string ExampleSegment(Seal* seal) {
  const SegmentHeader header = ExampleHeader();
  const uint64_t tick = ToInt(MakeTimeTick(1700000000000, 3));
  FrameEncoder encoder(header.uuid, header.base_id, header.base_chain);
  std::vector<char> frames;
  const auto offset = [&frames] { return kSegmentHeaderSize + frames.size(); };
  encoder.AppendRecord(1, offset(), InsertRecord(Term{7}, TimeTick{tick}, "hello"), &frames);
  encoder.AppendCommit(offset(), 1, 0, tick, 0, &frames);
  *seal = {.last_id = 1, .end_offset = offset(), .chain = encoder.chain(), .last_tick = tick};
  seal->index_offset = offset();
  encoder.AppendIndex(offset(), {{1, tick, kSegmentHeaderSize, header.base_chain, 0}}, &frames);
  std::string file = EncodeSegmentHeader(header);
  file.append(frames.data(), frames.size());
  return file;
}

Manifest ExampleManifest() {
  Seal seal;
  ExampleSegment(&seal);
  const SegmentHeader header = ExampleHeader();
  Manifest manifest;
  manifest.channel = "orders";
  manifest.name = {Term{7}, 2};
  manifest.incarnation = 1;
  ManifestSegment segment;
  segment.name = header.name;
  segment.uuid = header.uuid;
  segment.base_id = header.base_id;
  segment.seal = seal;
  manifest.segments.push_back(segment);
  return manifest;
}

TEST(FileFormatTest, TheDocumentShowsTheSegmentAsItIsWritten) {
  Seal seal;
  const std::string segment = ExampleSegment(&seal);
  EXPECT_EQ(DumpBelow("The segment"), segment) << "the document should show\n" << DumpOf(segment);
}

TEST(FileFormatTest, TheDocumentShowsTheManifestAsItIsWritten) {
  std::string manifest = EncodeManifest(ExampleManifest());
  manifest.resize(manifest.find_last_not_of('\0') + 1);
  EXPECT_EQ(DumpBelow("The manifest"), manifest) << "the document should show\n"
                                                 << DumpOf(manifest);
}

TEST(FileFormatTest, TheDocumentShowsTheMarker) { EXPECT_EQ(DumpBelow("TIDELOG"), MarkerText()); }

TEST(FileFormatTest, TheDocumentShowsTheTwoWordsOfTerm) {
  std::string bytes(16, '\0');
  StoreLittleEndian<uint64_t>(bytes.data(), TermWord{Term{7}, 1, true}.Pack());
  StoreLittleEndian<uint64_t>(bytes.data() + 8, BirthWord{0x87654321, true}.Pack());
  EXPECT_EQ(DumpBelow("TERM"), bytes) << "the document should show\n" << DumpOf(bytes);
}

TEST(FileFormatTest, TheDocumentNamesTheFiles) {
  EXPECT_TRUE(
      absl::StrContains(Document(), absl::StrCat("`", ExampleHeader().name.FileName(), "`, ",
                                                 ExampleHeader().capacity, " bytes.")));
  const Manifest manifest = ExampleManifest();
  EXPECT_TRUE(
      absl::StrContains(Document(), absl::StrCat("`", manifest.name.FileName(), "`, ",
                                                 EncodeManifest(manifest).size(), " bytes.")));
}

// What a program of a later version must still be able to read.
TEST(FileFormatTest, TheDocumentsBytesAreALog) {
  std::string file = DumpBelow("The segment");
  file.resize(ExampleHeader().capacity);
  const absl::StatusOr<SegmentHeader> header = DecodeSegmentHeader(file);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(*header, ExampleHeader());
  const ScanOutcome outcome = ScanBytes(file, WholeSegment(*header));
  EXPECT_EQ(
      outcome.Records(),
      (std::vector<std::string>{InsertRecord(Term{7}, MakeTimeTick(1700000000000, 3), "hello")}));
  EXPECT_EQ(outcome.label, "@H");
  const absl::StatusOr<Manifest> manifest = DecodeManifest(DumpBelow("The manifest"));
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(*manifest, ExampleManifest());
  EXPECT_TRUE(CheckManifest(*manifest).ok()) << CheckManifest(*manifest);
}

}  // namespace
}  // namespace tidelog::impls::file
