// The contract of walimpls, kept by the file backend: under seeds on a disk in memory, and on
// threads on this machine's.
#include "walimpls/testing/conformance.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/file/file_log.h"
#include "wal/async/test_runtime.h"
#include "wal/async/thread_runtime.h"
#include "wal/environment.h"
#include "wal/io/posix_file_system.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/observer.h"
#include "wal/types.h"
#include "walimpls/testing/model_property.h"

namespace tidelog::walimpls {
namespace {

class SilentObserver final : public Observer {
 public:
  void OnEvent(const Event&) override {}
};

std::unique_ptr<OpenerImpls> MakeFileOpener(const Environment& environment, const Config& config) {
  absl::StatusOr<std::unique_ptr<OpenerImpls>> opener =
      impls::file::MakeBuilder()->Build(environment, config);
  CHECK_OK(opener.status());
  return *std::move(opener);
}

// Openers are processes of one simulated machine.
class SeededBackend final : public Backend {
 public:
  explicit SeededBackend(uint64_t seed) : runtime_(seed), disk_(&runtime_, {.seed = seed}) {}

  Runtime* runtime() override { return &runtime_; }
  std::unique_ptr<OpenerImpls> MakeOpener() override {
    Environment environment;
    environment.runtime = &runtime_;
    environment.files = disk_.NewProcess();
    environment.observer = &observer_;
    // Small segments, so that every test rolls and truncates.
    const Config config = {
        {"dir", "log"}, {"segment_bytes", "65536"}, {"message_bytes_max", "262144"}};
    return MakeFileOpener(environment, config);
  }
  bool StartFailing() override {
    disk_.SetFaultHook([](const DiskEvent& event) {
      const bool fails =
          event.operation == DiskOperation::kWrite && absl::EndsWith(event.path, ".seg");
      return DiskFault{.error_number = fails ? ENOSPC : 0};
    });
    return true;
  }
  void StopFailing() override { disk_.SetFaultHook(nullptr); }

 private:
  TestRuntime runtime_;
  CrashableFileSystem disk_;
  SilentObserver observer_;
};

// Openers share a directory of this machine.
class ThreadedBackend final : public Backend {
 public:
  ThreadedBackend() : runtime_(ThreadRuntime::Create()), files_(runtime_.get()) {
    std::string path = absl::StrCat(::testing::TempDir(), "/file-log-XXXXXX");
    CHECK(mkdtemp(path.data()) != nullptr);
    directory_ = path;
  }

  Runtime* runtime() override { return runtime_.get(); }
  std::unique_ptr<OpenerImpls> MakeOpener() override {
    Environment environment;
    environment.runtime = runtime_.get();
    environment.files = &files_;
    environment.observer = &observer_;
    const Config config = {{"dir", absl::StrCat(directory_, "/log")},
                           {"segment_bytes", "65536"},
                           {"message_bytes_max", "262144"},
                           {"allow_remote_file_system", "true"}};
    return MakeFileOpener(environment, config);
  }

 private:
  const std::unique_ptr<ThreadRuntime> runtime_;
  PosixFileSystem files_;
  SilentObserver observer_;
  std::string directory_;
};

std::unique_ptr<Backend> MakeSeeded(uint64_t seed) { return std::make_unique<SeededBackend>(seed); }

std::unique_ptr<Backend> MakeThreaded(uint64_t) { return std::make_unique<ThreadedBackend>(); }

INSTANTIATE_TEST_SUITE_P(File, WalImplsConformance,
                         ::testing::Values(BackendParam{"seeded", &MakeSeeded, 50},
                                           BackendParam{"threads", &MakeThreaded, 5}),
                         BackendParam::NameOf);

INSTANTIATE_TEST_SUITE_P(File, WalImplsModelProperty,
                         ::testing::Values(BackendParam{"seeded", &MakeSeeded}),
                         BackendParam::NameOf);

}  // namespace
}  // namespace tidelog::walimpls
