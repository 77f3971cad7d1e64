// Facts: a history sorted out, once for all checkers: who opened what, what became of each append,
// and what the log held.
#ifndef TIDELOG_SIM_CHECK_FACTS_H_
#define TIDELOG_SIM_CHECK_FACTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "sim/check/events.h"
#include "sim/check/history.h"
#include "sim/check/record.h"

namespace tidelog::sim::check {

// Events are named by their index in the history; kNever: it did not happen.
inline constexpr int kNever = -1;

// An operation: its call and its end.
struct Call {
  enum class Kind { kNone, kOpen, kClose, kAppend, kScan, kTruncate, kInfo, kMvcc } kind{};
  int32_t handle = 0;
  int32_t process = 0;
  int invoke = kNever;
  int end = kNever;
  int second_end = kNever;  // Of an operation that ended twice.
  Code code = Code::kOk;    // What it ended with.
};

// An open of the channel, and what came of it.
struct Handle {
  int32_t process = 0;
  Term term = 0;
  bool read_only = false;
  int open_invoke = kNever;
  int opened = kNever;                // kNever also if the open failed.
  const OpenReturn* yield = nullptr;  // If it was opened.
  int close_invoke = kNever;
  int closed = kNever;
  Code close_code = Code::kOk;
  int unavailable = kNever;
  bool backend_is_dead = false;

  bool writes() const { return opened != kNever && !read_only; }
};

enum class Outcome { kDone, kNotDone, kUnknown };

// A message that a client asked to append.
struct Message {
  int32_t op = 0;
  int index = 0;  // In its batch.
  int32_t handle = 0;
  const Submission* content = nullptr;
  Outcome outcome = Outcome::kUnknown;
  const Acknowledgement* ack = nullptr;     // If it is done.
  const Acknowledgement* repeat = nullptr;  // If it repeats one (G4), and is not done itself.
  int invoke = kNever;
  int end = kNever;
};

// A record of the log: one that somebody read, be it as a member of a transaction, or one that was
// acknowledged.  The record of a commit is the whole transaction if somebody was given it.
struct Entry {
  const Record* record = nullptr;
  int seen = kNever;  // When it was read first.
  int message = -1;   // Index of its message; -1: nobody's.
  int finals = 0;     // How many final scans have it.
};

struct Scan {
  int32_t op = 0;
  int32_t handle = 0;
  int invoke = kNever;
  int opened = kNever;
  const ScanOpen* options = nullptr;
  std::vector<int> batches;
  int error = kNever;
  Code error_code = Code::kOk;
  int end = kNever;  // The batch that said so.
  int closed = kNever;
  int after_end = kNever;  // A batch or error behind the end.
  bool is_final = false;
};

struct ProcessLife {
  int crash = kNever;
  std::vector<std::pair<int, int>> pauses;  // Pause and resume.
};

class Facts {
 public:
  // `history` outlives this.
  explicit Facts(const History* history);

  const History& history() const { return history_; }
  const Event& event(int index) const { return history_.events[static_cast<size_t>(index)]; }
  template <class T>
  const T& as(int index) const {
    return std::get<T>(event(index).what);
  }
  int event_count() const { return static_cast<int>(history_.events.size()); }
  Nanos end_time() const { return history_.events.empty() ? 0 : history_.events.back().at; }

  // By their numbers; what has no such number is empty.
  const std::vector<Call>& calls() const { return calls_; }
  const Call& call(int32_t op) const { return calls_[static_cast<size_t>(op)]; }
  const std::vector<Handle>& handles() const { return handles_; }
  const Handle& handle(int32_t number) const { return handles_[static_cast<size_t>(number)]; }
  const std::vector<Scan>& scans() const { return scans_; }
  const ProcessLife* life(int32_t process) const;

  // In the order of the calls.
  const std::vector<Message>& messages() const { return messages_; }
  const Message* MessageOf(const Entry& entry) const;
  // -1: nobody submitted it.
  int FindMessage(const Payload& payload) const;

  // In the order of ids, each id once.
  const std::vector<Entry>& log() const { return log_; }
  // The same, in the order of ticks, by index.
  const std::vector<int>& by_tick() const { return by_tick_; }
  const Entry& at_tick_rank(size_t rank) const { return log_[static_cast<size_t>(by_tick_[rank])]; }
  // The rank of the first entry whose tick is above `tick`.
  size_t RankAbove(Tick tick) const;
  // Null: no entry has it.
  const Entry* FindTick(Tick tick) const;
  const Entry* FindId(Id id) const;

  // A record that was read differs from what was read or acknowledged at its id.
  struct Conflict {
    int event;
    const Record* record;
    int other_event;
  };
  const std::vector<Conflict>& conflicts() const { return conflicts_; }

  // Scans that tell what the log holds in the end; without one nobody can be said to be missing.
  int final_count() const { return final_count_; }
  Tick end_mark() const { return history_.end.mark; }
  // Whether the final scans tell all about `tick`.
  bool EndCovers(Tick tick) const { return final_count_ > 0 && tick > end_mark(); }
  // The same of a TimeTick that was told at `event`: the closes that come last store some more.
  bool EndCovers(Tick tick, int event) const {
    return EndCovers(tick) && (event <= final_end_ || tick <= final_tick_);
  }

  // False: this TimeTick is one of a lease that ran out, maybe, between the ends of final scans.
  bool FinalsCameTo(Tick tick) const { return tick <= final_tail_; }

  // The truncation's mark when `event` happened: it was at least this, and at most that.
  Tick KnownMark(int event) const { return MarkAt(known_marks_, event); }
  Tick PossibleMark(int event) const { return MarkAt(possible_marks_, event); }

  int final_end() const { return final_end_; }  // The last batch of the final scans.
  const std::vector<int>& machine_crashes() const { return machine_crashes_; }

  // Whether the begin of a commit's transaction may be gone, by the backend's own retention: then
  // nobody is given it (E3).  Truncation leaves begins that somebody needs (D3, G3).
  bool MayBeCut(const Record& commit) const { return commit.content.txn <= retained_; }
  // Whether the log may hold a record, called for before `event`, of which nobody is told: one of a
  // transaction, whose outcome is unknown.
  bool MayHoldHidden(int event) const { return first_hidden_ < event; }

 private:
  friend class FactsBuilder;
  void AddMessage(const Message& message);
  using Marks = std::vector<std::pair<int, Tick>>;  // From this event on.
  static Tick MarkAt(const Marks& marks, int event);

  const History& history_;
  std::vector<Call> calls_;
  std::vector<Handle> handles_;
  std::vector<Scan> scans_;
  absl::btree_map<int32_t, ProcessLife> lives_;
  std::vector<Message> messages_;
  absl::flat_hash_map<uint64_t, int> message_index_;  // By client and number.
  std::deque<Record> acknowledged_;                   // Records of entries that nobody read.
  std::deque<Record> members_;                        // As stored.
  std::vector<Entry> log_;
  std::vector<int> by_tick_;
  std::vector<Conflict> conflicts_;
  Marks known_marks_;
  Marks possible_marks_;
  std::vector<int> machine_crashes_;
  int final_count_ = 0;
  int final_end_ = kNever;        // The last batch of the final scans.
  Tick final_tail_ = UINT64_MAX;  // Each of them came this far; not asked without transactions.
  Tick final_tick_ = 0;           // The newest that they saw.
  Tick retained_ = 0;             // How far retention came.
  int first_hidden_ = INT32_MAX;
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_FACTS_H_
