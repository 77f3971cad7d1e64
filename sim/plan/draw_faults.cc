#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "sim/plan/draw.h"
#include "sim/plan/generator.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {
namespace {

constexpr int64_t kMicro = 1000;
constexpr int64_t kMilli = 1000 * kMicro;
constexpr int64_t kSecond = 1000 * kMilli;

enum class Needs { kAnything, kDisk, kHostileDisk, kService };

constexpr Needs NeedsOf(FaultClass kind) {
  if (kind < FaultClass::kDiskError) return Needs::kAnything;
  if (kind < FaultClass::kSyncLie) return Needs::kDisk;
  if (kind < FaultClass::kRequestLost) return Needs::kHostileDisk;
  return Needs::kService;
}

class FaultsDraw {
 public:
  FaultsDraw(uint64_t seed, const PlanOptions& options, const SwarmConfig& config,
             const std::vector<Operation>& operations)
      : draw_(seed, "plan faults"), options_(options), config_(config) {
    for (const Operation& operation : operations) {
      appends_ += operation.kind == OperationKind::kAppend ? 1 : 0;
    }
  }

  std::vector<Fault> Make() {
    for (int i = 0; i < kFaultClassCount; ++i) {
      const auto kind = static_cast<FaultClass>(i);
      const bool is_on = draw_.OneIn(LikelihoodOf(kind), 1000);
      const int64_t count = draw_.Log(1, MostOf(kind));
      if (!is_on || !Fits(kind)) continue;
      for (int64_t n = 0; n < count; ++n) Add(kind);
    }
    return faults_;
  }

 private:
  bool Fits(FaultClass kind) const {
    if (config_.mode == Mode::kCalm) return false;
    const bool has_disk = config_.backend == BackendKind::kFile;
    switch (NeedsOf(kind)) {
      case Needs::kAnything:
        return true;
      case Needs::kDisk:
        return has_disk;
      case Needs::kHostileDisk:
        return has_disk && config_.mode == Mode::kHostile;
      case Needs::kService:
        return !has_disk;
    }
    return false;
  }

  // Takeovers meet few faults but those that they are made for.
  uint64_t LikelihoodOf(FaultClass kind) const {
    if (!IsOfTakeovers(options_)) return options_.classes_in_1000;
    const bool is_theirs = kind <= FaultClass::kPause || kind == FaultClass::kDiskHang;
    return is_theirs ? 750 : options_.classes_in_1000 / 4;
  }

  static int64_t MostOf(FaultClass kind) {
    switch (kind) {
      case FaultClass::kProcessCrash:
      case FaultClass::kMachineCrash:
        return 6;
      case FaultClass::kStuck:
      case FaultClass::kRetention:
      case FaultClass::kServiceRestart:
        return 3;
      default:
        return 16;
    }
  }

  void Add(FaultClass kind) {
    Fault fault;
    fault.kind = kind;
    fault.slot = static_cast<uint32_t>(draw_.Below(config_.slots));
    fault.pick = draw_.Below(1u << 20);
    AtAnyTime(&fault);
    if (kind <= FaultClass::kMachineCrash) {
      DrawCrash(&fault);
    } else if (kind < FaultClass::kDiskError) {
      DrawClockOrPause(&fault);
    } else if (NeedsOf(kind) == Needs::kService) {
      DrawService(&fault);
    } else {
      DrawDisk(&fault);
    }
    faults_.push_back(fault);
  }

  void AtAnyTime(Fault* fault) {
    fault->trigger.site = Site::kTime;
    fault->trigger.at_ns = draw_.Between(0, config_.horizon_ns);
  }
  void AtSite(Fault* fault, Site site, int64_t most) {
    fault->trigger = {};
    fault->trigger.site = site;
    fault->trigger.nth = static_cast<uint64_t>(draw_.Log(1, most)) - 1;
  }

  // Ten times as often while an append is in flight as at any time; else in the middle of some
  // other call or of an operation of the disk.
  void DrawCrash(Fault* fault) {
    fault->duration_ns = draw_.OneIn(1, 4) ? 0 : draw_.Log(10 * kMicro, 200 * kMilli);
    fault->variant = static_cast<uint32_t>(draw_.Below(3));  // Progress.
    const bool has_disk = config_.backend == BackendKind::kFile;
    const uint64_t where = draw_.Below(20);
    if (where < 10) {
      AtSite(fault, Site::kAppendCall, std::max<int64_t>(appends_, 1));
      fault->trigger.delay_ns = draw_.Log(1, 2 * kMilli);
    } else if (where < 13) {
      AtSite(fault, draw_.Of({Site::kOpenCall, Site::kTruncateCall, Site::kCloseCall}), 8);
      fault->trigger.delay_ns = draw_.Log(1, 20 * kMilli);
    } else if (where < 19 && has_disk) {
      AtSite(fault, draw_.Of({Site::kDisk, Site::kDiskWrite, Site::kDiskSync, Site::kDiskName}),
             1000);
    } else if (where < 19) {
      AtSite(fault, draw_.Of({Site::kRequest, Site::kStore, Site::kFence}), 100);
    }
  }

