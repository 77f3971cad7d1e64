// Recorder: what the world keeps of what its processes tell: the history of the run, the numbers in
// it, the positions that the log gave out, and what is under way.
#ifndef TIDELOG_SIM_WORLD_RECORDER_H_
#define TIDELOG_SIM_WORLD_RECORDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/check/history.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "wal/message/message_id.h"

namespace tidelog::sim {

// Kinds of calls that are under way, for phases and for quiet.
enum class CallKind : uint8_t { kOpen, kRecover, kAppend, kTruncate, kQuestion, kScan, kClose };
inline constexpr size_t kCallKindCount = 7;

// In the memory of the world; confined to the simulated thread.
class Recorder {
 public:
  explicit Recorder(const Kernel* kernel) : kernel_(*kernel) {}

  // Who acts: a process, one of its handles, one operation; 0: none.
  struct Who {
    int32_t process = 0;
    int32_t handle = 0;
    int32_t op = 0;
  };

  // Requires: under a WorldScope, which `what` was made under too.
  void Add(const Who& who, check::What what) {
    const check::Nanos at = absl::ToInt64Nanoseconds(kernel_.Now());
    history_.events.push_back({at, who.process, who.handle, who.op, std::move(what)});
  }
  // The same for code of a process, for what holds no memory of its own.
  void Note(const Who& who, const check::What& what) {
    WorldScope world;
    Add(who, check::What(what));
  }

  int32_t NextOp() { return ++last_op_; }
  int32_t NextHandle() { return ++last_handle_; }

  // The term that an operation means, as Operation::term; never below 1.
  int64_t AskTerm(int64_t term);
  int64_t highest_term() const { return highest_term_; }

  // Positions that the log gave out.
  void KeepPosition(const Position& position);
  // From the newest, 0; goes round.  Null: there is none.
  const Position* PositionAt(uint32_t index) const;

  // Whether a record was ever acknowledged, so that the next open has something to recover.
  bool has_appended = false;

  check::History& history() { return history_; }
  const check::History& history() const { return history_; }

 private:
  const Kernel& kernel_;
  check::History history_;
  int32_t last_op_ = 0;
  int32_t last_handle_ = 0;
  int64_t highest_term_ = 0;
  std::vector<Position> positions_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_RECORDER_H_
