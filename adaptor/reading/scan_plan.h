// ScanPlan: what a scanner is to deliver, and where it has to look for it.
#ifndef TIDELOG_ADAPTOR_READING_SCAN_PLAN_H_
#define TIDELOG_ADAPTOR_READING_SCAN_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "walimpls/scanner.h"

namespace tidelog::adaptor {

// What a log knows about itself when a scanner is opened.
struct ScanBounds {
  std::optional<Position> mark;      // Of its truncation.
  std::optional<Position> tail;      // The newest settled record ...
  std::optional<MessageId> tail_id;  // ... and its id.
  // A position above the tail is none of this log's.  False for a reader in another process, who
  // waits there, and for a writer that was fenced.
  bool tail_is_known = false;

  // Of a link of the chain that is not the last (G6), to be read from on: its `tail` is not the
  // log's, which is where a scan to the tail ends.
  struct End {
    TimeTick tick{};
    std::optional<MessageId> id;
  };
  std::optional<End> end;
};

// Where to begin and end, and what passes (F1).
struct ScanPlan {
  walimpls::ScanOptions backend;

  // Messages with ticks at or below it lie before the start.
  TimeTick start{};
  // For Latest: `start` holds for terms up to this one, as ticks of two terms that were not stored
  // do not compare.
  std::optional<Term> start_within;
  std::optional<TimeTick> until;  // Nothing above it is delivered.
  // The record at it, if that is known: where a backend's scan may end.
  std::optional<MessageId> until_id;
  bool ends_at_once = false;

  std::string vchannel;
  std::vector<MessageType> types;
  TimeTick after{};
  bool deliver_ticks = false;
  bool wake_on_tick = false;
  size_t bytes_max = 0;  // Of what is read and not delivered.
  size_t count_max = 0;

  // The stages between the transaction assembly and the reader, and the one before it.
  bool IsBeforeStart(const ImmutableMessage& message) const;
  bool PassesVChannel(const ImmutableMessage& message) const;
  // A transaction passes as a whole or not at all.
  bool PassesFilters(const ImmutableMessage& message) const;
  bool Lists(MessageType type) const;

  // What is next lies in link `epoch`, of which `mark` is truncated away: from its beginning.
  void EnterLink(uint32_t epoch, const std::optional<Position>& mark);
};

// kInvalidArgument: `options` make no sense.  kPositionGone: carries the oldest position (F4).
absl::StatusOr<ScanPlan> MakeScanPlan(const ReadOptions& options, const ScanBounds& bounds);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_READING_SCAN_PLAN_H_
