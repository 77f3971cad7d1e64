// Slot: a place for processes, one after the other, as the world sees it; and what code of a
// process may ask of the world.
#ifndef TIDELOG_SIM_WORLD_SLOT_H_
#define TIDELOG_SIM_WORLD_SLOT_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "sim/disk/sim_disk.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "sim/log/log_service.h"
#include "sim/plan/plan.h"
#include "sim/world/recorder.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog::sim {

class Node;

// Memory of the world, as all below.
struct Slot {
  uint32_t index = 0;
  Process* process = nullptr;  // Null: none was started yet, or the last one is dead.
  Node* node = nullptr;        // Memory of `process`.
  absl::Duration restart_after;
  bool restart_planned = false;

  // Of its process: calls by kind, and all activities.
  std::array<int32_t, kCallKindCount> under_way{};
  int32_t operations = 0;  // That it was given and has not done; of scans, not begun.
  int32_t activities = 0;
  int32_t writers = 0;  // Handles open for writing.
  bool stopped = false;

  int32_t process_number() const { return static_cast<int32_t>(process->id()); }
  int32_t pending() const {
    int32_t sum = 0;
    for (size_t i = 0; i < under_way.size(); ++i) {
      if (i != static_cast<size_t>(CallKind::kScan)) sum += under_way[i];
    }
    return sum;
  }
};

// A transaction as its client knows it.
struct TxnState {
  TxnContext context;  // Without an id: none was begun.
  uint32_t vchannel = 0;
  int32_t bodies = 0;  // That count in (E3): done, in flight or unknown.
  bool ended = false;  // By its commit or rollback, as far as the client was told.
};

// A client, through all processes of its slot.
struct ClientState {
  int32_t last_number = 0;  // Of its messages.
  absl::Duration last_open = -absl::InfiniteDuration();
  std::array<TxnState, kTxnSlotCount> txns;

  bool has_open_txn() const {
    return std::any_of(txns.begin(), txns.end(), [](const TxnState& txn) {
      return ToInt(txn.context.id) != 0 && !txn.ended;
    });
  }
};

// What a node is given.  All of it outlives the process.
struct NodeHost {
  const Plan* plan = nullptr;
  Kernel* kernel = nullptr;
  Process* process = nullptr;
  Recorder* recorder = nullptr;
  Slot* slot = nullptr;
  ClientState* clients = nullptr;  // By index.
  SimDisk* disk = nullptr;
  LogService* service = nullptr;  // Null: the log lies on the disk.
  const bool* healed = nullptr;   // Clients do not dawdle any more.
  // A client is about to make a call: faults wait for that.
  absl::AnyInvocable<void(uint32_t slot, Site site)>* on_call = nullptr;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_SLOT_H_
