// The contract of walimpls, kept by the memory backend: under seeds, and on threads.
#include "walimpls/testing/conformance.h"

#include <cstdint>
#include <memory>

#include "gtest/gtest.h"
#include "impls/memory/memory.h"
#include "impls/memory/store.h"
#include "wal/async/test_runtime.h"
#include "wal/async/thread_runtime.h"
#include "wal/environment.h"
#include "walimpls/testing/model_property.h"

namespace tidelog::walimpls {
namespace {

class MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(std::unique_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}

  Runtime* runtime() override { return runtime_.get(); }
  std::unique_ptr<OpenerImpls> MakeOpener() override {
    Environment environment;
    environment.runtime = runtime_.get();
    return impls::memory::MakeOpener(environment, store_);
  }
  bool StartFailing() override {
    store_->SetBytesMax(1);
    return true;
  }
  void StopFailing() override { store_->SetBytesMax(0); }

 private:
  const std::unique_ptr<Runtime> runtime_;
  const std::shared_ptr<impls::memory::Store> store_ = std::make_shared<impls::memory::Store>();
};

std::unique_ptr<Backend> MakeSeeded(uint64_t seed) {
  return std::make_unique<MemoryBackend>(std::make_unique<TestRuntime>(seed));
}

std::unique_ptr<Backend> MakeThreaded(uint64_t) {
  return std::make_unique<MemoryBackend>(ThreadRuntime::Create());
}

INSTANTIATE_TEST_SUITE_P(Memory, WalImplsConformance,
                         ::testing::Values(BackendParam{"seeded", &MakeSeeded, 200},
                                           BackendParam{"threads", &MakeThreaded, 20}),
                         BackendParam::NameOf);

INSTANTIATE_TEST_SUITE_P(Memory, WalImplsModelProperty,
                         ::testing::Values(BackendParam{"seeded", &MakeSeeded}),
                         BackendParam::NameOf);

}  // namespace
}  // namespace tidelog::walimpls
