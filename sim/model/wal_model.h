// WalModel: what a log holds, as its callers know it: the messages that were acknowledged, and how
// far they were forgotten.  It knows nothing of how a log is built.
#ifndef TIDELOG_SIM_MODEL_WAL_MODEL_H_
#define TIDELOG_SIM_MODEL_WAL_MODEL_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::sim {

struct WalModel {
  struct Message {
    std::string payload;
    std::string vchannel;
    MessageType type{};
    Term term{};
    MessageId id;
    MessageId last_confirmed;
    TimeTick tick{};
    Position position() const { return Position{last_confirmed, tick}; }
    friend bool operator==(const Message&, const Message&) = default;
  };

  // What a scan was asked for: the messages above `after`, up to `until`, that pass the filters.
  struct Question {
    TimeTick after{};
    std::optional<TimeTick> until = std::nullopt;
    std::string vchannel = {};
    std::vector<MessageType> types = {};
    bool Passes(const Message& message) const;
  };

  // What it delivered, and how it ended; kOk: it did not, or with its `until`.
  struct Seen {
    std::vector<Message> messages;
    WalErrorCode end = WalErrorCode::kOk;
    std::optional<Position> oldest;
  };

  // Whether it may end with kPositionGone.
  enum class Gone { kNever, kMay, kMust };

  std::vector<Message> messages;  // In order.
  std::vector<Position> marks;    // The last one holds.
  absl::btree_map<std::string, Checkpoint> checkpoints;

  std::optional<Position> mark() const {
    if (marks.empty()) return std::nullopt;
    return marks.back();
  }
  TimeTick mark_tick() const { return marks.empty() ? TimeTick{0} : marks.back().time_tick; }
  // How far a truncation through `tick` goes: to the oldest checkpoint at most (G3).
  TimeTick HeldBack(TimeTick tick) const;
  TimeTick last_tick() const { return messages.empty() ? TimeTick{0} : messages.back().tick; }

  // Each is empty, or says what is wrong.
  std::string Append(Message message);
  // A scanner may have ended before the last mark was set.
  std::string CheckScan(const Question& question, Gone gone, const Seen& seen) const;

  std::vector<Message> Answer(const Question& question) const;
};

// For what RapidCheck shows.
std::string TextOf(const std::optional<Position>& position);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MODEL_WAL_MODEL_H_
