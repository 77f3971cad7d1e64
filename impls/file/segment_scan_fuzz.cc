// Any damage to a segment: a scan yields the groups that were written, from the first on and
// without a hole, or says that the rest is torn or corrupt; in pieces of any size.
//
// The input is a program, a byte an instruction and its operands behind it, that writes groups,
// then damages the file.  A segment of raw bytes would never get past its first checksum.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/log/check.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "impls/file/testing/segment_builder.h"

namespace tidelog::impls::file {
namespace {

constexpr size_t kFileSizeMax = 1 << 16;

class Program {
 public:
  Program(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool done() const { return at_ >= size_; }
  uint8_t Byte() { return done() ? 0 : data_[at_++]; }
  uint16_t Word() {
    const uint16_t low = Byte();
    return static_cast<uint16_t>(low | Byte() << 8);
  }
  std::string Rest() {
    const std::string rest(reinterpret_cast<const char*>(data_ + std::min(at_, size_)),
                           size_ - std::min(at_, size_));
    at_ = size_;
    return rest;
  }

 private:
  const uint8_t* const data_;
  const size_t size_;
  size_t at_ = 0;
};

void WriteGroups(Program* program, SegmentBuilder* builder) {
  while (!program->done() && builder->end().offset < kFileSizeMax) {
    const uint8_t instruction = program->Byte();
    if (instruction == 0) return;
    if (instruction == 1) {
      builder->Watermark();
      continue;
    }
    std::vector<std::string> records;
    for (int i = 0; i < instruction % 5; ++i) {
      records.push_back(
          std::string(1 + program->Byte() * (instruction % 7), static_cast<char>(instruction)));
    }
    builder->Group(records);
  }
}

void DamageFile(Program* program, std::string* file) {
  while (!program->done()) {
    const uint8_t instruction = program->Byte();
    const size_t at = kSegmentHeaderSize + program->Word();
    if (instruction % 4 == 0) file->resize(std::min(file->size(), at));
    if (at >= file->size()) continue;
    const size_t size = std::min<size_t>(program->Byte() + 1, file->size() - at);
    if (instruction % 4 == 1) (*file)[at] = static_cast<char>((*file)[at] ^ program->Byte());
    if (instruction % 4 == 2) file->replace(at, size, size, '\0');
    if (instruction % 4 == 3) file->replace(at, std::string::npos, program->Rest());
  }
}

void Fuzz(Program program) {
  SegmentHeader header = TestHeader();
  const uint8_t flags = program.Byte();
  const size_t chunk = 1 + program.Word();
  header.recycled = (flags & 1) != 0;
  SegmentBuilder builder(header);
  WriteGroups(&program, &builder);
  const std::string written = builder.Bytes();
  std::string file = written;
  DamageFile(&program, &file);

  SegmentScan::Options options = WholeSegment(header);
  if ((flags & 2) != 0) options.until = builder.end();
  if ((flags & 4) != 0) options.tail = SegmentScan::Tail::kStop;
  const std::vector<ScannedGroup> all = ScanBytes(written, options).groups;
  const ScanOutcome whole = ScanBytes(file, options);
  CHECK_LE(whole.groups.size(), all.size());
  CHECK(std::equal(whole.groups.begin(), whole.groups.end(), all.begin()));
  if (options.until.has_value()) CHECK_EQ(whole.label == "@C", whole.groups.size() == all.size());
  const ScanOutcome pieces = ScanBytes(file, options, chunk);
  CHECK(pieces.groups == whole.groups);
  CHECK_EQ(pieces.label, whole.label);
  options.records = false;
  CHECK_EQ(ScanBytes(file, options, chunk).label, whole.label);
}

}  // namespace
}  // namespace tidelog::impls::file

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tidelog::impls::file::Fuzz(tidelog::impls::file::Program(data, size));
  return 0;
}
