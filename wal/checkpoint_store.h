// CheckpointStore: where the checkpoints of channels lie, apart from the log: compare-and-set by
// term (G2).
//
//   absl::StatusOr<std::unique_ptr<CheckpointClaim>> claim = co_await store->Claim(channel);
//   absl::Status put = co_await (*claim)->Put("indexer", position);
//
// A checkpoint is a name and a position: somebody who goes on reading behind it.  While it is
// there, nothing behind it is truncated (G3).  Callers of a log register theirs at the Wal; this is
// the seam below, which backends of stores implement and //adaptor calls.
#ifndef TIDELOG_WAL_CHECKPOINT_STORE_H_
#define TIDELOG_WAL_CHECKPOINT_STORE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog {

struct Checkpoint {
  std::string name;
  Position position;
  Term term{};  // Under which it was registered, or moved last.
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// kInvalidArgument: the name is empty or longer than kCheckpointNameMax, or holds a byte other than
// [A-Za-z0-9._-], or begins with a dot.
absl::Status ValidateCheckpointName(std::string_view name);
inline constexpr size_t kCheckpointNameMax = 100;

// Of one channel.  A consumer has one; a thousand is far more than a log has readers, and keeps
// what is written at once small.
inline constexpr size_t kCheckpointsMax = 1000;
inline constexpr size_t kCheckpointChainMax = 4096;

// All that a store keeps of one channel.
struct CheckpointSet {
  Term term{};                          // The highest that has claimed it; 0: none has.
  std::vector<Checkpoint> checkpoints;  // Sorted by name.
  std::string chain;  // Of backends (G6): bytes that the store does not look into.

  // Null if there is none.
  const Checkpoint* Find(std::string_view name) const;

  // What Put(), Remove() and PutChain() of a CheckpointClaim mean, under `term`: every store does
  // these, and then stores the set.  Errors, which change nothing: kInvalidArgument: a bad name, a
  // position without id, or one that lies before the one that was put in the same term; a chain
  // above kCheckpointChainMax.  kResourceExhausted: there are kCheckpointsMax others.
  absl::Status Put(std::string_view name, const Position& position);
  void Remove(std::string_view name);
  absl::Status PutChain(std::string_view new_chain);

  friend bool operator==(const CheckpointSet&, const CheckpointSet&) = default;
};

// The right to change the checkpoints of one channel, until a higher term claims them.
//
// Implemented by a store.  Confined to the executor that Claim() was called on, where it is
// destroyed too; one call at a time.  Outlived by its store.
//
// A change replaces the whole set by content() with this change, if what is stored is still just
// what this claim read or stored last: guarded by the revision that it saw then, never by the term
// alone, for two claims of one term, or a change that comes late, would pass that.  So every change
// that is done settles each one before it that ended unknown, of whichever name.
//
// No call is bounded in time, and none is cancelled: the caller waits as long as he wants, and
// keeps claim and store alive until it has come back.
//
// Errors of all three, beside their own:
//   kChannelFenced      not done  A higher term has claimed them.  Final.
//   kResourceExhausted  not done  Storage is full.
//   kUnavailable        not done  A passing failure.
//   kInner              not done  Storage is broken for good.
//   kOutcomeUnknown     unknown   It may be there or not, until the next call that is done under
//                                 this term, or the next claim, has settled it.
// A status that is no error of the log counts as kOutcomeUnknown.
class CheckpointClaim {
 public:
  // Requires: no call in flight.  Does not wait for storage.
  virtual ~CheckpointClaim() = default;

  // What was there when it was claimed, with all that was done since.  What ended unknown counts as
  // done.
  virtual const CheckpointSet& content() const = 0;

  // Registers a checkpoint, or moves it.  OK: durable, and in every content that is read later.
  // Within a term one never goes back: kInvalidArgument, not done.  (It may be removed, and put
  // anew.)  Of what else is wrong with it: CheckpointSet::Put().
  virtual Future<absl::Status> Put(std::string name, Position position) = 0;

  // Removes one.  Done at once if it is not there, but for two cases: where a change before it
  // ended unknown it stores the set, as every change does; and kChannelFenced goes first.
  virtual Future<absl::Status> Remove(std::string name) = 0;

  // Replaces the chain of backends.
  virtual Future<absl::Status> PutChain(std::string chain) = 0;
};

// Safe from any thread.  Outlives its claims, and whatever hangs in them (H2).
//
// It knows a channel by its name, and nothing of logs: whoever shares a store means the same log by
// the same name.  Where names are used twice, as by two clusters on one etcd, what tells them apart
// (a directory, a prefix of keys) is part of the store.  And all who open a log for writing bring
// the same store: through another one they would not see each other's checkpoints.
class CheckpointStore {
 public:
  // Requires: no claim, and no call in flight.
  virtual ~CheckpointStore() = default;

  // Sets the stored term to `channel`'s, then reads.  OK: every change under a lower term that had
  // not come to its end is in content(), or ends kChannelFenced, and so does every later one; also
  // one whose writer had stopped in the middle of it.  (Who stopped behind the exchange that made
  // his change count, and goes on, ends OK after this claim: it is in content().)  And content()
  // has every change that was told done.
  //
  // The same term may claim again, once the former claim of it is not used any more (A2).
  //
  // Requires: the caller has fenced the log for this term: so there are no two of one term at a
  // time, and nobody claims who then does not own the log.  On an executor.
  //
  // Errors:
  //   kChannelFenced      not done  A higher term has claimed them.
  //   kInvalidArgument    not done  ValidateForWriting().
  //   kResourceExhausted, kUnavailable, kInner   not done
  //   kCorrupt            not done  Names what is damaged, and the way out.
  //   kOutcomeUnknown     unknown   It may be claimed.  Claiming again is harmless.
  // A status that is no error of the log counts as kOutcomeUnknown.
  virtual Future<absl::StatusOr<std::unique_ptr<CheckpointClaim>>> Claim(PChannel channel) = 0;

  // Reads and claims nothing.  Linearizable: what is done before the call is in it, and so is what
  // any call that ended before it has read; a replica that lags does not do.  It may contain what
  // is not done: a change that is on its way, or ended unknown, and that a crash takes back.  So
  // nothing may be destroyed on its word; a claim's content() is for that.
  //
  // An empty set if no term ever claimed it.  Requires: on an executor.  Errors: kInvalidArgument,
  // kUnavailable (descriptors or memory that have run out too), kInner, kCorrupt.
  virtual Future<absl::StatusOr<CheckpointSet>> Read(std::string channel) = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_CHECKPOINT_STORE_H_
