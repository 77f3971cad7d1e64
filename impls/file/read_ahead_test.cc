#include "impls/file/read_ahead.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "impls/file/file_ops.h"
#include "wal/async/random_stream.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/crashable_file_system.h"

namespace tidelog::impls::file {
namespace {

constexpr size_t kFileSize = 30000;  // No multiple of what direct reads are aligned to.

class ReadAheadTest : public testing::TestWithParam<bool> {
 protected:
  ReadAheadTest() : disk_(&runtime_, {.seed = 1}) {
    for (size_t i = 0; i < kFileSize; ++i) bytes_.push_back(static_cast<char>(i * i % 251));
    FileSystem* files = disk_.NewProcess();
    EXPECT_TRUE(runtime_.Run([&] { return WriteNewFile(files, "file", bytes_); }).ok());
    file_ = runtime_.Run([&] { return files->Open("file", OpenMode::kRead); }).value();
  }
  std::unique_ptr<ReadAhead> Make(size_t chunk) {
    ReadAhead::Options options;
    options.file_size = bytes_.size();
    options.chunk_bytes = chunk;
    options.direct = GetParam();
    return std::make_unique<ReadAhead>(file_.get(), options);
  }
  // What Get() yields must be the file's bytes there, and enough of them.
  uint64_t ExpectGood(ReadAhead* ahead, uint64_t offset, uint64_t size) {
    const absl::StatusOr<std::string_view> got =
        runtime_.Run([&] { return ahead->Get(offset, size); });
    EXPECT_TRUE(got.ok()) << got.status();
    const uint64_t begin = std::min<uint64_t>(offset, bytes_.size());
    EXPECT_EQ(*got, std::string_view(bytes_).substr(begin, got->size())) << offset;
    EXPECT_GE(got->size(), std::min<uint64_t>(size, bytes_.size() - begin));
    return got->size();
  }

  TestRuntime runtime_;
  CrashableFileSystem disk_;
  std::string bytes_;
  std::unique_ptr<File> file_;
};

TEST_P(ReadAheadTest, GivesTheFileToWhoeverGoesOnBehindAChunkOrInside) {
  for (const size_t chunk : {1, 7, 100, 4096, 20000}) {
    RandomStream random(chunk, "places");
    const std::unique_ptr<ReadAhead> ahead = Make(chunk);
    for (uint64_t at = 0; at < bytes_.size();) {
      const uint64_t got = ExpectGood(ahead.get(), at, 1 + random.Below(300));
      at += 1 + random.Below(got);
    }
    EXPECT_EQ(ExpectGood(ahead.get(), bytes_.size(), 16), 0u);
    (void)runtime_.Run([&] { return ahead->Finish(); });
  }
}

TEST_P(ReadAheadTest, GivesTheFileToWhoeverJumps) {
  const std::unique_ptr<ReadAhead> ahead = Make(100);
  RandomStream random(1, "places");
  for (int i = 0; i < 300; ++i) {
    ExpectGood(ahead.get(), random.Below(bytes_.size() + 50), 1 + random.Below(500));
  }
  (void)runtime_.Run([&] { return ahead->Finish(); });
}

TEST_P(ReadAheadTest, ReadsAChunkOnce) {
  const std::unique_ptr<ReadAhead> ahead = Make(kDirectAlignment);
  const uint64_t before = disk_.operation_count();
  for (uint64_t at = 0; at < bytes_.size();) at += ExpectGood(ahead.get(), at, 16);
  (void)runtime_.Run([&] { return ahead->Finish(); });
  EXPECT_EQ(disk_.operation_count() - before, kFileSize / kDirectAlignment + 1);
}

TEST_P(ReadAheadTest, ReadsPastThePageCacheIfToldTo) {
  uint64_t direct_count = 0;
  disk_.SetFaultHook([&](const DiskEvent& event) {
    direct_count += event.operation == DiskOperation::kReadDirect;
    return DiskFault{};
  });
  const std::unique_ptr<ReadAhead> ahead = Make(kDirectAlignment);
  ExpectGood(ahead.get(), 5000, 16);
  (void)runtime_.Run([&] { return ahead->Finish(); });
  EXPECT_EQ(direct_count, GetParam() ? 2u : 0u);
}

INSTANTIATE_TEST_SUITE_P(DirectAndNot, ReadAheadTest, testing::Bool());

}  // namespace
}  // namespace tidelog::impls::file
