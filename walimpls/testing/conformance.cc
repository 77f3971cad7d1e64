#include "walimpls/testing/conformance.h"

#include <utility>

#include "absl/log/check.h"
#include "walimpls/testing/conformance_tools.h"

namespace tidelog::walimpls {

WalImplsConformance::WalImplsConformance() { Start(/*seed=*/1); }

WalImplsConformance::~WalImplsConformance() { Stop(); }

void WalImplsConformance::Restart(uint64_t seed) {
  Stop();
  Start(seed);
}

void WalImplsConformance::Start(uint64_t seed) {
  backend_ = GetParam().make(seed);
  MakeOpener();
}

void WalImplsConformance::Stop() {
  Executor* const strand = MakeStrand("end of the test");
  for (const std::unique_ptr<OpenerImpls>& opener : openers_) {
    const absl::Status closed = Await(strand, [&] { return opener->Close(); });
    CHECK_OK(closed);
  }
  // With their memory: a test may have made them in a simulated process, which ends now.
  std::exchange(openers_, {});
  std::exchange(strands_, {});
  backend_.reset();
}

OpenerImpls* WalImplsConformance::MakeOpener() {
  openers_.push_back(backend_->MakeOpener());
  return openers_.back().get();
}

Executor* WalImplsConformance::MakeStrand(std::string_view name) {
  strands_.push_back(backend_->runtime()->MakeExecutor(name));
  return strands_.back().get();
}

}  // namespace tidelog::walimpls
