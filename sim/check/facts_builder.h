// FactsBuilder: sorts a history out for Facts.  Used by facts.cc alone.
#ifndef TIDELOG_SIM_CHECK_FACTS_BUILDER_H_
#define TIDELOG_SIM_CHECK_FACTS_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/check/events.h"
#include "sim/check/facts.h"
#include "sim/check/record.h"

namespace tidelog::sim::check {

// Lives as long as one Build().
class FactsBuilder {
 public:
  explicit FactsBuilder(Facts* facts) : facts_(*facts) {}

  void Build();

 private:
  struct Sight {  // A record in a batch.
    const Record* record;
    int event;
    int scan;
  };

  Call& CallOf(const Event& event);
  Handle& HandleOf(int32_t number);
  Scan* ScanOf(const Event& event);
  void Begin(const Event& event, Call::Kind kind);
  void End(const Event& event, Code code);
  void RaiseMark(Facts::Marks* marks, int event, Tick tick);

  // One for each kind of event; `event` has the rest of it.
  void On(const OpenInvoke& open, const Event& event);
  void On(const OpenReturn& yield, const Event& event);
  void On(const CloseInvoke& close, const Event& event);
  void On(const CloseReturn& yield, const Event& event);
  void On(const Unavailable& reason, const Event& event);
  void On(const AppendInvoke& append, const Event& event);
  void On(const AppendReturn& yield, const Event& event);
  void On(const ScanOpen& scan, const Event& event);
  void On(const ScanOpened& yield, const Event& event);
  void On(const ScanBatch& batch, const Event& event);
  void On(const ScanError& error, const Event& event);
  void On(const ScanClose& close, const Event& event);
  void On(const TruncateInvoke& truncate, const Event& event);
  void On(const TruncateReturn& yield, const Event& event);
  void On(const InfoInvoke& info, const Event& event);
  void On(const InfoReturn& yield, const Event& event);
  void On(const MvccInvoke& mvcc, const Event& event);
  void On(const MvccReturn& yield, const Event& event);
  void On(const ProcessStart&, const Event&) {}
  void On(const ProcessCrash& crash, const Event& event);
  void On(const Pause& pause, const Event& event);
  void On(const Resume& resume, const Event& event);
  void On(const MachineCrash& crash, const Event& event);
  void On(const Retention& retention, const Event& event);
  void On(const Observed&, const Event&) {}
  void On(const Phase&, const Event&) {}

  void FinishMarks();
  void FinishMessages();
  void NoteOutcome(const Event& end, Message* message);
  void NoteFinals();
  // The log is what the first final scan read, and what others read besides.
  void BuildLog();
  void SeeAll(const Scan& scan, int index);
  void SeeMembers(const Sight& transaction);
  void See(const Sight& sight, size_t* hint);
  void AddUnmatched();
  void NoteSight(Entry* entry, const Sight& sight);
  void NameMessages();
  void AddAcknowledged();
  void SortByTick();

  Facts& facts_;
  int now_ = 0;                  // The index of the event.
  std::vector<int> scan_of_op_;  // By operation; -1: it is none.
  std::vector<int> truncates_;   // Events of truncations.
  std::vector<Sight> unmatched_;
  std::vector<int> last_final_;   // By entry: the last final scan that was counted.
  std::vector<int> first_entry_;  // By message; -1: nobody read it.
  size_t base_size_ = 0;
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_FACTS_BUILDER_H_
