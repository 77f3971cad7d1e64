// FakeLog: one channel of a FakeBackend (fake_wal.h).
#ifndef TIDELOG_WALIMPLS_TESTING_FAKE_LOG_H_
#define TIDELOG_WALIMPLS_TESTING_FAKE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/wal.h"

namespace tidelog::walimpls {

class FakeWal;

// The storage of one channel, and the orders for whoever has it open.  For TestRuntime: one thread,
// any number of executors.  Orders may come from a job or from outside of all jobs.  They outlive
// handles: what was ordered before an open holds after it.
class FakeLog {
 public:
  using Owner = uint64_t;
  static constexpr size_t kAll = std::numeric_limits<size_t>::max();

  enum class Held { kNotStored, kStored };  // Whether a group that is held has reached storage.

  explicit FakeLog(std::string_view name);
  FakeLog(const FakeLog&) = delete;
  FakeLog& operator=(const FakeLog&) = delete;
  ~FakeLog();

  // From now on groups are handed to storage and stay outstanding.  Close() and a fence that the
  // writer notices end them with kOutcomeUnknown.
  void HoldAppends(Held held = Held::kNotStored);
  // Ends the oldest `count` held groups, done unless they are ordered to fail; new ones are held.
  void ReleaseAppends(size_t count = kAll);
  // Ends all held groups and holds no more.
  void StopHoldingAppends();
  // The next `count` groups that are settled end not done with `code`: kUnavailable,
  // kResourceExhausted or kInner.  The rest goes as D8 says.
  void FailAppends(size_t count, WalErrorCode code);
  // Groups whose append has not ended.
  size_t outstanding() const { return outstanding_.size(); }

  // `term` opens the channel elsewhere.  The writer here notices when it next looks: when a group
  // is appended or settled, at OnTick(), Info() and Truncate().
  void Fence(Term term);
  // The writer is broken for good: what is held stays so until Close(), the rest ends with kInner.
  void Break(std::string_view why);

  // Opens stay in flight, before they have touched anything, until released.
  void HoldOpens() { hold_opens_ = true; }
  void ReleaseOpens();
  // Opens that begin now are not held; those that are stay so.
  void LetNewOpensPass() { hold_opens_ = false; }
  // The next `count` opens end with `error`.
  void FailOpens(size_t count, absl::Status error);
  void FailPrepares(size_t count, absl::Status error);  // The same of Prepare().

  // Close() of logs and scanners hangs, and ends nothing, until released.
  void HangCloses() { hang_closes_ = true; }
  void ReleaseCloses();

  // Scanners find nothing, as with a backend that is gone, until released.
  void HoldScans() { hold_scans_ = true; }
  void ReleaseScans();
  // The next Next() that would deliver ends with `error`.
  void FailScan(absl::Status error);
  // The next `count` Read() end with `error`.
  void FailReads(size_t count, absl::Status error);
  // The next batch of every open scanner ends with `gap`.
  void DeliverGap(Gap gap);
  // The next `count` Truncate() end with `error`.
  void FailTruncates(size_t count, absl::Status error);

  // Stores a record as it is, past all checks: a barrier, or what no backend may let through, such
  // as a record of a lower term (A5) or a tick out of order.
  MessageId Inject(ImmutableMessage message);
  // Opens for reading find nothing, as where its files were removed; who has it open keeps it.
  void Remove() { claimed_ = false; }
  // Forgets the records below `id`, as retention does.
  void DropBelow(const MessageId& id);

  // What is stored, with ids of epoch 0, as far as it is kept.
  std::vector<ImmutableMessage> records() const;
  std::optional<Position> truncated() const { return truncated_; }
  int tick_count() const { return tick_count_; }
  int accept_again_count() const { return accept_again_count_; }
  int open_log_count() const { return open_log_count_; }
  int open_scanner_count() const { return open_scanner_count_; }
  // How the newest writer that closed was told to; none: not closed yet.
  std::optional<CloseMode> close_mode() const { return close_mode_; }

  const std::string& name() const { return name_; }

  // In its ids; by its name, if nothing else is said before anything is stored.
  void set_number(uint32_t number) { number_ = number; }

 private:
  friend class FakeOpener;
  friend FakeWal;
  friend class FakeReader;
  friend class FakeScanner;

  struct Order {
    size_t count = 0;
    absl::Status error;
    // The error, if one is due.
    absl::Status Take();
  };
  struct Outstanding {
    FakeWal* wal = nullptr;
    Group group;
    Promise<absl::StatusOr<Ids>> promise;
    bool held = false;              // Handed to storage.
    std::optional<uint64_t> first;  // Stored, from this number on.
  };

  uint64_t Store(Group& group);
  MessageId IdOf(uint64_t number, uint32_t epoch) const;
  // Ends the oldest outstanding group: stores it, or fails it as ordered.
  void SettleFront();
  void EndFront(absl::StatusOr<Ids> outcome);

  const std::string name_;
  uint32_t number_;
  std::deque<ImmutableMessage> records_;
  uint64_t first_ = 1;  // Number of the oldest record kept.
  uint64_t next_ = 1;
  ImmutableMessage newest_time_tick_;  // With its id, of epoch 0.
  ImmutableMessage newest_;            // As above, no barrier.
  std::optional<Position> truncated_;
  Term term_{};
  Owner owner_ = 0;
  bool clean_ = false;
  bool claimed_ = false;       // Some open for writing succeeded: the channel exists.
  FakeWal* writer_ = nullptr;  // The newest, while it is open.

  std::optional<Held> hold_appends_;
  bool hold_opens_ = false;
  bool hang_closes_ = false;
  bool hold_scans_ = false;
  Order fail_appends_;
  Order fail_opens_;
  Order fail_prepares_;
  Order fail_reads_;
  Order fail_truncates_;
  absl::Status fail_scan_;
  std::optional<Gap> gap_;
  uint64_t gap_number_ = 0;  // Counts gaps: a scanner delivers those that came in its time.
  std::deque<Outstanding> outstanding_;
  Signal changed_;   // Records, and orders about scans.
  Signal released_;  // Opens and closes.
  int tick_count_ = 0;
  int accept_again_count_ = 0;
  int open_log_count_ = 0;
  int open_scanner_count_ = 0;
  std::optional<CloseMode> close_mode_;
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_FAKE_LOG_H_
