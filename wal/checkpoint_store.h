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
// Implemented by a store.  Confined to the executor that Claim() was called on; one call at a time.
// Outlived by its store.
//
// Errors of all three, beside their own:
//   kChannelFenced      not done  A higher term has claimed them.  Final.
//   kResourceExhausted  not done  Storage is full.
//   kUnavailable        not done  A passing failure.
//   kInner              not done  Storage is broken for good.
//   kOutcomeUnknown     unknown   It may be there or not, until the next call that is done under
//                                 this term, or the next claim, has settled it.
class CheckpointClaim {
 public:
  virtual ~CheckpointClaim() = default;  // Requires: no call in flight.

  // What was there when it was claimed, with all that was done since.  What ended unknown counts as
  // done.
  virtual const CheckpointSet& content() const = 0;

  // Registers a checkpoint, or moves it.  OK: durable, and in every content that is read later.
  // Within a term one never goes back: kInvalidArgument, not done.  (It may be removed, and put
  // anew.)  Of what else is wrong with it: CheckpointSet::Put().
  virtual Future<absl::Status> Put(std::string name, Position position) = 0;

  // Removes one; done at once if it is not there.
  virtual Future<absl::Status> Remove(std::string name) = 0;

  // Replaces the chain of backends.
  virtual Future<absl::Status> PutChain(std::string chain) = 0;
};

// Safe from any thread.  Outlives its claims, and whatever hangs in them (H2).
class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;

  // Sets the stored term to `channel`'s, then reads.  OK: from now on every change under a lower
  // term ends kChannelFenced, also one whose writer had stopped in the middle of it; and content()
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
  virtual Future<absl::StatusOr<std::unique_ptr<CheckpointClaim>>> Claim(PChannel channel) = 0;

  // Reads and claims nothing; what is done before the call is in it.  An empty set if no term ever
  // claimed it.  Requires: on an executor.  Errors: kInvalidArgument, kUnavailable, kInner,
  // kCorrupt.
  virtual Future<absl::StatusOr<CheckpointSet>> Read(std::string channel) = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_CHECKPOINT_STORE_H_
