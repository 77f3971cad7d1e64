// A transaction's state is a function of what is stored (E6).  What readers were given of one tells
// all of it; of one that nobody was given the acknowledgements tell a part: what is not known to be
// wrong passes.
#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/record_checkers.h"
#include "sim/check/report.h"
#include "sim/check/transaction_facts.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"torn-transaction", "E1"},     {"bare-member", "E1"},      {"wrong-member-tick", "E1"},
    {"wrong-transaction-id", "E1"}, {"lost-commit", "E1"},      {"rolled-back-read", "E1"},
    {"expired-read", "E2"},         {"wrong-count", "E3"},      {"miscounted-commit", "E3"},
    {"interrupted-read", "E5"},     {"joined-after-end", "E6"},
};

// What some reader was given as one message.
class Whole {
 public:
  Whole(const Facts& facts, const TransactionFacts& transactions, const Entry& entry,
        Report* report)
      : facts_(facts), transactions_(transactions), entry_(entry), report_(report) {}

  void Check() {
    const std::string torn = FindTear();
    if (!torn.empty()) {
      Add("torn-transaction", torn);
      return;
    }
    CheckCount();
    CheckTicks();
    CheckLease();
    CheckEnds();
  }

 private:
  const Record& record() const { return *entry_.record; }
  const Record& begin() const { return record().members.front(); }
  Tick id() const { return begin().stored_tick; }

  void Add(std::string_view anomaly, std::string_view what, int other = kNever) {
    report_->Add(anomaly, absl::StrCat("transaction ", id(), ", record ", record().id, ": ", what),
                 {other, entry_.seen});
  }

  bool Has(Id id) const {
    return std::any_of(record().members.begin(), record().members.end(),
                       [id](const Record& member) { return member.id == id; });
  }

  // Empty: it is a begin, bodies and a commit of one transaction, and none that was acknowledged is
  // missing.
  std::string FindTear() const {
    if (RoleOf(begin().content) != Role::kBegin) return "it does not begin with its begin";
    if (record().members.back().id != record().id || record().content.type != kCommitType) {
      return "it does not end with its commit";
    }
    const Record* before = nullptr;
    for (const Record& member : record().members) {
      const bool is_inside = before != nullptr && &member != &record().members.back();
      if (before != nullptr && before->id >= member.id) return "its members are out of order";
      if (before != nullptr && member.content.txn != id()) return "a member is of another";
      if (member.content.vchannel != begin().content.vchannel) return "a member has strayed";
      if (is_inside && RoleOf(member.content) != Role::kBody) return "a member is no body";
      before = &member;
    }
    const Transaction* transaction = transactions_.Find(id());
    if (transaction == nullptr) return "";
    for (const Message* message : transaction->members) {
      const bool is_body = RoleOf(*message->content) == Role::kBody;
      if (!is_body || message->ack == nullptr || message->ack->id > record().id) continue;
      if (!Has(message->ack->id)) return absl::StrCat("record ", message->ack->id, " is not in it");
    }
    return "";
  }

  void CheckCount() {
    const auto bodies = static_cast<int32_t>(record().members.size()) - 2;
    if (bodies == record().content.bodies) return;
    Add("wrong-count", absl::StrCat("it has ", bodies, " bodies, and was committed with ",
                                    record().content.bodies));
  }

  void CheckTicks() {
    for (const Record& member : record().members) {
      if (member.tick == record().tick) continue;
      Add("wrong-member-tick", absl::StrCat("its member ", member.id, " is told to have tick ",
                                            member.tick, " and not ", record().tick));
    }
  }

  // A TimeTick that ended it would lie below the next member's tick.
  void CheckLease() {
    const Tick lease = TicksOf(begin().lease);
    const Record* before = nullptr;
    for (const Record& member : record().members) {
      if (before != nullptr && member.stored_tick >= before->stored_tick + lease) {
        Add("expired-read", absl::StrCat("its member ", member.id, " has tick ", member.stored_tick,
                                         ", a lease of ", lease, " behind ", before->stored_tick));
        return;
      }
      before = &member;
    }
  }

  void CheckEnds() {
    const auto& log = facts_.log();
    auto entry = std::upper_bound(log.begin(), log.end(), begin().id,
                                  [](Id id, const Entry& e) { return id < e.record->id; });
    for (; entry != log.end() && entry->record->id < record().id; ++entry) {
      const Submission& content = entry->record->content;
      if (content.type == kRollbackType && content.txn == id()) {
        Add("rolled-back-read", absl::StrCat("record ", entry->record->id, " had rolled it back"),
            EventOf(*entry));
      }
      if (IsExclusive(content.type) && IsInScope(content.vchannel, begin().content.vchannel)) {
        Add("interrupted-read",
            absl::StrCat("record ", entry->record->id, ", which is exclusive, had ended it"),
            EventOf(*entry));
      }
    }
  }

  int EventOf(const Entry& entry) const {
    const Message* message = facts_.MessageOf(entry);
    return message != nullptr && message->ack != nullptr ? message->end : entry.seen;
  }

