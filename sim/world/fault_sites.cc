#include "sim/world/fault_sites.h"

#include <algorithm>
#include <utility>

namespace tidelog::sim {

std::array<Site, 2> SitesOf(DiskOperation operation) {
  switch (operation) {
    case DiskOperation::kRead:
    case DiskOperation::kReadDirect:
    case DiskOperation::kList:
    case DiskOperation::kSize:
    case DiskOperation::kInfo:
      return {Site::kDisk, Site::kDiskRead};
    case DiskOperation::kWrite:
      return {Site::kDisk, Site::kDiskWrite};
    case DiskOperation::kSync:
    case DiskOperation::kSyncWord:
    case DiskOperation::kSyncDirectory:
    case DiskOperation::kStartWriteBack:
      return {Site::kDisk, Site::kDiskSync};
    case DiskOperation::kOpen:
    case DiskOperation::kLink:
    case DiskOperation::kUnlink:
    case DiskOperation::kCreateDirectory:
    case DiskOperation::kWatch:
      return {Site::kDisk, Site::kDiskName};
    case DiskOperation::kAllocate:
    case DiskOperation::kTruncate:
      return {Site::kDisk, Site::kDiskSpace};
    case DiskOperation::kMapWord:
    case DiskOperation::kTryLock:
    case DiskOperation::kIsLocked:
      return {Site::kDisk, Site::kDiskWord};
  }
  return {Site::kDisk, Site::kDisk};
}

std::array<Site, 2> SitesOf(const LogCall& call) {
  if (call.stores_group) return {Site::kRequest, Site::kStore};
  if (call.stores_fence) return {Site::kRequest, Site::kFence};
  return {Site::kRequest, Site::kFetch};
}

FaultSites::FaultSites(const Plan& plan) : lines_(size_t{plan.config.slots} * kSiteCount) {
  for (const Fault& fault : plan.faults) {
    if (fault.trigger.site == Site::kTime) continue;
    LineOf(fault.slot % plan.config.slots, fault.trigger.site).waiting.push_back(&fault);
  }
  for (Line& line : lines_) {
    // Of those at one place the first of the plan is met first; all lie in one vector.
    std::sort(line.waiting.begin(), line.waiting.end(), [](const Fault* a, const Fault* b) {
      return std::pair(a->trigger.nth, a) > std::pair(b->trigger.nth, b);
    });
  }
}

void FaultSites::Count(uint32_t slot, Site site, std::vector<const Fault*>* due) {
  Line& line = LineOf(slot, site);
  while (!line.waiting.empty() && line.waiting.back()->trigger.nth == line.count) {
    due->push_back(line.waiting.back());
    line.waiting.pop_back();
  }
  ++line.count;
}

}  // namespace tidelog::sim
