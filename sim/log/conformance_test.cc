// The contract of walimpls, kept by the client of a simulated log service in front of each kind of
// service, without faults.
#include "walimpls/testing/conformance.h"

#include <cstdint>
#include <memory>

#include "gtest/gtest.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "sim/kernel/scheduler.h"
#include "sim/log/log_fault.h"
#include "sim/log/log_service.h"
#include "sim/log/protocol.h"
#include "sim/log/sim_log.h"
#include "wal/async/runtime.h"
#include "walimpls/testing/model_property.h"

namespace tidelog::walimpls {
namespace {

using ::tidelog::sim::Kernel;
using ::tidelog::sim::LogCall;
using ::tidelog::sim::LogCode;
using ::tidelog::sim::LogProtocol;
using ::tidelog::sim::LogService;
using ::tidelog::sim::LogVerdict;

// The test itself is code of no process: what it makes lies in the memory of the world, which is
// all right as long as nothing is killed.
class SimBackend final : public Backend {
 public:
  SimBackend(LogProtocol protocol, uint64_t seed)
      : kernel_(OptionsOf(seed)),
        service_(&kernel_, OptionsOf(protocol)),
        process_(kernel_.Spawn("test")) {}

  Runtime* runtime() override { return process_->runtime(); }
  std::unique_ptr<OpenerImpls> MakeOpener() override {
    return sim::MakeSimLogOpener(process_, &service_);
  }
  bool StartFailing() override {
    service_.SetFaults([](const LogCall& call) {
      LogVerdict verdict;
      if (call.stores_group) verdict.refuse_with = LogCode::kFull;
      return verdict;
    });
    return true;
  }
  void StopFailing() override { service_.SetFaults(nullptr); }

 private:
  static Kernel::Options OptionsOf(uint64_t seed) {
    Kernel::Options options;
    options.seed = seed;
    options.scheduler.kind = sim::SchedulerKind::kRandomReady;
    return options;
  }
  static sim::LogServiceOptions OptionsOf(LogProtocol protocol) {
    sim::LogServiceOptions options;
    options.protocol = protocol;
    return options;
  }

  Kernel kernel_;
  LogService service_;
  sim::Process* const process_;
};

template <LogProtocol kProtocol>
std::unique_ptr<Backend> Make(uint64_t seed) {
  return std::make_unique<SimBackend>(kProtocol, seed);
}

INSTANTIATE_TEST_SUITE_P(
    SimLog, WalImplsConformance,
    ::testing::Values(BackendParam{"transactional", &Make<LogProtocol::kTransactional>, 40},
                      BackendParam{"sequenced", &Make<LogProtocol::kSequenced>, 40},
                      BackendParam{"objects", &Make<LogProtocol::kObjects>, 40}),
    BackendParam::NameOf);

INSTANTIATE_TEST_SUITE_P(
    SimLog, WalImplsModelProperty,
    ::testing::Values(BackendParam{"transactional", &Make<LogProtocol::kTransactional>},
                      BackendParam{"sequenced", &Make<LogProtocol::kSequenced>},
                      BackendParam{"objects", &Make<LogProtocol::kObjects>}),
    BackendParam::NameOf);

}  // namespace
}  // namespace tidelog::walimpls
