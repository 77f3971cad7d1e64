// The contract of Wal, kept by the adaptor on each backend that keeps a log: in virtual time, and
// on threads over files.

#include "wal/testing/wal_conformance.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "adaptor/opener_builder.h"
#include "gtest/gtest.h"
#include "impls/file/file_log.h"
#include "impls/memory/store.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "sim/kernel/scheduler.h"
#include "sim/log/log_service.h"
#include "sim/log/protocol.h"
#include "sim/log/sim_log.h"
#include "sim/model/memory_builder.h"
#include "wal/async/runtime.h"
#include "wal/async/test_runtime.h"
#include "wal/async/thread_runtime.h"
#include "wal/environment.h"
#include "wal/io/posix_file_system.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/metrics.h"
#include "wal/observer.h"
#include "wal/opener.h"
#include "walimpls/opener.h"
#include "walimpls/testing/flaky_builder.h"

namespace tidelog::sim {
namespace {

class SilentObserver final : public Observer {
 public:
  void OnEvent(const tidelog::Event&) override {}
};

// What is the same for all: each opener has a backend of its own, and they share what it stores.
class Storage : public WalStorage {
 public:
  const MetricRegistry& metrics() override { return *metrics_; }
  void FailAppends(uint64_t one_in) override { flakiness_.one_in = one_in; }
  uint64_t failed_count() const override { return flakiness_.failed; }

 protected:
  Environment MakeEnvironment() {
    Environment environment;
    environment.runtime = runtime();
    environment.observer = &observer_;
    environment.metrics = metrics_.get();
    return environment;
  }

  Opener* Make(const Environment& environment,
               std::unique_ptr<walimpls::OpenerBuilderImpls> backend, const Config& config) {
    backends_.push_back(std::make_unique<walimpls::FlakyBuilder>(std::move(backend), &flakiness_));
    builders_.push_back(adaptor::MakeOpenerBuilder(backends_.back().get(), {}));
    absl::StatusOr<std::unique_ptr<Opener>> opener = builders_.back()->Build(environment, config);
    CHECK_OK(opener);
    openers_.push_back(*std::move(opener));
    return openers_.back().get();
  }
  // While what they stand on is there, simulated memory too.
  void DropOpeners() {
    openers_.clear();
    builders_.clear();
    backends_.clear();
    metrics_.reset();
  }

 private:
  SilentObserver observer_;
  std::unique_ptr<MetricRegistry> metrics_ = std::make_unique<MetricRegistry>();
  walimpls::Flakiness flakiness_;
  std::vector<std::unique_ptr<walimpls::OpenerBuilderImpls>> backends_;
  std::vector<std::unique_ptr<OpenerBuilder>> builders_;
  std::vector<std::unique_ptr<Opener>> openers_;
};

class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(uint64_t seed) : runtime_(seed) {}
  ~MemoryStorage() override {
    DropOpeners();
    runtime_.RunUntilIdle();
  }

  Runtime* runtime() override { return &runtime_; }
  Opener* MakeOpener(const Config& settings) override {
    return Make(MakeEnvironment(), std::make_unique<MemoryBuilder>(store_), settings);
  }

 private:
  TestRuntime runtime_;
  const std::shared_ptr<impls::memory::Store> store_ = std::make_shared<impls::memory::Store>();
};

// Small segments, so that a life rolls them.
Config FileConfig(const Config& settings, const std::string& directory) {
  Config config = settings;
  config.insert({{"dir", directory}, {"segment_bytes", "65536"}, {"message_bytes_max", "65536"}});
  return config;
}

// Processes of one simulated machine.
class FileStorage final : public Storage {
 public:
  explicit FileStorage(uint64_t seed) : runtime_(seed), disk_(&runtime_, {.seed = seed}) {}
  ~FileStorage() override {
    DropOpeners();
    runtime_.RunUntilIdle();
  }

  Runtime* runtime() override { return &runtime_; }
  Opener* MakeOpener(const Config& settings) override {
    Environment environment = MakeEnvironment();
    environment.files = disk_.NewProcess();
    return Make(environment, impls::file::MakeBuilder(), FileConfig(settings, "log"));
  }

 private:
  TestRuntime runtime_;
  CrashableFileSystem disk_;
};

// A directory of this machine, and its threads.
class ThreadedFileStorage final : public Storage {
 public:
  ThreadedFileStorage() : runtime_(ThreadRuntime::Create()), files_(runtime_.get()) {
    directory_ = absl::StrCat(::testing::TempDir(), "/wal-conformance-XXXXXX");
    CHECK(mkdtemp(directory_.data()) != nullptr);
  }
  ~ThreadedFileStorage() override { DropOpeners(); }

  Runtime* runtime() override { return runtime_.get(); }
  Opener* MakeOpener(const Config& settings) override {
    Environment environment = MakeEnvironment();
    environment.files = &files_;
    Config config = FileConfig(settings, absl::StrCat(directory_, "/log"));
    config.emplace("allow_remote_file_system", "true");
    return Make(environment, impls::file::MakeBuilder(), config);
  }

 private:
  const std::unique_ptr<ThreadRuntime> runtime_;
  PosixFileSystem files_;
  std::string directory_;
};

// A service in the simulated world.  All is code of one process, which is never killed.
class ServiceStorage final : public Storage {
 public:
  ServiceStorage(LogProtocol protocol, uint64_t seed)
      : protocol_(protocol),
        kernel_(OptionsOf(seed)),
        service_(&kernel_, OptionsOf(protocol)),
        process_(kernel_.Spawn("test")) {}
  ~ServiceStorage() override { DropOpeners(); }

  // Who claims a sequenced log must get his barrier in between two publishes of its owner, and
  // takes several round trips to learn what to expect.
  bool takes_over_busy_owners() const override { return protocol_ != LogProtocol::kSequenced; }

  Runtime* runtime() override { return process_->runtime(); }
  Opener* MakeOpener(const Config& settings) override {
    return Make(MakeEnvironment(), MakeSimLogBuilder(process_, &service_), settings);
  }

 private:
  static Kernel::Options OptionsOf(uint64_t seed) {
    Kernel::Options options;
    options.seed = seed;
    options.scheduler.kind = SchedulerKind::kRandomReady;
    return options;
  }
  static LogServiceOptions OptionsOf(LogProtocol protocol) {
    LogServiceOptions options;
    options.protocol = protocol;
    return options;
  }

  const LogProtocol protocol_;
  Kernel kernel_;
  LogService service_;
  Process* const process_;
};

template <class S>
std::unique_ptr<WalStorage> MakeSeeded(uint64_t seed) {
  return std::make_unique<S>(seed);
}
std::unique_ptr<WalStorage> MakeThreaded(uint64_t) {
  return std::make_unique<ThreadedFileStorage>();
}
template <LogProtocol kProtocol>
std::unique_ptr<WalStorage> MakeService(uint64_t seed) {
  return std::make_unique<ServiceStorage>(kProtocol, seed);
}

INSTANTIATE_TEST_SUITE_P(
    Wal, WalConformance,
    ::testing::Values(WalStorageParam{"memory", &MakeSeeded<MemoryStorage>},
                      WalStorageParam{"file", &MakeSeeded<FileStorage>},
                      WalStorageParam{"file_on_threads", &MakeThreaded, 1},
                      WalStorageParam{"transactional", &MakeService<LogProtocol::kTransactional>,
                                      2},
                      WalStorageParam{"sequenced", &MakeService<LogProtocol::kSequenced>},
                      WalStorageParam{"objects", &MakeService<LogProtocol::kObjects>}),
    WalStorageParam::NameOf);

}  // namespace
}  // namespace tidelog::sim
