#include "impls/file/testing/log_files.h"

#include <memory>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/little_endian.h"
#include "impls/file/names.h"
#include "impls/file/testing/record_bytes.h"

namespace tidelog::impls::file {

namespace {

constexpr char kLog[] = "log";
constexpr char kChannel[] = "log/orders";
constexpr uint32_t kLogNumber = 4711;

SegmentBuilder FullSegment() {
  SegmentBuilder builder(TestHeader());
  for (uint64_t id = 101; id < 111; id += 2) {
    builder.Group({LogFiles::Record(id), LogFiles::Record(id + 1)});
  }
  return builder;
}

SegmentBuilder NextSegment(const SegmentBuilder& before, uint64_t capacity) {
  SegmentHeader header = TestHeader();
  header.name.number = 2;
  header.capacity = capacity;
  header.uuid[0] ^= 0xFF;
  header.base_id = before.end().next_id;
  header.base_chain = before.end().chain;
  SegmentBuilder builder(header);
  for (uint64_t id = header.base_id; id < header.base_id + 5; ++id) {
    builder.Group({LogFiles::Record(id)});
  }
  return builder;
}

ManifestSegment Listed(const SegmentHeader& header) {
  ManifestSegment listed;
  listed.name = header.name;
  listed.uuid = header.uuid;
  listed.base_id = header.base_id;
  listed.base_chain = header.base_chain;
  return listed;
}

}  // namespace

std::string LogFiles::Record(uint64_t id) {
  return InsertRecord(Term{7}, TimeTick{id * 10}, absl::StrCat("payload of ", id));
}

LogFiles::LogFiles(TestRuntime* runtime, uint64_t capacity)
    : sealed(FullSegment()),
      unsealed(NextSegment(sealed, capacity)),
      runtime_(runtime),
      disk_(runtime, {.seed = 1}),
      files_(disk_.NewProcess()) {
  manifest.channel = "orders";
  manifest.name = {Term{7}, 2};
  manifest.incarnation = 1;
  manifest.mark = {101, 1000};
  manifest.segments = {Listed(sealed.header()), Listed(unsealed.header())};
  Seal seal;
  seal.last_id = sealed.last_id();
  seal.end_offset = sealed.end().offset;
  seal.chain = sealed.end().chain;
  seal.last_tick = sealed.last_id() * 10;
  seal.index_offset = seal.end_offset;
  manifest.segments[0].seal = seal;
  sealed.Footer();
  for (const char* directory : {kLog, kChannel}) {
    CHECK_OK(runtime_->Run([&] { return files_->CreateDirectory(directory); }));
  }
}

void LogFiles::Publish() {
  PutInLog(kMarkerName, MarkerText());
  std::string term(16, '\0');
  StoreLittleEndian<uint64_t>(term.data(), owner.Pack());
  StoreLittleEndian<uint64_t>(term.data() + 8, BirthWord{kLogNumber, published}.Pack());
  Put(kTermName, term);
  Put(kLockName, "");
  Put(manifest.name.FileName(), EncodeManifest(manifest));
  Put(sealed_name(), sealed.Bytes());
  Put(unsealed_name(), unsealed.Bytes());
}

void LogFiles::PutAt(std::string path, std::string bytes) {
  const absl::Status removed = runtime_->Run([&] { return files_->Unlink(path); });
  CHECK(removed.ok() || absl::IsNotFound(removed)) << removed;
  CHECK_OK(runtime_->Run([&] { return WriteNewFile(files_, path, bytes); }));
}

void LogFiles::Put(std::string_view name, std::string bytes) {
  PutAt(PathOf(kChannel, name), std::move(bytes));
}

void LogFiles::PutInLog(std::string_view name, std::string bytes) {
  PutAt(PathOf(kLog, name), std::move(bytes));
}

std::string LogFiles::Get(std::string_view name) {
  const std::string path = PathOf(kChannel, name);
  return runtime_->Run([&] { return ReadWholeFile(files_, path, 1 << 30); }).value();
}

void LogFiles::Remove(std::string_view name) {
  const std::string path = PathOf(kChannel, name);
  CHECK_OK(runtime_->Run([&] { return files_->Unlink(path); }));
}

void LogFiles::Damage(std::string_view name, uint64_t offset) {
  std::string bytes = Get(name);
  CHECK_LT(offset, bytes.size());
  bytes[offset] = static_cast<char>(bytes[offset] ^ 0x10);
  Put(name, bytes);
}

void LogFiles::HoldLock() {
  const std::string path = PathOf(kChannel, kLockName);
  lock_ = runtime_->Run([&] { return files_->Open(path, OpenMode::kReadWrite); }).value();
  CHECK(runtime_->Run([&] { return lock_->TryLock(); }).value());
}

}  // namespace tidelog::impls::file
