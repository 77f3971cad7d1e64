// Verify() beside an owner that goes on writing, in many schedules: a log that is in order is never
// called corrupt.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "impls/file/file_ops.h"
#include "impls/file/inspect.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_format.h"
#include "impls/file/testing/log_files.h"
#include "impls/file/testing/segment_builder.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/base/status_macros.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {
namespace {

constexpr int kSchedules = 40;

// In turn less than a frame, so that a reader meets halves of them, and some groups at once, so
// that it is overtaken.
constexpr uint64_t kShortWrite = 24;
constexpr uint64_t kLongWrite = 300;

// Writes the bytes of `file` from `begin` on.
Future<absl::Status> WriteOn(FileSystem* files, std::string path, std::string file, uint64_t begin,
                             uint64_t end) {
  absl::StatusOr<std::unique_ptr<File>> opened = co_await files->Open(path, OpenMode::kReadWrite);
  TIDELOG_CO_RETURN_IF_ERROR(opened.status());
  uint64_t size = 0;
  for (uint64_t at = begin; at < end; at += size) {
    size = std::min(size == kShortWrite ? kLongWrite : kShortWrite, end - at);
    const std::span<const char> pieces[] = {std::span<const char>(file).subspan(at, size)};
    absl::Status written = co_await (*opened)->Write(at, pieces);
    TIDELOG_CO_RETURN_IF_ERROR(written);
  }
  co_return absl::OkStatus();
}

// Drops the first segment, and uses its file for something else.
Future<absl::Status> Truncate(FileSystem* files, std::string directory, Manifest before,
                              std::string garbage) {
  Manifest after = before;
  ++after.name.number;
  after.segments.erase(after.segments.begin());
  after.mark = {after.segments.front().base_id, 1000};
  absl::Status done =
      co_await PublishFile(files, directory, PathOf(directory, "private"),
                           PathOf(directory, after.name.FileName()), EncodeManifest(after));
  TIDELOG_CO_RETURN_IF_ERROR(done);
  done = co_await files->Unlink(PathOf(directory, before.name.FileName()));
  TIDELOG_CO_RETURN_IF_ERROR(done);
  const uint64_t size = garbage.size();
  done = co_await WriteOn(files, PathOf(directory, before.segments.front().name.FileName()),
                          std::move(garbage), 0, size);
  TIDELOG_CO_RETURN_IF_ERROR(done);
  done = co_await files->Unlink(PathOf(directory, before.segments.front().name.FileName()));
  co_return done;
}

Future<absl::StatusOr<VerifyReport>> VerifyBeside(FileSystem* files, Future<absl::Status> owner) {
  InspectOptions options;
  options.chunk_bytes = 256;
  absl::StatusOr<VerifyReport> report = co_await Verify(files, "log", "orders", options);
  absl::Status worked = co_await std::move(owner);
  TIDELOG_CO_RETURN_IF_ERROR(worked);
  co_return report;
}

std::string FirstCorruption(const VerifyReport& report) {
  for (const Finding& finding : report.findings) {
    if (finding.severity == Severity::kCorrupt) return finding.file + ": " + finding.sentence;
  }
  return "";
}

TEST(InspectLiveTest, GroupsBeingWrittenAreNotTakenForDamage) {
  uint64_t met_min = UINT64_MAX;
  uint64_t met_max = 0;
  for (int seed = 0; seed < kSchedules; ++seed) {
    TestRuntime runtime(seed);
    LogFiles log(&runtime, /*capacity=*/65536);
    log.Publish();
    log.HoldLock();
    const uint64_t begin = log.unsealed.end().offset;
    for (uint64_t id = 116; id < 316; ++id) log.unsealed.Group({LogFiles::Record(id)});
    const std::string path = PathOf("log/orders", log.unsealed_name());
    const absl::StatusOr<VerifyReport> report = runtime.Run([&] {
      return VerifyBeside(log.files(), WriteOn(log.files(), path, log.unsealed.Bytes(), begin,
                                               log.unsealed.end().offset));
    });
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(FirstCorruption(*report), "") << "seed " << seed;
    met_min = std::min(met_min, report->segments[1].last_id);
    met_max = std::max(met_max, report->segments[1].last_id);
  }
  // The schedules did overlap.
  EXPECT_LT(met_min, met_max);
}

TEST(InspectLiveTest, ASegmentTruncatedMeanwhileIsNotTakenForDamage) {
  size_t without = 0;
  for (int seed = 0; seed < kSchedules; ++seed) {
    TestRuntime runtime(seed);
    LogFiles log(&runtime);
    log.Publish();
    log.HoldLock();
    const absl::StatusOr<VerifyReport> report = runtime.Run([&] {
      return VerifyBeside(
          log.files(), Truncate(log.files(), "log/orders", log.manifest, std::string(8192, 'x')));
    });
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(FirstCorruption(*report), "") << "seed " << seed;
    without += report->segments.size() == 1 ? 1 : 0;
  }
  EXPECT_GT(without, 0u);
}

}  // namespace
}  // namespace tidelog::impls::file
