#include "sim/log/broker_log.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/log/log.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog::sim {
namespace {

LogReply Answer(LogCode code, uint64_t number = 0) {
  LogReply reply;
  reply.code = code;
  reply.number = number;
  return reply;
}

bool IsTimeTick(const StoredRecord& record) {
  const RecordView view = RecordView::Trusted(record.bytes.data());
  return view.type() == MessageType::kTimeTick && !MessageFactory::IsFence(view);
}

uint64_t NumberOfKey(std::string_view key, uint64_t if_empty) {
  if (key.empty()) return if_empty;
  return MessageId({LogKind::kSimulated, 0, 0}, key).ToNumber().value();
}

uint64_t LastConfirmedOf(const StoredRecord& record) {
  const RecordView view = RecordView::Trusted(record.bytes.data());
  return NumberOfKey(view.last_confirmed_key(), record.number);
}

// Where the replay of an open begins that finds `tick` to be the newest one (D6).
uint64_t ReplayStartOf(const StoredRecord& tick) {
  const RecordView view = RecordView::Trusted(tick.bytes.data());
  return std::min(LastConfirmedOf(tick), NumberOfKey(view.replay_start_key(), tick.number));
}

}  // namespace

LogReply BrokerLog::Handle(const LogRequest& request, const LogVerdict& verdict,
                           const LogBreaks& breaks) {
  switch (request.op) {
    case LogOp::kCreate:
      return Answer(LogCode::kOk);
    case LogOp::kLook:
      return Look();
    case LogOp::kFetch:
      return Fetch(request, verdict, breaks);
    case LogOp::kTruncate:
      return Truncate(request);
    case LogOp::kInitProducer:
      return InitProducer();
    case LogOp::kAddToTransaction:
      return AddToTransaction(request, breaks);
    case LogOp::kProduce:
      return Produce(request, verdict.id_jump, breaks);
    case LogOp::kEndTransaction:
      return EndTransaction(request, breaks);
    case LogOp::kPublish:
      return Publish(request, verdict.id_jump, breaks);
    default:
      LOG(FATAL) << "no request to a broker: " << NameOf(request.op);
  }
}

LogReply BrokerLog::Look() const {
  LogReply reply = Answer(LogCode::kOk, next_ - 1);
  reply.log = log_;
  reply.first = first_;
  reply.end = StableEnd();
  reply.mark = mark_;
  return reply;
}

LogReply BrokerLog::Fetch(const LogRequest& request, const LogVerdict& verdict,
                          const LogBreaks& breaks) const {
  LogReply reply;
  reply.first = first_;
  reply.mark = mark_;
  if (request.from < first_) {
    reply.code = LogCode::kGone;
    return reply;
  }
  const size_t stable = StableCount();
  const size_t seen = stable - std::min<size_t>(stable, verdict.hide_newest);
  const size_t begin = IndexOf(request.from);
  reply.end = request.from;
  if (verdict.spurious_end || begin >= seen) {
    // Nothing new; but what lies behind the last record counts as looked at by who saw all.
    if (!verdict.spurious_end && seen == stable) {
      reply.end = std::max(request.from, std::min(request.end, StableEnd()));
    }
    if (reply.end == request.from) reply.code = LogCode::kNotFound;
    return reply;
  }
  size_t bytes = 0;
  size_t i = begin - std::min<size_t>(begin, verdict.redeliver);
  for (; i < seen && entries_[i].record.number < request.end; ++i) {
    const Entry& entry = entries_[i];
    const bool again = i < begin;
    if (!again) reply.end = entry.record.number + 1;
    if (entry.kind != Entry::Kind::kCommitted) continue;
    if (breaks.drops_every > 0 && entry.record.group % breaks.drops_every == 1) continue;
    bytes += entry.record.bytes.size();
    if (!reply.records.empty() &&
        (reply.records.size() >= request.count_max || bytes > request.bytes_max)) {
      if (!again) reply.end = entry.record.number;
      return reply;
    }
    reply.records.push_back(entry.record);
  }
  const uint64_t seen_end = seen == stable ? StableEnd() : reply.end;
  reply.end = std::max(reply.end, i < seen ? request.end : std::min(request.end, seen_end));
  return reply;
}

LogReply BrokerLog::Truncate(const LogRequest& request) {
  if (request.tick <= mark_tick_) return Answer(LogCode::kOk);
  mark_tick_ = request.tick;
  mark_ = request.mark;
  DropBelow(request.from);
  return Answer(LogCode::kOk);
}

void BrokerLog::DropBelow(uint64_t number) {
  first_ = std::max(first_, number);
  while (!entries_.empty() && entries_.front().record.number < first_) entries_.pop_front();
}

