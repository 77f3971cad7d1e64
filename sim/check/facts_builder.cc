#include "sim/check/facts_builder.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/log/check.h"

namespace tidelog::sim::check {
namespace {

// Numbers are running numbers: a greater one is a recorder gone wrong.
constexpr int32_t kNumberMax = 1 << 22;

template <class T>
T& Slot(std::vector<T>* slots, int32_t number) {
  CHECK(number >= 0 && number < kNumberMax) << "a history has the number " << number;
  const auto index = static_cast<size_t>(number);
  if (index >= slots->size()) slots->resize(index + 1);
  return (*slots)[index];
}

bool ById(const Entry& a, const Entry& b) { return a.record->id < b.record->id; }

// The same, but total.  (Sorting stably would do, but for a warning in the standard library.)
bool ByIdAndTick(const Entry& a, const Entry& b) {
  return a.record->id != b.record->id ? ById(a, b) : a.record->tick < b.record->tick;
}

}  // namespace

void FactsBuilder::Build() {
  const std::vector<Event>& events = facts_.history_.events;
  for (now_ = 0; now_ < static_cast<int>(events.size()); ++now_) {
    const Event& event = events[static_cast<size_t>(now_)];
    std::visit([this, &event](const auto& what) { On(what, event); }, event.what);
  }
  for (const int32_t handle : facts_.history_.end.dead_backends) {
    HandleOf(handle).backend_is_dead = true;
  }
  FinishMarks();
  FinishMessages();
  NoteFinals();
  BuildLog();
  NameMessages();
  AddAcknowledged();
  SortByTick();
}

Call& FactsBuilder::CallOf(const Event& event) { return Slot(&facts_.calls_, event.op); }
Handle& FactsBuilder::HandleOf(int32_t number) { return Slot(&facts_.handles_, number); }

Scan* FactsBuilder::ScanOf(const Event& event) {
  const auto op = static_cast<size_t>(event.op);
  if (op >= scan_of_op_.size() || scan_of_op_[op] < 0) return nullptr;
  return &facts_.scans_[static_cast<size_t>(scan_of_op_[op])];
}

void FactsBuilder::Begin(const Event& event, Call::Kind kind) {
  Call& call = CallOf(event);
  call.kind = kind;
  call.handle = event.handle;
  call.process = event.process;
  call.invoke = now_;
}

void FactsBuilder::End(const Event& event, Code code) {
  Call& call = CallOf(event);
  if (call.end != kNever) {
    call.second_end = now_;
    return;
  }
  call.end = now_;
  call.code = code;
}

void FactsBuilder::RaiseMark(Facts::Marks* marks, int event, Tick tick) {
  if (marks->empty() || marks->back().second < tick) marks->emplace_back(event, tick);
}

void FactsBuilder::On(const OpenInvoke& open, const Event& event) {
  Begin(event, Call::Kind::kOpen);
  Handle& handle = HandleOf(event.handle);
  handle.process = event.process;
  handle.term = open.term;
  handle.read_only = open.read_only;
  handle.open_invoke = now_;
}

void FactsBuilder::On(const OpenReturn& yield, const Event& event) {
  End(event, yield.code);
  if (yield.code != Code::kOk) return;
  Handle& handle = HandleOf(event.handle);
  handle.opened = now_;
  handle.yield = &yield;
}

void FactsBuilder::On(const CloseInvoke&, const Event& event) {
  Begin(event, Call::Kind::kClose);
  Handle& handle = HandleOf(event.handle);
  if (handle.close_invoke == kNever) handle.close_invoke = now_;
}

void FactsBuilder::On(const CloseReturn& yield, const Event& event) {
  End(event, yield.code);
  Handle& handle = HandleOf(event.handle);
  if (handle.closed != kNever) return;
  handle.closed = now_;
  handle.close_code = yield.code;
}

void FactsBuilder::On(const Unavailable&, const Event& event) {
  Handle& handle = HandleOf(event.handle);
  if (handle.unavailable == kNever) handle.unavailable = now_;
}

void FactsBuilder::On(const AppendInvoke& append, const Event& event) {
  Begin(event, Call::Kind::kAppend);
  Message message;
  message.op = event.op;
  message.handle = event.handle;
  message.invoke = now_;
  for (const Submission& submission : append.messages) {
    message.content = &submission;
    facts_.AddMessage(message);
    ++message.index;
  }
}

void FactsBuilder::On(const AppendReturn& yield, const Event& event) { End(event, yield.code); }

void FactsBuilder::On(const ScanOpen& options, const Event& event) {
  Begin(event, Call::Kind::kScan);
  const auto op = static_cast<size_t>(event.op);
  if (op >= scan_of_op_.size()) scan_of_op_.resize(op + 1, -1);
  scan_of_op_[op] = static_cast<int>(facts_.scans_.size());
  Scan scan;
  scan.op = event.op;
  scan.handle = event.handle;
  scan.invoke = now_;
  scan.options = &options;
  facts_.scans_.push_back(std::move(scan));
}

void FactsBuilder::On(const ScanOpened& yield, const Event& event) {
  End(event, yield.code);
  Scan* scan = ScanOf(event);
  if (scan != nullptr && yield.code == Code::kOk) scan->opened = now_;
}

void FactsBuilder::On(const ScanBatch& batch, const Event& event) {
  Scan* scan = ScanOf(event);
  if (scan == nullptr) return;
  if ((scan->end != kNever || scan->error != kNever) && scan->after_end == kNever) {
    scan->after_end = now_;
  }
  scan->batches.push_back(now_);
  if (batch.end && scan->end == kNever) scan->end = now_;
}

void FactsBuilder::On(const ScanError& error, const Event& event) {
  Scan* scan = ScanOf(event);
  if (scan == nullptr) return;
  if (scan->end != kNever || scan->error != kNever) {
    if (scan->after_end == kNever) scan->after_end = now_;
    return;
  }
  scan->error = now_;
  scan->error_code = error.code;
}

void FactsBuilder::On(const ScanClose&, const Event& event) {
  Scan* scan = ScanOf(event);
  if (scan != nullptr && scan->closed == kNever) scan->closed = now_;
}

void FactsBuilder::On(const TruncateInvoke&, const Event& event) {
  Begin(event, Call::Kind::kTruncate);
  truncates_.push_back(now_);
}

void FactsBuilder::On(const TruncateReturn& yield, const Event& event) {
  End(event, yield.code);
  if (yield.code == Code::kOk) RaiseMark(&facts_.known_marks_, now_, yield.mark.tick);
}

void FactsBuilder::On(const InfoInvoke&, const Event& event) { Begin(event, Call::Kind::kInfo); }

void FactsBuilder::On(const InfoReturn& yield, const Event& event) {
  End(event, yield.code);
  if (yield.oldest) RaiseMark(&facts_.known_marks_, now_, yield.oldest->tick);
}

void FactsBuilder::On(const MvccInvoke&, const Event& event) { Begin(event, Call::Kind::kMvcc); }
void FactsBuilder::On(const MvccReturn& yield, const Event& event) { End(event, yield.code); }

void FactsBuilder::On(const ProcessCrash&, const Event& event) {
  facts_.lives_[event.process].crash = now_;
}

void FactsBuilder::On(const Pause&, const Event& event) {
  facts_.lives_[event.process].pauses.emplace_back(now_, kNever);
}

void FactsBuilder::On(const Resume&, const Event& event) {
  ProcessLife& life = facts_.lives_[event.process];
  if (!life.pauses.empty()) life.pauses.back().second = now_;
}

void FactsBuilder::On(const MachineCrash&, const Event&) {
  facts_.machine_crashes_.push_back(now_);
}

void FactsBuilder::On(const Retention&, const Event&) { truncates_.push_back(now_); }

// A truncation may have moved the mark from its call on, unless it ended not done.
void FactsBuilder::FinishMarks() {
  for (const int index : truncates_) {
    const Event& event = facts_.event(index);
    if (const auto* retention = std::get_if<Retention>(&event.what)) {
      RaiseMark(&facts_.possible_marks_, index, retention->through);
      facts_.retained_ = std::max(facts_.retained_, retention->through);
      continue;
    }
    const Call& call = facts_.call(event.op);
    const bool failed = call.end != kNever && call.code != Code::kOk && !LeavesUnknown(call.code);
    if (failed) continue;
    RaiseMark(&facts_.possible_marks_, index, std::get<TruncateInvoke>(event.what).through.tick);
  }
}

void FactsBuilder::FinishMessages() {
  for (Message& message : facts_.messages_) {
    const Call& call = facts_.call(message.op);
    message.end = call.end;
    if (call.end != kNever) NoteOutcome(facts_.event(call.end), &message);
    if (message.outcome == Outcome::kUnknown && RoleOf(*message.content) != Role::kNone) {
      facts_.first_hidden_ = std::min(facts_.first_hidden_, message.invoke);
    }
  }
}

void FactsBuilder::NoteOutcome(const Event& end, Message* message) {
  const auto* yield = std::get_if<AppendReturn>(&end.what);
  if (yield == nullptr) return;
  const auto index = static_cast<size_t>(message->index);
  if (index < yield->done.size() && yield->done[index].repeat) {
    message->outcome = Outcome::kNotDone;
    message->repeat = &yield->done[index];
  } else if (index < yield->done.size()) {
    message->outcome = Outcome::kDone;
    message->ack = &yield->done[index];
  } else if (index >= yield->done.size() + static_cast<size_t>(yield->unknown)) {
    message->outcome = Outcome::kNotDone;
  }
}

void FactsBuilder::NoteFinals() {
  const bool has_leases =
      std::any_of(facts_.messages_.begin(), facts_.messages_.end(),
                  [](const Message& message) { return RoleOf(*message.content) == Role::kBegin; });
  for (const int32_t op : facts_.history_.end.final_scans) {
    const auto index = static_cast<size_t>(op);
    CHECK(index < scan_of_op_.size() && scan_of_op_[index] >= 0) << "operation " << op;
    Scan& scan = facts_.scans_[static_cast<size_t>(scan_of_op_[index])];
    scan.is_final = true;
    ++facts_.final_count_;
    Tick tail = 0;
    for (const int batch : scan.batches) {
      facts_.final_end_ = std::max(facts_.final_end_, batch);
      for (const Record& record : facts_.as<ScanBatch>(batch).records) {
        tail = std::max(tail, record.tick);
      }
    }
    facts_.final_tick_ = std::max(facts_.final_tick_, tail);
    if (has_leases) facts_.final_tail_ = std::min(facts_.final_tail_, tail);
  }
}

void FactsBuilder::BuildLog() {
  std::vector<Entry>& log = facts_.log_;
  const auto first_final = std::find_if(facts_.scans_.begin(), facts_.scans_.end(),
                                        [](const Scan& scan) { return scan.is_final; });
  if (first_final != facts_.scans_.end()) {
    for (const int index : first_final->batches) {
      for (const Record& record : facts_.as<ScanBatch>(index).records) {
        if (log.empty() || log.back().record->id < record.id) log.push_back({&record, index});
      }
    }
  }
  base_size_ = log.size();
  last_final_.assign(log.size(), -1);
  for (size_t i = 0; i < facts_.scans_.size(); ++i) {
    SeeAll(facts_.scans_[i], static_cast<int>(i));
  }
  AddUnmatched();
}

void FactsBuilder::SeeAll(const Scan& scan, int index) {
  size_t hint = 0;
  for (const int batch : scan.batches) {
    for (const Record& record : facts_.as<ScanBatch>(batch).records) {
      const Sight sight{&record, batch, index};
      See(sight, &hint);
      if (!record.members.empty()) SeeMembers(sight);
    }
  }
}

// Those but the commit, which is the transaction's own record, as the log holds them.
void FactsBuilder::SeeMembers(const Sight& transaction) {
  size_t hint = 0;
  for (const Record& member : transaction.record->members) {
    if (member.id == transaction.record->id) continue;
    Record& stored = facts_.members_.emplace_back(member);
    stored.tick = std::exchange(stored.stored_tick, 0);
    See({&stored, transaction.event, transaction.scan}, &hint);
  }
}

// `hint` is where the next record of this scan is expected.
void FactsBuilder::See(const Sight& sight, size_t* hint) {
  std::vector<Entry>& log = facts_.log_;
  if (*hint >= log.size() || log[*hint].record->id != sight.record->id) {
    const Entry wanted{sight.record};
    const auto found = std::lower_bound(log.begin(), log.end(), wanted, ById);
    *hint = static_cast<size_t>(found - log.begin());
    if (found == log.end() || found->record->id != sight.record->id) {
      unmatched_.push_back(sight);
      return;
    }
  }
  NoteSight(&log[*hint], sight);
  ++*hint;
}

void FactsBuilder::NoteSight(Entry* entry, const Sight& sight) {
  if (entry->record != sight.record && !(*entry->record == *sight.record)) {
    facts_.conflicts_.push_back({sight.event, sight.record, entry->seen});
  }
  entry->seen = std::min(entry->seen, sight.event);
  int& counted = last_final_[static_cast<size_t>(entry - facts_.log_.data())];
  if (facts_.scans_[static_cast<size_t>(sight.scan)].is_final && counted != sight.scan) {
    counted = sight.scan;
    ++entry->finals;
  }
}

void FactsBuilder::AddUnmatched() {
  std::vector<Entry>& log = facts_.log_;
  std::sort(unmatched_.begin(), unmatched_.end(), [](const Sight& a, const Sight& b) {
    return a.record->id != b.record->id ? a.record->id < b.record->id : a.event < b.event;
  });
  for (const Sight& sight : unmatched_) {
    if (log.size() == base_size_ || log.back().record->id != sight.record->id) {
      log.push_back({sight.record, sight.event});
      last_final_.push_back(-1);
    }
    NoteSight(&log.back(), sight);
  }
  if (log.size() > base_size_) std::sort(log.begin(), log.end(), ByIdAndTick);
}

void FactsBuilder::NameMessages() {
  first_entry_.assign(facts_.messages_.size(), -1);
  for (size_t i = 0; i < facts_.log_.size(); ++i) {
    Entry& entry = facts_.log_[i];
    if (entry.record->content.payload.client == 0) continue;
    entry.message = facts_.FindMessage(entry.record->content.payload);
    if (entry.message < 0) continue;
    int& first = first_entry_[static_cast<size_t>(entry.message)];
    if (first < 0) first = static_cast<int>(i);
  }
}

void FactsBuilder::AddAcknowledged() {
  const size_t seen_count = facts_.log_.size();
  for (size_t i = 0; i < facts_.messages_.size(); ++i) {
    const Message& message = facts_.messages_[i];
    if (message.ack == nullptr) continue;
    const Record record{message.ack->id, message.ack->tick, facts_.handle(message.handle).term,
                        message.ack->last_confirmed, *message.content};
    // If it was read at several ids, the acknowledged one is meant.
    const Entry wanted{&record};
    const auto end = facts_.log_.begin() + static_cast<ptrdiff_t>(seen_count);
    const auto found = std::lower_bound(facts_.log_.begin(), end, wanted, ById);
    const bool is_read = found != end && found->record->id == record.id;
    const Entry* same = is_read ? &*found : nullptr;
    const bool is_it = is_read && found->message == static_cast<int>(i);
    if (!is_it && first_entry_[i] >= 0) {
      same = &facts_.log_[static_cast<size_t>(first_entry_[i])];
    }
    if (same == nullptr) {
      facts_.acknowledged_.push_back(record);
      facts_.log_.push_back({&facts_.acknowledged_.back(), kNever, static_cast<int>(i)});
      continue;
    }
    const Record& read = *same->record;
    const bool beyond_itself = record.last_confirmed > record.id;  // For the checker of those.
    if (read.id != record.id || read.tick != record.tick ||
        (read.last_confirmed != record.last_confirmed && !beyond_itself)) {
      facts_.conflicts_.push_back({message.end, same->record, same->seen});
    }
  }
  if (facts_.log_.size() > seen_count) {
    std::sort(facts_.log_.begin(), facts_.log_.end(), ByIdAndTick);
  }
}

void FactsBuilder::SortByTick() {
  std::vector<int>& order = facts_.by_tick_;
  order.resize(facts_.log_.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  const auto less = [this](int a, int b) {
    const Tick tick_a = facts_.log_[static_cast<size_t>(a)].record->tick;
    const Tick tick_b = facts_.log_[static_cast<size_t>(b)].record->tick;
    return tick_a != tick_b ? tick_a < tick_b : a < b;
  };
  if (!std::is_sorted(order.begin(), order.end(), less)) {
    std::sort(order.begin(), order.end(), less);
  }
}

}  // namespace tidelog::sim::check
