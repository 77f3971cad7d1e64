// Clients and readers of one log, and what they were told of it.
#ifndef TIDELOG_WAL_TESTING_WAL_CONFORMANCE_CLIENTS_H_
#define TIDELOG_WAL_TESTING_WAL_CONFORMANCE_CLIENTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog {

// A message or a transaction, as readers are to be given it.
struct VisibleMessage {
  TimeTick tick{};
  Position position;
  std::string text;  // The payload; of a transaction those of its bodies: "[a b]".
  friend bool operator==(const VisibleMessage&, const VisibleMessage&) = default;
};
using VisibleMessages = std::vector<VisibleMessage>;

void SortByTick(VisibleMessages* messages);
// Empty: they are the same, and in strictly increasing order.  Else the first difference.
std::string DifferenceOf(const VisibleMessages& expected, const VisibleMessages& seen);

// One of those who append to a log at the same time, one message after the other: plain ones, and
// transactions that are committed, rolled back, left behind until their lease is over, or committed
// too late.  It looks at the MVCC behind each (D7).
//
// Confined to the executor that it runs on, and read when it has ended.
class WalClient {
 public:
  // Each text begins with `name`.
  WalClient(Wal* wal, std::string name, RandomStream random)
      : wal_(*wal), name_(std::move(name)), random_(random) {}

  // Appends `count` messages, or until the first error, which is ended().
  Future<Unit> Run(Executor* on, int count);

  const VisibleMessages& visible() const { return visible_; }
  // Texts of what may be visible: their last append was told to be unknown.
  const std::vector<std::string>& unknown() const { return unknown_; }
  const absl::Status& ended() const { return ended_; }
  // How many transactions ended in each way.
  int committed() const { return committed_; }
  int rolled_back() const { return rolled_back_; }
  int expired() const { return expired_; }

 private:
  enum class Fate { kCommitted, kRolledBack, kExpired, kLeft };

  Future<Unit> AppendPlain();
  Future<Unit> RunTransaction(Fate fate);
  Future<absl::StatusOr<AppendResult>> Append(MutableMessage message);
  Future<Unit> NoteVisible(std::string text, std::string vchannel, AppendResult result);
  void Fail(const absl::Status& status, const std::string& text);
  std::string NextText();

  Wal& wal_;
  const std::string name_;
  RandomStream random_;
  int left_ = 0;
  int made_ = 0;
  absl::Status ended_;
  VisibleMessages visible_;
  std::vector<std::string> unknown_;
  absl::btree_map<std::string, TimeTick> newest_;  // MVCC, by VChannel.
  int committed_ = 0;
  int rolled_back_ = 0;
  int expired_ = 0;
};

// Reads from the beginning until the message `last` has come.  It rests for `pause` behind each
// batch.
Future<VisibleMessages> FollowTo(RoWal* log, Executor* on, std::string last, absl::Duration pause);

// A scan with an end.
Future<VisibleMessages> ReadToEnd(RoWal* log, ReadOptions options);

// So much later.
Future<Unit> Pass(absl::Duration delay);

// Adds what readers are given to `seen`.
void TakeVisible(const ScanBatch& batch, VisibleMessages* seen);

}  // namespace tidelog

#endif  // TIDELOG_WAL_TESTING_WAL_CONFORMANCE_CLIENTS_H_
