// ModelLog: random true histories.
#ifndef TIDELOG_SIM_CHECK_TESTING_MODEL_LOG_H_
#define TIDELOG_SIM_CHECK_TESTING_MODEL_LOG_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <vector>

#include "sim/check/history.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim::check {

// One thing that happens; `amount` chooses among what there is.
struct Step {
  enum class Kind {
    kCall,    // An append, one with a deadline, or a batch.
    kLand,    // The oldest append lands.
    kAnswer,  // One that landed is acknowledged.
    kGiveUp,  // A deadline comes.
    kRefuse,  // The newest append that has not landed ends not done.
    kStoreTick,
    kTakeOver,  // The next term opens while appends are in flight.
    kCrash,     // The writer dies, and the next term opens.
    kReopen,    // After a close, under the same term.
    kScan,
    kRead,
    kTruncate,
    kAsk,
    kBegin,
    kBody,
    kCommit,  // Acknowledged, or landed and in doubt.
    kRollback,
    kExclusive,
    kJoinLate,  // A body of a transaction that has ended; it is refused.
  } kind{};
  uint64_t amount = 0;
};
std::ostream& operator<<(std::ostream& out, const Step& step);
inline constexpr int kStepKinds = 19;

// A log that does what it promises: appends land in the order of their calls, or never, and what
// has landed is there for ever.  A value.
class ModelLog {
 public:
  ModelLog() { Open(); }

  void Do(const Step& step);
  // Everything comes to its end, and two readers read everything.
  void Finish();

  const History& history() const { return story_.history; }

 private:
  struct Append {
    std::vector<int32_t> messages;
    bool is_body = false;
    int32_t handle = 0;
    bool landed = false;
    bool answered = false;
    bool has_deadline = false;
  };

  struct Transaction {
    int32_t begin = 0;
    bool ended = false;
  };

  void Open();
  void Begin();
  void Body(uint64_t amount);
  void End(uint64_t amount, bool commit);
  void EndAll();
  void JoinLate(uint64_t amount);
  Transaction* PickTransaction(uint64_t amount, bool ended);
  int32_t BodiesInLog(const Transaction& transaction);
  bool BodiesAreInFlight() const;
  void Call(uint64_t amount);
  void LandOldest();
  void Land(Append* append);
  void Answer(uint64_t amount);
  void Acknowledge(Append* append);
  void GiveUp(uint64_t amount);
  void Refuse();
  // Some of what is in flight lands before the boundary; the rest never does.
  void Fence(uint64_t amount, bool crash);
  void Reopen();
  void Scan(uint64_t amount);
  void Read(size_t index, size_t count);
  void Truncate(uint64_t amount);
  std::vector<Append*> Where(bool landed, bool answered);

  Story story_;
  Term term_ = 0;
  int32_t handle_ = 0;
  int32_t next_message_ = 1;
  int32_t next_scan_ = 200;
  Tick mark_ = 0;
  std::vector<Transaction> transactions_;
  std::vector<Append> appends_;  // Of this handle, or landed and not answered.
  struct Reading {
    int32_t scan = 0;
    int32_t handle = 0;
    Tick past = 0;  // What it was given, and everything before it.
  };
  std::vector<Reading> readings_;
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_TESTING_MODEL_LOG_H_
