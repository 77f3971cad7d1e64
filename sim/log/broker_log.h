// BrokerLog: one channel of a log broker, transactional or sequenced: records behind one another,
// with numbers.
#ifndef TIDELOG_SIM_LOG_BROKER_LOG_H_
#define TIDELOG_SIM_LOG_BROKER_LOG_H_

#include <cstdint>
#include <deque>
#include <string>

#include "sim/log/log_breaks.h"
#include "sim/log/log_fault.h"
#include "sim/log/protocol.h"

namespace tidelog::sim {

// World memory, plain data.  Everything that Handle() answers OK is durable: a restart of the
// server loses only what was on its way.
class BrokerLog {
 public:
  // `log` tells it from every other log of its service.
  BrokerLog(LogProtocol protocol, uint64_t log) : protocol_(protocol), log_(log) {}

  // Applies `request`.  A kFetch that finds nothing has kNotFound for a code.
  LogReply Handle(const LogRequest& request, const LogVerdict& verdict, const LogBreaks& breaks);

  // Retention: drops the oldest records, at most `count`, but none that the replay of an open
  // reads, which begins where the newest TimeTick says (D6).  Yields the tick up to which positions
  // are gone, since their messages are or the ids they begin at; 0: nothing was dropped.
  uint64_t Retain(size_t count);

 private:
  struct Entry {
    enum class Kind : uint8_t { kOpen, kCommitted, kAborted } kind = Kind::kOpen;
    StoredRecord record;
  };
  // The coordinator's view of the channel's transactional id, and the partition's of its batches.
  struct Producer {
    uint64_t epoch = 0;
    bool in_transaction = false;
    bool ended_by_commit = false;  // How the last transaction of this epoch ended.
    uint64_t sequence = 0;         // Of the last batch.
    uint64_t first = 0;            // Number of its first record.
  };

  LogReply Look() const;
  LogReply Fetch(const LogRequest& request, const LogVerdict& verdict,
                 const LogBreaks& breaks) const;
  LogReply Truncate(const LogRequest& request);
  LogReply InitProducer();
  LogReply AddToTransaction(const LogRequest& request, const LogBreaks& breaks);
  LogReply Produce(const LogRequest& request, uint64_t jump, const LogBreaks& breaks);
  LogReply EndTransaction(const LogRequest& request, const LogBreaks& breaks);
  LogReply Publish(const LogRequest& request, uint64_t jump, const LogBreaks& breaks);

  bool Stale(const LogRequest& request, const LogBreaks& breaks) const;
  void EndOpen(Entry::Kind as);
  void DropBelow(uint64_t number);
  // Where records that count end: before the first one of an open transaction.
  size_t StableCount() const;
  uint64_t StableEnd() const;
  // Index of the first entry at or above `number`.
  size_t IndexOf(uint64_t number) const;

  LogProtocol protocol_;
  uint64_t log_;
  std::deque<Entry> entries_;  // In the order of their numbers.
  uint64_t first_ = 1;         // What is below is gone.
  uint64_t next_ = 1;          // Transactional: the next offset.  Sequenced: the next sequence.
  Producer producer_;
  std::string mark_;
  uint64_t mark_tick_ = 0;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_BROKER_LOG_H_
