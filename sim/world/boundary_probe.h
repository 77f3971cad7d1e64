// BoundaryProbe: a backend that is another one, and remembers where each term that it opened began.
//
// The boundary of an open (A2) is seen by the adaptor alone; the checkers of fencing want it too.
#ifndef TIDELOG_SIM_WORLD_BOUNDARY_PROBE_H_
#define TIDELOG_SIM_WORLD_BOUNDARY_PROBE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/container/btree_map.h"
#include "sim/check/record.h"
#include "walimpls/opener.h"

namespace tidelog::sim {

// In the memory of a process, and confined to the simulated thread.  Outlives its openers.
class BoundaryProbe final : public walimpls::OpenerBuilderImpls {
 public:
  explicit BoundaryProbe(std::unique_ptr<walimpls::OpenerBuilderImpls> backend)
      : backend_(std::move(backend)) {}

  std::string_view name() const override { return backend_->name(); }
  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> Build(const Environment& environment,
                                                               const Config& config) override;

  // The last id below the newest open of this term; none: the term was not opened here.
  std::optional<check::Id> BoundaryOf(int64_t term) const;

 private:
  friend class ProbedOpener;

  const std::unique_ptr<walimpls::OpenerBuilderImpls> backend_;
  absl::btree_map<int64_t, check::Id> boundaries_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_BOUNDARY_PROBE_H_
