// What an operation on a simulated disk costs: operations a second of wall time, in one thread,
// from the request of a coroutine to its going on. bazel run --config=opt //sim/disk:disk_benchmark

#include <time.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sim/disk/sim_disk.h"
#include "sim/disk/sim_file_system.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/io/file_system.h"

namespace tidelog::sim {
namespace {

constexpr uint64_t kCount = 500000;
constexpr int kAtOnce = 8;
constexpr uint64_t kArea = 1 << 16;

enum class Kind { kSize, kRead, kWrite, kWriteAndSync };

struct Shared {
  FileSystem* files = nullptr;
  Executor* executor = nullptr;
  Kind kind{};
  uint64_t left = kCount;
  int running = 0;
};

double Seconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Future<Unit> Work(Shared* shared, std::string path) {
  co_await EnterExecutor(shared->executor);
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await shared->files->Open(std::move(path), OpenMode::kCreateExclusive);
  CHECK_OK(file.status());
  char bytes[64] = {1};
  const std::vector<std::span<const char>> pieces = {bytes};
  for (uint64_t at = 0; shared->left > 0; at = (at + sizeof(bytes)) % kArea) {
    --shared->left;
    switch (shared->kind) {
      case Kind::kSize: {
        absl::StatusOr<uint64_t> size = co_await (*file)->Size();
        CHECK_OK(size.status());
        break;
      }
      case Kind::kRead: {
        absl::StatusOr<size_t> count = co_await (*file)->Read(at, bytes);
        CHECK_OK(count.status());
        break;
      }
      case Kind::kWrite: {
        absl::Status written = co_await (*file)->Write(at, pieces);
        CHECK_OK(written);
        break;
      }
      case Kind::kWriteAndSync: {
        WriteSyncResult result =
            co_await (*file)->WriteAndSync(at, pieces, Runtime::Urgency::kWhenIdle);
        CHECK(result.ok());
        break;
      }
    }
  }
  file->reset();
  --shared->running;
  co_return Unit{};
}

void Measure(std::string_view name, Kind kind) {
  Kernel::Options options;
  options.seed = 1;
  Kernel kernel(options);
  SimDisk disk(&kernel, {});
  Process* process = kernel.Spawn("benchmark");
  Shared shared;
  shared.kind = kind;
  process->Enter([&] {
    shared.files = std::make_unique<SimFileSystem>(&disk, process).release();
    shared.executor = process->runtime()->MakeExecutor("benchmark").release();
    for (int i = 0; i < kAtOnce; ++i) {
      ++shared.running;
      const Future<Unit> dropped = Work(&shared, std::string(1, static_cast<char>('a' + i)));
    }
    return 0;
  });
  const double begin = Seconds();
  CHECK(kernel.RunUntil([&] { return shared.running == 0; }, absl::Hours(10)));
  const double took = Seconds() - begin;
  std::printf("%-14s %9.0f operations/s %9.0f steps/s\n", std::string(name).c_str(), kCount / took,
              static_cast<double>(kernel.step_count()) / took);
}

}  // namespace
}  // namespace tidelog::sim

int main() {
  using tidelog::sim::Kind;
  using tidelog::sim::Measure;
  Measure("fstat", Kind::kSize);
  Measure("pread 64", Kind::kRead);
  Measure("pwrite 64", Kind::kWrite);
  Measure("write and sync", Kind::kWriteAndSync);
}