  const Facts& facts_;
  const TransactionFacts& transactions_;
  const Entry& entry_;
  Report* report_;
};

// What its clients were told of a transaction.
class Told {
 public:
  Told(const Facts& facts, const TransactionFacts& transactions, const Transaction& transaction,
       Report* report)
      : facts_(facts), transactions_(transactions), transaction_(transaction), report_(report) {}

  void Check() {
    for (const Message* message : transaction_.members) {
      if (message->ack == nullptr) continue;
      if (JoinsAfterEnd(*message)) {
        Add("joined-after-end", *message, " was acknowledged behind its end");
      } else if (RoleOf(*message->content) == Role::kCommit) {
        CheckCommit(*message);
      }
    }
  }

 private:
  void Add(std::string_view anomaly, const Message& message, std::string_view what) {
    report_->Add(anomaly,
                 absl::StrCat("transaction ", transaction_.id, ": record ", message.ack->id, what),
                 {transaction_.begin->end, message.invoke, message.end});
  }

  bool JoinsAfterEnd(const Message& message) const {
    const Id id = message.ack->id;
    for (const Message* other : transaction_.members) {
      const Role role = RoleOf(*other->content);
      const bool ends = role == Role::kCommit || role == Role::kRollback;
      if (ends && other != &message && other->ack != nullptr && other->ack->id < id) return true;
    }
    for (const Message* other : transactions_.exclusives()) {
      const bool ends = IsInScope(other->content->vchannel, transaction_.vchannel());
      if (ends && other->ack != nullptr && other->ack->id > transaction_.begin->ack->id &&
          other->ack->id < id) {
        return true;
      }
    }
    return id < transaction_.begin->ack->id || IsExpiredAt(message.ack->tick);
  }

  // What is not known to be stored may have renewed the lease.
  bool IsExpiredAt(Tick tick) const {
    Tick newest = transaction_.id;
    for (const Message* message : transaction_.members) {
      if (RoleOf(*message->content) != Role::kBody) continue;
      if (message->outcome == Outcome::kUnknown) return false;
      if (message->ack != nullptr && message->ack->tick < tick) {
        newest = std::max(newest, message->ack->tick);
      }
    }
    return tick >= newest + TicksOf(transaction_.lease);
  }

  void CheckCommit(const Message& message) {
    const TransactionFacts::Count count =
        transactions_.BodiesOf(transaction_, message.invoke, message.end);
    const int32_t told = message.content->bodies;
    if (told < count.least || told > count.most) {
      Add("miscounted-commit", message,
          absl::StrCat(" commits ", told, " bodies, where ", count.least, " to ", count.most,
                       " are stored"));
      return;
    }
    const Entry* entry = facts_.FindId(message.ack->id);
    const bool is_read = entry == nullptr || entry->finals == facts_.final_count();
    if (is_read || !facts_.EndCovers(message.ack->tick) || facts_.MayBeCut(*entry->record)) return;
    Add("lost-commit", message, " was acknowledged, and what it commits is not there in the end");
  }

  const Facts& facts_;
  const TransactionFacts& transactions_;
  const Transaction& transaction_;
  Report* report_;
};

void CheckBare(const Facts& facts, Report* report) {
  for (const Scan& scan : facts.scans()) {
    for (const int event : scan.batches) {
      for (const Record& record : facts.as<ScanBatch>(event).records) {
        if (RoleOf(record.content) == Role::kNone || !record.members.empty()) continue;
        report->Add("bare-member",
                    absl::StrCat("scan ", scan.op, " is given record ", record.id,
                                 " of a transaction by itself"),
                    {scan.invoke, event});
      }
    }
  }
}

// Of what no begin is known of nobody knows that it began.
void CheckMembers(const Facts& facts, const TransactionFacts& transactions, Report* report) {
  for (const Message& message : facts.messages()) {
    if (message.ack == nullptr) continue;
    const Submission& content = *message.content;
    if (content.type == kBeginType && message.ack->txn != message.ack->tick) {
      report->Add("wrong-transaction-id",
                  absl::StrCat("a transaction that began at tick ", message.ack->tick,
                               " is told to have the id ", message.ack->txn),
                  {message.invoke, message.end});
    }
    if (content.txn == 0 || transactions.Find(content.txn) != nullptr) continue;
    report->Add("joined-after-end",
                absl::StrCat("record ", message.ack->id, " was acknowledged in transaction ",
                             content.txn, ", which never began"),
                {message.invoke, message.end});
  }
}

void Check(const Facts& facts, Report* report) {
  CheckBare(facts, report);
  const TransactionFacts transactions(facts);
  CheckMembers(facts, transactions, report);
  for (const Entry& entry : facts.log()) {
    if (!entry.record->members.empty()) Whole(facts, transactions, entry, report).Check();
  }
  for (const auto& [id, transaction] : transactions.all()) {
    Told(facts, transactions, transaction, report).Check();
  }
}

}  // namespace

Checker TransactionChecker() { return {"transactions", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