uint64_t BrokerLog::Retain(size_t count) {
  uint64_t keep_from = 0;
  for (size_t i = 0; i < StableCount(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.kind == Entry::Kind::kCommitted && IsTimeTick(entry.record)) {
      keep_from = ReplayStartOf(entry.record);
    }
  }
  const size_t drop = std::min(count, IndexOf(keep_from));
  if (drop == 0) return 0;
  DropBelow(entries_[drop].record.number);
  uint64_t through = 0;
  for (const Entry& entry : entries_) {
    const RecordView view = RecordView::Trusted(entry.record.bytes.data());
    if (entry.kind != Entry::Kind::kCommitted || MessageFactory::IsFence(view)) continue;
    const bool is_gone = LastConfirmedOf(entry.record) < first_;
    if (is_gone || through == 0) through = ToInt(view.time_tick()) - (is_gone ? 0 : 1);
    if (!is_gone) break;
  }
  return through;
}

bool BrokerLog::Stale(const LogRequest& request, const LogBreaks& breaks) const {
  return request.epoch < producer_.epoch && !breaks.accepts_stale_terms;
}

LogReply BrokerLog::InitProducer() {
  const bool open = producer_.in_transaction;
  const uint64_t epoch = producer_.epoch + 1;
  if (open) EndOpen(Entry::Kind::kAborted);
  producer_ = Producer{};
  producer_.epoch = epoch;
  return Answer(LogCode::kOk, epoch);
}

LogReply BrokerLog::AddToTransaction(const LogRequest& request, const LogBreaks& breaks) {
  if (Stale(request, breaks)) return Answer(LogCode::kFenced);
  producer_.in_transaction = true;
  return Answer(LogCode::kOk);
}

LogReply BrokerLog::Produce(const LogRequest& request, uint64_t jump, const LogBreaks& breaks) {
  if (Stale(request, breaks)) return Answer(LogCode::kFenced);
  if (request.sequence == producer_.sequence) return Answer(LogCode::kOk, producer_.first);
  // The leader asks the coordinator, so that what comes late joins no transaction.
  if (!producer_.in_transaction) return Answer(LogCode::kOutOfOrder);
  if (request.sequence != producer_.sequence + 1 && !breaks.accepts_stale_terms) {
    return Answer(LogCode::kOutOfOrder);
  }
  next_ += jump;
  producer_.sequence = request.sequence;
  producer_.first = next_;
  for (const std::string& bytes : request.records) {
    const StoredRecord record = {next_++, request.writer, request.group, bytes};
    entries_.push_back(Entry{Entry::Kind::kOpen, record});
  }
  return Answer(LogCode::kOk, producer_.first);
}

LogReply BrokerLog::EndTransaction(const LogRequest& request, const LogBreaks& breaks) {
  if (Stale(request, breaks)) return Answer(LogCode::kFenced);
  if (!producer_.in_transaction) {
    return Answer(request.commit == producer_.ended_by_commit ? LogCode::kOk
                                                              : LogCode::kOutOfOrder);
  }
  EndOpen(request.commit ? Entry::Kind::kCommitted : Entry::Kind::kAborted);
  producer_.in_transaction = false;
  producer_.ended_by_commit = request.commit;
  return Answer(LogCode::kOk);
}

void BrokerLog::EndOpen(Entry::Kind as) {
  for (auto entry = entries_.rbegin();
       entry != entries_.rend() && entry->kind == Entry::Kind::kOpen; ++entry) {
    entry->kind = as;
  }
  ++next_;  // The marker's.
}

LogReply BrokerLog::Publish(const LogRequest& request, uint64_t jump, const LogBreaks& breaks) {
  if (request.expected != next_ - 1 && !breaks.accepts_stale_terms) {
    return Answer(LogCode::kMismatch, next_ - 1);
  }
  next_ += jump;
  const uint64_t sequence = next_++;
  uint64_t number = sequence << kIndexBits;
  for (const std::string& bytes : request.records) {
    const StoredRecord record = {number++, request.writer, request.group, bytes};
    entries_.push_back(Entry{Entry::Kind::kCommitted, record});
  }
  return Answer(LogCode::kOk, sequence);
}

size_t BrokerLog::StableCount() const {
  // Only the newest transaction can be open.
  size_t count = entries_.size();
  while (count > 0 && entries_[count - 1].kind == Entry::Kind::kOpen) --count;
  return count;
}

uint64_t BrokerLog::StableEnd() const {
  const size_t stable = StableCount();
  if (stable < entries_.size()) return entries_[stable].record.number;
  return protocol_ == LogProtocol::kSequenced ? next_ << kIndexBits : next_;
}

size_t BrokerLog::IndexOf(uint64_t number) const {
  const auto before = [](const Entry& entry, uint64_t at) { return entry.record.number < at; };
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), number, before);
  return static_cast<size_t>(found - entries_.begin());
}

}  // namespace tidelog::sim
