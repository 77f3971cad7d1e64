// FlakyBuilder: a backend, some of whose appends end not done though nothing is wrong with it.
#ifndef TIDELOG_WALIMPLS_TESTING_FLAKY_BUILDER_H_
#define TIDELOG_WALIMPLS_TESTING_FLAKY_BUILDER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "wal/environment.h"
#include "wal/types.h"
#include "walimpls/opener.h"

namespace tidelog::walimpls {

// What goes wrong in the logs of some FlakyBuilders.  Safe from any thread; outlives them.
struct Flakiness {
  // One in so many groups, drawn at random, ends with kUnavailable, and after it the others that
  // the prefix property asks for (D8).  0: none.
  std::atomic<uint64_t> one_in{0};
  std::atomic<uint64_t> failed{0};  // Groups that were drawn.
};

// Keeps the contract of walimpls if `inner` does.
class FlakyBuilder final : public OpenerBuilderImpls {
 public:
  FlakyBuilder(std::unique_ptr<OpenerBuilderImpls> inner, Flakiness* flakiness)
      : inner_(std::move(inner)), flakiness_(*flakiness) {}

  std::string_view name() const override { return inner_->name(); }
  using OpenerBuilderImpls::Build;
  absl::StatusOr<std::unique_ptr<OpenerImpls>> Build(const Environment& environment,
                                                     const Config& config) override;

 private:
  const std::unique_ptr<OpenerBuilderImpls> inner_;
  Flakiness& flakiness_;
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_FLAKY_BUILDER_H_
