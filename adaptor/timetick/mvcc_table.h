// MvccTable: how far a reader must read to see everything committed (D7).
#ifndef TIDELOG_ADAPTOR_TIMETICK_MVCC_TABLE_H_
#define TIDELOG_ADAPTOR_TIMETICK_MVCC_TABLE_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

// Answers are monotone.  Confined to the channel's executor.
//
// A stored TimeTick T covers every VChannel, and T is as good an answer as the tick of the
// VChannel's own last message: so only VChannels that were written to since T take memory.
class MvccTable {
 public:
  // With more VChannels than this since the newest TimeTick, the further ones are answered by the
  // newest tick of all of them.
  static constexpr size_t kVChannelsMax = 4096;

  // A message was stored.  One without a VChannel belongs to all.
  void OnMessage(std::string_view vchannel, TimeTick tick);
  // What nobody sees was stored: a transaction's begin, body or rollback, or what does not count.
  void OnUncommitted(TimeTick tick) { stored_ = std::max(stored_, tick); }
  // A TimeTick was stored.
  void OnTimeTick(TimeTick tick);

  // Of the VChannel, or of the log if `vchannel` is empty.
  Mvcc Of(std::string_view vchannel) const;

  // False if nothing was stored since the newest TimeTick.
  bool has_uncovered() const { return std::max(newest_, stored_) > covered_; }

  size_t size_for_test() const { return ticks_.size(); }

 private:
  TimeTick newest_{};   // Of what is committed, TimeTicks included.
  TimeTick stored_{};   // Of what nobody sees.
  TimeTick covered_{};  // The newest stored TimeTick.
  TimeTick shared_{};   // Of messages without a VChannel, or without a place in the table.
  absl::flat_hash_map<std::string, TimeTick> ticks_;
  // The entry of the last message, as the next one is often of the same VChannel; null: none.
  // INVARIANT: points into ticks_, so it changes whenever that grows or is cleared.
  std::pair<const std::string, TimeTick>* last_ = nullptr;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_TIMETICK_MVCC_TABLE_H_