  void DrawClockOrPause(Fault* fault) {
    fault->duration_ns = draw_.Log(kMilli, 2 * kSecond);
    switch (fault->kind) {
      case FaultClass::kPause: {
        if (IsOfTakeovers(options_) && config_.backend == BackendKind::kFile) {
          fault->duration_ns = draw_.Log(100 * kMicro, 50 * kMilli);
          AtSite(fault, Site::kDisk, 500);
          break;
        }
        if (draw_.OneIn(1, 2)) break;
        AtSite(fault, Site::kAppendCall, std::max<int64_t>(appends_, 1));
        fault->trigger.delay_ns = draw_.Log(1, 2 * kMilli);
        break;
      }
      case FaultClass::kWallJump: {
        const int64_t jump = draw_.Log(kMilli, 3600 * kSecond);
        fault->amount = draw_.OneIn(1, 2) ? jump : -jump;
        break;
      }
      case FaultClass::kWallDrift:
        fault->amount = draw_.Between(-100000, 100000);
        break;
      default:
        fault->amount = draw_.Log(10 * kMicro, 100 * kMilli);
    }
  }

  void DrawDisk(Fault* fault) {
    fault->duration_ns = draw_.Log(100 * kMicro, 500 * kMilli);
    fault->variant = static_cast<uint32_t>(draw_.Below(4));
    switch (fault->kind) {
      case FaultClass::kDiskError:
        AtSite(fault,
               draw_.Of({Site::kDisk, Site::kDiskRead, Site::kDiskWrite, Site::kDiskWrite,
                         Site::kDiskName, Site::kDiskSpace, Site::kDiskWord}),
               500);
        fault->amount = draw_.Of<int64_t>({EIO, EIO, ENOSPC});
        fault->variant %= 3;
        break;
      case FaultClass::kSyncError:
      case FaultClass::kSyncLie:
        AtSite(fault, Site::kDiskSync, 200);
        fault->amount = draw_.Of<int64_t>({EIO, EIO, ENOSPC});
        break;
      case FaultClass::kDiskSlow:
      case FaultClass::kDiskHang:
        AtSite(fault, Site::kDisk, 1000);
        if (IsOfTakeovers(options_)) {
          AtSite(fault, draw_.Of({Site::kDisk, Site::kDiskSync, Site::kDiskName}), 300);
        }
        fault->variant %= 2;
        break;
      case FaultClass::kLostName:
        AtSite(fault, Site::kDiskName, 60);
        break;
      case FaultClass::kMisdirectedRead:
        AtSite(fault, Site::kDiskRead, 300);
        fault->amount = draw_.Log(512, 1 << 16) / 512 * 512;
        break;
      case FaultClass::kMisdirectedWrite:
        AtSite(fault, Site::kDiskWrite, 300);
        fault->amount = draw_.Log(512, 1 << 16) / 512 * 512;
        break;
      case FaultClass::kDiskFull:
        fault->amount = draw_.Log(1, 1 << 20) - 1;
        break;
      case FaultClass::kWriteBackError:
        fault->amount = EIO;
        break;
      case FaultClass::kBitRot:
        fault->amount = draw_.Between(1, 255);
        break;
      default:
        break;
    }
  }

  void DrawService(Fault* fault) {
    fault->duration_ns = draw_.Log(kMilli, 2 * kSecond);
    switch (fault->kind) {
      case FaultClass::kPartition:
      case FaultClass::kServiceRestart:
        return;
      case FaultClass::kRetention:
        fault->amount = draw_.Log(1, 64);
        return;
      case FaultClass::kRedelivered:
      case FaultClass::kStale:
      case FaultClass::kSpuriousEnd:
        AtSite(fault, Site::kFetch, 200);
        fault->amount = draw_.Log(1, 32);
        return;
      case FaultClass::kIdJump:
        AtSite(fault, Site::kStore, 100);
        fault->amount = draw_.Log(1, 1000);
        return;
      default:
        break;
    }
    AtSite(fault,
           draw_.Of({Site::kRequest, Site::kStore, Site::kStore, Site::kFence, Site::kFetch}), 200);
    fault->amount = draw_.Log(1, 3000);  // Milliseconds.
  }

  Draw draw_;
  const PlanOptions& options_;
  const SwarmConfig& config_;
  int64_t appends_ = 0;
  std::vector<Fault> faults_;
};

}  // namespace

std::vector<Fault> DrawFaults(uint64_t seed, const PlanOptions& options, const SwarmConfig& config,
                              const std::vector<Operation>& operations) {
  return FaultsDraw(seed, options, config, operations).Make();
}

Plan MakePlan(uint64_t seed, const PlanOptions& options) {
  PlanOptions kind = options;
  const bool of_takeovers = Draw(seed, "plan kind").OneIn(options.takeovers_in_1000, 1000);
  kind.takeovers_in_1000 = of_takeovers ? 1000 : 0;
  Plan plan;
  plan.seed = seed;
  plan.config = DrawConfig(seed, kind);
  plan.operations = DrawOperations(seed, kind, plan.config);
  plan.faults = DrawFaults(seed, kind, plan.config, plan.operations);
  return plan;
}

}  // namespace tidelog::sim
