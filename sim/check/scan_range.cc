#include "sim/check/scan_range.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tidelog::sim::check {
namespace {

class Range {
 public:
  Range(const Facts& facts, const Scan& scan) : facts_(facts), scan_(scan) {
    const Handle& handle = facts.handle(scan.handle);
    promised_term_ = handle.read_only ? INT64_MAX : handle.term;
    for (const int index : scan.batches) Take(facts.as<ScanBatch>(index));
    if (!std::is_sorted(ids_.begin(), ids_.end())) std::sort(ids_.begin(), ids_.end());
    FindStart();
  }

  Tick past() const { return std::max(past_, past_in_term_); }
  Tick start() const { return start_; }

  // Whether the scan went past it.
  bool IsBehind(const Record& record) const {
    return record.tick <= past_ || (record.tick <= past_in_term_ && record.term <= promised_term_);
  }

  // Whether it was to be delivered, wherever the scan has come to.  What a scan from the latest was
  // to begin with is known of what was appended after it was opened, and from its first record on.
  bool IsWanted(const Entry& entry) const {
    const Record& record = *entry.record;
    if (!IsReadByItself(record)) return false;
    if (record.tick <= start_ || !PassesFilters(*scan_.options, record)) return false;
    // A scan that ends may know that more is complete than it was asked for (F1).
    if (scan_.options->end == ScanOpen::End::kPosition &&
        record.tick > std::max(scan_.options->until, resumed_)) {
      return false;
    }
    if (scan_.options->start == Start::kLatest && (ids_.empty() || record.tick < first_tick_)) {
      const Message* message = facts_.MessageOf(entry);
      if (message == nullptr || message->invoke < scan_.opened) return false;
    }
    for (const IdRange& gap : gaps_) {
      if (gap.first <= record.id && record.id <= gap.last) return false;
    }
    return !facts_.EndCovers(record.tick) || entry.finals == facts_.final_count();
  }

  bool Delivered(Id id) {
    if (hint_ < ids_.size() && ids_[hint_] == id) {
      ++hint_;
      return true;
    }
    const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
    if (found == ids_.end() || *found != id) return false;
    hint_ = static_cast<size_t>(found - ids_.begin()) + 1;
    return true;
  }

 private:
  // Of a transaction its commit is, with all the others in it (E1).
  bool IsReadByItself(const Record& record) const {
    const Role role = RoleOf(record.content);
    return role == Role::kNone || (role == Role::kCommit && !facts_.MayBeCut(record));
  }

  void Take(const ScanBatch& batch) {
    for (const Record& record : batch.records) {
      if (ids_.empty()) first_tick_ = record.tick;
      ids_.push_back(record.id);
      past_ = std::max(past_, record.tick);
    }
    Tick* complete = batch.complete_is_stored ? &past_ : &past_in_term_;
    *complete = std::max(*complete, batch.complete_through);
    if (batch.resume) {
      resumed_ = std::max(resumed_, batch.resume->tick);
      past_ = std::max(past_, resumed_);
    }
    if (batch.gap) gaps_.push_back(*batch.gap);
    if (batch.end && scan_.options->end == ScanOpen::End::kPosition) {
      past_ = std::max(past_, scan_.options->until);
    }
  }

  // Nothing at or below `start_` is wanted for sure.
  void FindStart() {
    const Tick tick = scan_.options->position.tick;
    switch (scan_.options->start) {
      case Start::kFrom:
        start_ = tick > 0 ? tick - 1 : 0;
        break;
      case Start::kAfter:
        start_ = tick;
        break;
      case Start::kEarliest:
        // It began somewhere up to the mark, and what it began with it has to go on with.
        start_ = facts_.PossibleMark(scan_.opened);
        if (!ids_.empty()) start_ = std::min(start_, first_tick_);
        break;
      case Start::kLatest:
        break;
    }
  }

  const Facts& facts_;
  const Scan& scan_;
  Term promised_term_;
  std::vector<Id> ids_;  // Of what it delivered.
  std::vector<IdRange> gaps_;
  Tick first_tick_ = 0;
  Tick past_ = 0;
  Tick past_in_term_ = 0;  // In terms up to promised_term_.
  Tick resumed_ = 0;       // Whoever goes on from here misses what lies before.
  Tick start_ = 0;
  size_t hint_ = 0;
};

// A transaction is if it is called so, or one of its bodies is.  Of one that nobody was given the
// bodies are not known.
bool IsListed(const std::vector<int32_t>& types, const Record& record) {
  const auto lists = [&types](int32_t type) {
    return std::find(types.begin(), types.end(), type) != types.end();
  };
  if (RoleOf(record.content) != Role::kCommit) return lists(record.content.type);
  return lists(kTransactionType) ||
         std::any_of(record.members.begin(), record.members.end(), [&lists](const Record& member) {
           return RoleOf(member.content) == Role::kBody && lists(member.content.type);
         });
}

}  // namespace

bool PassesFilters(const ScanOpen& options, const Record& record) {
  if (record.tick <= options.after_tick) return false;
  const Submission& content = record.content;
  if (content.type == kTimeTickType) return options.deliver_ticks;
  if (options.vchannel != 0 && content.vchannel != 0 && content.vchannel != options.vchannel) {
    return false;
  }
  return options.types.empty() || IsListed(options.types, record);
}

void ForEachSkipped(const Facts& facts, const Scan& scan,
                    absl::FunctionRef<void(const Entry& entry)> visit) {
  if (scan.opened == kNever || scan.is_final) return;
  Range range(facts, scan);
  const size_t end = facts.RankAbove(range.past());
  for (size_t rank = facts.RankAbove(range.start()); rank < end; ++rank) {
    const Entry& entry = facts.at_tick_rank(rank);
    if (range.Delivered(entry.record->id)) continue;
    if (range.IsBehind(*entry.record) && range.IsWanted(entry)) visit(entry);
  }
}

void ForEachUnreached(const Facts& facts, const Scan& scan, Tick through,
                      absl::FunctionRef<void(const Entry& entry)> visit) {
  if (scan.opened == kNever || scan.is_final) return;
  Range range(facts, scan);
  const size_t end = facts.RankAbove(through);
  for (size_t rank = facts.RankAbove(range.start()); rank < end; ++rank) {
    const Entry& entry = facts.at_tick_rank(rank);
    if (range.Delivered(entry.record->id) || range.IsBehind(*entry.record)) continue;
    if (range.IsWanted(entry)) visit(entry);
  }
}

}  // namespace tidelog::sim::check
