// FaultSites: which fault of a plan meets which operation: counts the sites of each slot, and says
// what is due.
#ifndef TIDELOG_SIM_WORLD_FAULT_SITES_H_
#define TIDELOG_SIM_WORLD_FAULT_SITES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/log/log_fault.h"
#include "sim/plan/plan.h"
#include "wal/io/testing/disk_operation.h"

namespace tidelog::sim {

// The sites that an operation is, the general one first.
std::array<Site, 2> SitesOf(DiskOperation operation);
std::array<Site, 2> SitesOf(const LogCall& call);

// In the memory of the world.
class FaultSites {
 public:
  // `plan` outlives this.
  explicit FaultSites(const Plan& plan);

  // Something happens at a site: appends the faults that are to meet it to `due`.
  void Count(uint32_t slot, Site site, std::vector<const Fault*>* due);

 private:
  struct Line {
    uint64_t count = 0;
    std::vector<const Fault*> waiting;  // By where, the last first.
  };

  Line& LineOf(uint32_t slot, Site site) {
    return lines_[size_t{slot} * kSiteCount + static_cast<size_t>(site)];
  }

  std::vector<Line> lines_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_FAULT_SITES_H_
