// AppendQueue: the appends of one writer, in order, and what becomes of them (C2, D8).
#ifndef TIDELOG_SIM_LOG_APPEND_QUEUE_H_
#define TIDELOG_SIM_LOG_APPEND_QUEUE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/log/log_breaks.h"
#include "sim/log/log_writer.h"
#include "wal/async/future.h"
#include "wal/message/message_id.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/wal.h"

namespace tidelog::sim {

// Hands groups to a LogWriter, as many at once as it takes, and ends them in the order they came.
// Confined to the log's executor.  `writer` and `lifetime` outlive it; `on_lost` is called when the
// writer can do no more, with the reason, and calls EndAll().
class AppendQueue {
 public:
  using OnLost = std::function<void(const absl::Status&)>;

  AppendQueue(LogWriter* writer, const MessageId::Origin& origin, const LogBreaks& breaks,
              walimpls::LogLifetime* lifetime, OnLost on_lost)
      : writer_(writer),
        origin_(origin),
        breaks_(breaks),
        lifetime_(lifetime),
        on_lost_(std::move(on_lost)) {}

  // Requires: within the traits.
  Future<absl::StatusOr<walimpls::Ids>> Append(walimpls::Group group);

  void AcceptAgain();

  // Ends everything: what the writer was given with kOutcomeUnknown, the rest with `reason`, and
  // from now on all with that.  Yields whether anything ended unknown.
  bool EndAll(const absl::Status& reason);

 private:
  struct Item {
    uint64_t number = 0;  // Of the group.
    walimpls::Group group;
    size_t count = 0;                                               // Of its messages.
    std::optional<Promise<absl::StatusOr<walimpls::Ids>>> promise;  // None: nobody waits.
    uint64_t place = 0;                                             // Once handed over.
    std::optional<StoreResult> result;
  };
  using ItemPtr = std::shared_ptr<Item>;  // Shared with its Run(), which may outlast it here.

  void StartWhatFits();
  Future<Unit> Run(ItemPtr item, std::vector<std::string> records, uint64_t round);
  // Ends what has a result, oldest first.
  void Settle();
  Future<Unit> GiveUp();
  void FailAll(const absl::Status& first_status);
  ItemPtr PopFront();
  void EndDone(Item* item, uint64_t first) const;
  static void EndWith(Item* item, const absl::Status& status);
  absl::Status NotTried() const;
  // What LogBreaks ask for, with the newest item.
  void Misbehave();

  LogWriter* const writer_;
  const MessageId::Origin origin_;
  const LogBreaks breaks_;
  walimpls::LogLifetime* const lifetime_;
  const OnLost on_lost_;
  std::deque<ItemPtr> items_;
  size_t handed_ = 0;  // That many at the front were handed over.
  uint64_t next_number_ = 1;
  uint64_t round_ = 1;      // Moves on when what is in flight is given up.
  bool giving_up_ = false;  // Nothing is handed over meanwhile.
  bool accepting_ = true;   // False from a failed append to AcceptAgain().
  absl::Status ended_;      // OK until EndAll().
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_APPEND_QUEUE_H_
