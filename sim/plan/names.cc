#include "sim/plan/names.h"

#include <array>

namespace tidelog::sim {
namespace {

constexpr std::array<std::string_view, kBackendKindCount> kBackends = {"file", "transactional",
                                                                       "sequenced", "objects"};
constexpr std::array<std::string_view, 3> kModes = {"calm", "normal", "hostile"};
constexpr std::array<std::string_view, kFaultClassCount> kFaults = {
    "process_crash",     "machine_crash",    "pause",           "wall_jump",
    "wall_drift",        "late_timers",      "slow_blocking",   "disk_error",
    "sync_error",        "write_back_error", "disk_slow",       "disk_hang",
    "disk_full",         "disk_read_only",   "memory_pressure", "sync_lie",
    "lost_name",         "bit_rot",          "latent_sector",   "misdirected_read",
    "misdirected_write", "request_lost",     "reply_lost",      "applied_late",
    "duplicate",         "reply_delayed",    "refused",         "full",
    "throttled",         "conflict",         "stuck",           "at_once",
    "id_jump",           "redelivered",      "stale",           "spurious_end",
    "partition",         "service_restart",  "retention"};
constexpr std::array<std::string_view, kSiteCount> kSites = {
    "time",        "disk",      "disk_read",     "disk_write", "disk_sync", "disk_name",
    "disk_space",  "disk_word", "request",       "store",      "fence",     "fetch",
    "append_call", "open_call", "truncate_call", "close_call"};
constexpr std::array<std::string_view, kOperationKindCount> kOperations = {
    "open",       "open_read_only", "append",       "scan",         "close_scan", "truncate",
    "info",       "mvcc",           "close",        "close_opener", "begin_txn",  "txn_body",
    "commit_txn", "rollback_txn",   "keyed_append", "keyed_commit"};
constexpr std::array<std::string_view, 4> kStarts = {"earliest", "latest", "from", "after"};
constexpr std::array<std::string_view, 3> kEnds = {"never", "tail_at_open", "position"};
constexpr std::array<std::string_view, 7> kMisuses = {"none",           "too_large", "far_barrier",
                                                      "other_vchannel", "exclusive", "unknown_txn",
                                                      "mixed_batch"};
constexpr std::array<std::string_view, 5> kSchedulers = {"fifo", "random_ready", "pct", "starve",
                                                         "replay"};

// Every value has a name.
template <size_t n>
constexpr bool IsFull(const std::array<std::string_view, n>& names) {
  for (const std::string_view name : names) {
    if (name.empty()) return false;
  }
  return true;
}
static_assert(IsFull(kFaults) && IsFull(kSites) && IsFull(kOperations) && IsFull(kBackends));

}  // namespace

std::span<const std::string_view> NamesOf(BackendKind) { return kBackends; }
std::span<const std::string_view> NamesOf(Mode) { return kModes; }
std::span<const std::string_view> NamesOf(FaultClass) { return kFaults; }
std::span<const std::string_view> NamesOf(Site) { return kSites; }
std::span<const std::string_view> NamesOf(OperationKind) { return kOperations; }
std::span<const std::string_view> NamesOf(ScanStart) { return kStarts; }
std::span<const std::string_view> NamesOf(ScanEnd) { return kEnds; }
std::span<const std::string_view> NamesOf(Misuse) { return kMisuses; }
std::span<const std::string_view> NamesOf(SchedulerKind) { return kSchedulers; }

std::string_view NameOf(BackendKind kind) { return kBackends[static_cast<size_t>(kind)]; }
std::string_view NameOf(Mode mode) { return kModes[static_cast<size_t>(mode)]; }
std::string_view NameOf(FaultClass kind) { return kFaults[static_cast<size_t>(kind)]; }
std::string_view NameOf(Site site) { return kSites[static_cast<size_t>(site)]; }
std::string_view NameOf(OperationKind kind) { return kOperations[static_cast<size_t>(kind)]; }

}  // namespace tidelog::sim
