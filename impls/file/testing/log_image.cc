#include "impls/file/testing/log_image.h"

#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/little_endian.h"
#include "impls/file/manifest.h"
#include "impls/file/names.h"
#include "impls/file/segment_index.h"
#include "impls/file/term_word.h"
#include "impls/file/testing/record_bytes.h"
#include "impls/file/testing/segment_builder.h"
#include "wal/types.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kCapacity = 5120;
constexpr uint64_t kFileBytesMax = 1 << 30;
constexpr uint32_t kLogNumber = 4711;

std::string PayloadOf(uint64_t id) { return absl::StrCat("payload of ", id); }
uint64_t TickOf(uint64_t id) { return id * 10; }
std::string RecordOf(uint64_t id) {
  return InsertRecord(Term{7}, TimeTick{TickOf(id)}, PayloadOf(id));
}

SegmentHeader HeaderOf(SegmentName name, uint64_t base_id, uint32_t base_chain, bool recycled) {
  SegmentHeader header = TestHeader();
  header.name = name;
  header.uuid[0] = static_cast<uint8_t>(name.incarnation);
  header.uuid[1] = static_cast<uint8_t>(name.number);
  header.base_id = base_id;
  header.base_chain = base_chain;
  header.capacity = kCapacity;
  header.recycled = recycled;
  return header;
}

// What a recycled file holds of an earlier life.
std::string OldBytes() {
  SegmentBuilder builder(HeaderOf({Term{7}, 1, 9}, 1, 0, false));
  for (uint64_t id = 1; id <= 6; ++id) builder.Group({RecordOf(id)}, id - 1);
  return builder.Bytes();
}

ManifestSegment Listed(const SegmentHeader& header) {
  ManifestSegment listed;
  listed.name = header.name;
  listed.uuid = header.uuid;
  listed.base_id = header.base_id;
  listed.base_chain = header.base_chain;
  return listed;
}

Seal SealAt(const SegmentBuilder& builder) {
  Seal seal;
  seal.last_id = builder.last_id();
  seal.end_offset = builder.end().offset;
  seal.chain = builder.end().chain;
  seal.last_tick = TickOf(seal.last_id);
  return seal;
}

std::string PathInChannel(std::string_view name) { return absl::StrCat("orders/", name); }

// Puts the segments into `log`, and yields what the manifest says of them.
std::vector<ManifestSegment> AddSegments(bool recycled, KnownLog* log) {
  std::vector<ManifestSegment> listed;
  SegmentBuilder first(HeaderOf({Term{7}, 1, 1}, 1, 0, false));
  first.Group({RecordOf(1), RecordOf(2)}).Group({RecordOf(3)}).Group({RecordOf(4)});
  listed.push_back(Listed(first.header()));
  listed.back().seal = SealAt(first);
  listed.back().seal->index_offset = listed.back().seal->end_offset;
  const ScanPoint second_begin = first.end();
  first.Footer();

  SegmentBuilder second(HeaderOf({Term{7}, 2, 1}, 5, second_begin.chain, true));
  second.Group({RecordOf(5)}).Group({RecordOf(6)});
  listed.push_back(Listed(second.header()));
  listed.back().seal = SealAt(second);
  listed.back().seal->side_index = true;
  const std::vector<ScanPoint> points = second.points();
  const std::string index =
      EncodeSideIndex(second.header(), {{5, TickOf(5), points[0].offset, points[0].chain, 0},
                                        {6, TickOf(6), points[1].offset, points[1].chain, 0}});
  const ScanPoint third_begin = second.end();
  second.Group({InsertRecord(Term{7}, TimeTick{70}, "written again elsewhere")}, 6);

  SegmentBuilder third(HeaderOf({Term{7}, 2, 2}, 7, third_begin.chain, recycled));
  third.Group({RecordOf(7), RecordOf(8)}, 6).Group({RecordOf(9)}, 8);
  log->last_group_begin = third.end().offset;
  third.Group({RecordOf(10)}, 9);
  log->last_group_end = third.end().offset;
  listed.push_back(Listed(third.header()));

  log->last_file = PathInChannel(listed[2].name.FileName());
  log->image[PathInChannel(listed[0].name.FileName())] = first.Bytes();
  log->image[PathInChannel(listed[1].name.FileName())] = second.Bytes(OldBytes());
  log->image[PathInChannel(listed[1].name.IndexFileName())] = index;
  log->image[log->last_file] = third.Bytes(recycled ? OldBytes() : "");
  return listed;
}

}  // namespace

LogImage ReadImage(TestRuntime* runtime, FileSystem* files, const std::string& dir) {
  LogImage image;
  const auto read = [&](const std::string& name) {
    const std::string path = PathOf(dir, name);
    auto bytes = runtime->Run([&] { return ReadWholeFile(files, path, kFileBytesMax); });
    if (!bytes.ok()) return false;  // A directory.
    image[name] = *std::move(bytes);
    return true;
  };
  const auto names = runtime->Run([&] { return files->List(dir); });
  CHECK_OK(names.status());
  for (const std::string& name : *names) {
    if (read(name)) continue;
    const auto inside = runtime->Run([&] { return files->List(PathOf(dir, name)); });
    CHECK_OK(inside.status());
    for (const std::string& file : *inside) CHECK(read(PathOf(name, file))) << file;
  }
  return image;
}

void LayDown(TestRuntime* runtime, FileSystem* files, const std::string& dir,
             const LogImage& image) {
  const auto make = [&](const std::string& path) {
    const absl::Status made = runtime->Run([&] { return files->CreateDirectory(path); });
    CHECK(made.ok() || absl::IsAlreadyExists(made)) << made;
  };
  make(dir);
  for (const auto& [name, bytes] : image) {
    const size_t slash = name.find('/');
    if (slash != std::string::npos) make(PathOf(dir, name.substr(0, slash)));
    CHECK_OK(runtime->Run([&] { return WriteNewFile(files, PathOf(dir, name), bytes); }));
  }
}

KnownLog MakeSmallLog(bool recycled) {
  KnownLog log;
  log.number = kLogNumber;
  for (uint64_t id = 1; id <= 10; ++id) log.records.push_back({id, TickOf(id), PayloadOf(id)});
  log.durable_id = 9;
  log.durable_id_without_last = 8;
  Manifest manifest;
  manifest.channel = "orders";
  manifest.name = {Term{7}, 3};
  manifest.incarnation = 2;
  manifest.segments = AddSegments(recycled, &log);
  CHECK_OK(CheckManifest(manifest));
  log.image[std::string(kMarkerName)] = MarkerText();
  log.image[PathInChannel(manifest.name.FileName())] = EncodeManifest(manifest);
  log.image[PathInChannel(kLockName)] = "";
  log.image[PathInChannel(PrivateName{Term{7}, 2, 5}.FileName())] = std::string(16, '\0');
  std::string term(16, '\0');
  StoreLittleEndian<uint64_t>(term.data(), TermWord{Term{7}, 2, false}.Pack());
  StoreLittleEndian<uint64_t>(term.data() + 8, BirthWord{kLogNumber, true}.Pack());
  log.image[PathInChannel(kTermName)] = term;
  return log;
}

}  // namespace tidelog::impls::file
