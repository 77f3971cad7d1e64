// Story: tells histories for tests.  Left alone it tells only true ones; a test spoils what it is
// about.
//
//   Story s;
//   s.Writer(1, /*term=*/1).Append(1, 1).Append(1, 2).StoreTick(1);
//   s.Forget(2);
//   s.Final();  // lost-write
#ifndef TIDELOG_SIM_CHECK_TESTING_STORY_H_
#define TIDELOG_SIM_CHECK_TESTING_STORY_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/log/log.h"
#include "sim/check/history.h"

namespace tidelog::sim::check {

inline constexpr Nanos kMillisecond = 1'000'000;

// Keeps a log of its own beside the history: `log`, in which ids count from 1 and the tick of id i
// is 10 i.  A handle n belongs to process n.  Messages, scans and handles have small numbers,
// chosen by the test.  A value.
class Story {
 public:
  // Time passes by a millisecond an event.
  Story& Pass(Nanos time);
  // Any event; `op` 0: a new operation.
  Story& Add(int32_t handle, int32_t op, What what);

  // Opens and closes.  An open for writing fixes its boundary and stores the first tick of its
  // term.
  Story& Writer(int32_t handle, Term term);
  Story& OpenCall(int32_t handle, Term term);
  Story& OpenYields(int32_t handle, Term term);
  Story& OpenFails(int32_t handle, Code code);
  Story& Reader(int32_t handle);
  Story& Close(int32_t handle);

  // Appends: the call, what storage does, and the answer; Append() is all three.
  Story& Call(int32_t handle, int32_t message, Nanos timeout = kForever);
  Story& CallBatch(int32_t handle, std::initializer_list<int32_t> messages);
  Story& Land(int32_t message);
  Story& Done(int32_t message);  // Of a batch: its first message; acknowledges what has landed.
  Story& Fail(int32_t message, Code code);
  Story& Repeats(int32_t message, int32_t first);  // Its answer is what the first was told (G4).
  Story& Append(int32_t handle, int32_t message) {
    return Call(handle, message).Land(message).Done(message);
  }
  Story& StoreTick(int32_t handle);

  // Transactions, which are named by the message that begins them.  Is() says what a message will
  // be that is appended by the calls above; the others say it and append it.
  Story& Is(int32_t message, const Submission& content);
  Story& IsBegin(int32_t message, Nanos lease = kForever);
  Story& IsBody(int32_t message, int32_t begin);
  Story& IsCommit(int32_t message, int32_t begin, int32_t bodies);
  Story& IsRollback(int32_t message, int32_t begin);
  Story& IsKeyed(int32_t message, int32_t key, int32_t vchannel = 0);
  Story& IsExclusive(int32_t message, int32_t vchannel = 0);
  Story& Begin(int32_t handle, int32_t message, Nanos lease = kForever) {
    return IsBegin(message, lease).Append(handle, message);
  }
  Story& Body(int32_t handle, int32_t message, int32_t begin) {
    return IsBody(message, begin).Append(handle, message);
  }
  Story& Commit(int32_t handle, int32_t message, int32_t begin, int32_t bodies) {
    return IsCommit(message, begin, bodies).Append(handle, message);
  }
  Story& Rollback(int32_t handle, int32_t message, int32_t begin) {
    return IsRollback(message, begin).Append(handle, message);
  }
  Story& Exclusive(int32_t handle, int32_t message, int32_t vchannel = 0) {
    return IsExclusive(message, vchannel).Append(handle, message);
  }

  // Scans.  Read() takes what there is; up to `count` records of it.
  Story& Scan(int32_t handle, int32_t scan, ScanOpen options = {});
  Story& Read(int32_t scan, size_t count = SIZE_MAX);
  Story& ScanFails(int32_t scan, Code code);

  // Truncation and questions.
  Story& Truncate(int32_t handle, Tick through);
  Story& Info(int32_t handle);
  Story& Mvcc(int32_t handle, int32_t vchannel = 0);

  // The end: a new reader reads everything.  Scans 90 and 91.
  Story& Final();
  Story& SecondFinal();
  Story& Quiesce();

  // What to spoil.
  Story& Forget(int32_t message);  // In the log; readers that have it keep it.
  Record& InLog(int32_t message);
  template <class T>
  T& Last() {
    for (size_t i = history.events.size(); i > 0; --i) {
      if (T* what = std::get_if<T>(&history.events[i - 1].what)) return *what;
    }
    LOG(FATAL) << "no such event yet";
  }
  Position PositionOf(int32_t message);
  // The operation that appended it, and the last one begun.
  int32_t OpOf(int32_t message) const { return op_of_message_.at(message); }
  int32_t last_op() const { return next_op_ - 1; }

  History history;
  std::vector<Record> log;

 private:
  struct Reading {
    int32_t handle = 0;
    ScanOpen options;
    Tick past = 0;   // What it went past.
    Tick until = 0;  // 0: for ever.
    Tick stored = 0;
    std::optional<Position> resume = {};
  };

  int32_t NewOp() { return next_op_++; }
  Story& AddFinal(int32_t handle, int32_t scan);
  void Store(int32_t handle, const Submission& content);
  Submission MessageNumber(int32_t message) const;
  // Transactions as readers are given them; `record` if it is of none, nothing if it is to be given
  // to nobody.
  std::optional<Record> AsRead(const Record& record) const;
  bool IsOpenAt(const Record& begin, const Record& commit) const;

  Nanos now_ = 0;
  Id next_id_ = 1;
  int32_t next_op_ = 1000;
  Tick mark_ = 0;
  absl::btree_map<int32_t, Submission> contents_;  // Of what is no plain message.
  absl::btree_map<int32_t, Nanos> leases_;         // Of begins.
  struct OpenTransaction {
    Id begin = kNoId;
    int32_t vchannel = 0;
  };
  absl::btree_map<Tick, OpenTransaction> open_;
  absl::btree_map<int32_t, Id> confirmed_;      // By handle: the newest id it acknowledged.
  absl::btree_map<int32_t, Term> terms_;        // By handle.
  absl::btree_map<int32_t, int32_t> open_ops_;  // By handle.
  absl::btree_map<int32_t, int32_t> op_of_message_;
  absl::btree_map<int32_t, int32_t> handle_of_op_;
  absl::btree_map<int32_t, std::vector<int32_t>> messages_of_op_;
  absl::btree_map<int32_t, Reading> readings_;  // By scan.
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_TESTING_STORY_H_
