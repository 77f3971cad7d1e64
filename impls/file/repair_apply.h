// ApplyRepair: does what PlanRepair() plans, as an owner of the channel under a new term.
//
// Nothing is changed in place.  What is replaced stays, byte for byte, under repaired-TERM-.../ in
// the channel's directory; its names there are durable before anything else is.  Then the new
// segments are written and synced, then one manifest puts them into force.  A crash, at whatever
// instant, leaves the old list or the new one, and a repair can be run again.
#ifndef TIDELOG_IMPLS_FILE_REPAIR_APPLY_H_
#define TIDELOG_IMPLS_FILE_REPAIR_APPLY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "impls/file/inspect.h"
#include "impls/file/repair_plan.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/io/file_system.h"
#include "wal/types.h"

namespace tidelog::impls::file {

struct RepairRequest {
  FileSystem* files = nullptr;
  std::string dir;
  std::string channel;
  Term term{};             // 0: the next free one.
  bool take_over = false;  // Fence a live writer, instead of refusing.
  // The number that the log's ids carry, if TERM and with it the number are lost.
  std::optional<uint32_t> log_number;
  std::string when;  // For people; goes into the gaps.
  InspectOptions inspect;
  RandomStream random{0, ""};
};

struct RepairOutcome {
  RepairPlan plan;    // What was done; nothing, if it says that nothing is needed.
  std::string aside;  // The directory in the channel's that holds what was replaced; empty: none.
};

// What `request` points to must outlive the operation.
//   kResourceAcquired   not done: a live writer holds the channel
//   kUnmatchedTerm      not done: the term is not above every one in use
//   kUnrecoverable      not done: the plan has refusals, or the log's number is wanted
//   kChannelFenced      a higher term came in between; nothing of the list is changed
//   others              the file system's; the old list is in force, or the new one: plan again
Future<absl::StatusOr<RepairOutcome>> ApplyRepair(RepairRequest request);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_REPAIR_APPLY_H_
