#include "sim/check/testing/model_log.h"

#include <algorithm>
#include <utility>

#include "sim/check/code.h"

namespace tidelog::sim::check {
namespace {

constexpr int32_t kHandleMax = 60;

}  // namespace

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* kNames[kStepKinds] = {
      "Call",  "Land",   "Answer",   "GiveUp",    "Refuse",   "StoreTick", "TakeOver",
      "Crash", "Reopen", "Scan",     "Read",      "Truncate", "Ask",       "Begin",
      "Body",  "Commit", "Rollback", "Exclusive", "JoinLate"};
  return out << kNames[static_cast<int>(step.kind)] << "(" << step.amount << ")";
}

void ModelLog::Do(const Step& step) {
  switch (step.kind) {
    case Step::Kind::kCall:
      return Call(step.amount);
    case Step::Kind::kLand:
      return LandOldest();
    case Step::Kind::kAnswer:
      return Answer(step.amount);
    case Step::Kind::kGiveUp:
      return GiveUp(step.amount);
    case Step::Kind::kRefuse:
      return Refuse();
    case Step::Kind::kStoreTick:
      story_.StoreTick(handle_);
      return;
    case Step::Kind::kTakeOver:
      return Fence(step.amount, /*crash=*/false);
    case Step::Kind::kCrash:
      return Fence(step.amount, /*crash=*/true);
    case Step::Kind::kReopen:
      return Reopen();
    case Step::Kind::kScan:
      return Scan(step.amount);
    case Step::Kind::kRead:
      if (!readings_.empty()) Read(step.amount % readings_.size(), 1 + step.amount % 3);
      return;
    case Step::Kind::kTruncate:
      return Truncate(step.amount);
    case Step::Kind::kAsk:
      story_.Info(handle_).Mvcc(handle_);
      return;
    case Step::Kind::kBegin:
      return Begin();
    case Step::Kind::kBody:
      return Body(step.amount);
    case Step::Kind::kCommit:
      return End(step.amount, /*commit=*/true);
    case Step::Kind::kRollback:
      return End(step.amount, /*commit=*/false);
    case Step::Kind::kExclusive:
      return EndAll();
    case Step::Kind::kJoinLate:
      return JoinLate(step.amount);
  }
}

void ModelLog::Open() {
  ++term_;
  ++handle_;
  story_.Writer(handle_, term_);
}

void ModelLog::Begin() {
  const int32_t message = next_message_++;
  story_.Begin(handle_, message);
  transactions_.push_back({message});
}

ModelLog::Transaction* ModelLog::PickTransaction(uint64_t amount, bool ended) {
  std::vector<Transaction*> found;
  for (Transaction& transaction : transactions_) {
    if (transaction.ended == ended) found.push_back(&transaction);
  }
  return found.empty() ? nullptr : found[amount % found.size()];
}

// Nothing ends a transaction before they have landed.
bool ModelLog::BodiesAreInFlight() const {
  return std::any_of(appends_.begin(), appends_.end(), [](const Append& append) {
    return append.is_body && !append.landed && !append.answered;
  });
}

int32_t ModelLog::BodiesInLog(const Transaction& transaction) {
  const Tick id = story_.InLog(transaction.begin).tick;
  return static_cast<int32_t>(
      std::count_if(story_.log.begin(), story_.log.end(), [id](const Record& record) {
        return RoleOf(record.content) == Role::kBody && record.content.txn == id;
      }));
}

void ModelLog::Body(uint64_t amount) {
  const Transaction* transaction = PickTransaction(amount, /*ended=*/false);
  if (transaction == nullptr) return;
  Append append;
  append.handle = handle_;
  append.is_body = true;
  append.messages = {next_message_++};
  story_.IsBody(append.messages[0], transaction->begin).Call(handle_, append.messages[0]);
  appends_.push_back(std::move(append));
}

void ModelLog::End(uint64_t amount, bool commit) {
  Transaction* transaction = PickTransaction(amount, /*ended=*/false);
  if (transaction == nullptr || BodiesAreInFlight()) return;
  const int32_t message = next_message_++;
  transaction->ended = true;
  if (!commit) {
    story_.Rollback(handle_, message, transaction->begin);
    return;
  }
  story_.IsCommit(message, transaction->begin, BodiesInLog(*transaction));
  story_.Call(handle_, message, kMillisecond).Land(message);
  if (amount % 3 == 0) {
    story_.Fail(message, Code::kOutcomeUnknown);
  } else {
    story_.Done(message);
  }
}

void ModelLog::EndAll() {
  if (BodiesAreInFlight()) return;
  story_.Exclusive(handle_, next_message_++);
  for (Transaction& transaction : transactions_) transaction.ended = true;
}

void ModelLog::JoinLate(uint64_t amount) {
  const Transaction* transaction = PickTransaction(amount, /*ended=*/true);
  if (transaction == nullptr) return;
  const int32_t message = next_message_++;
  story_.IsBody(message, transaction->begin).Call(handle_, message);
  story_.Fail(message, Code::kTransactionExpired);
}

void ModelLog::Call(uint64_t amount) {
  Append append;
  append.handle = handle_;
  append.has_deadline = amount % 3 == 1;
  const int32_t first = next_message_++;
  if (amount % 4 == 0) {
    const int32_t second = next_message_++;
    append.messages = {first, second};
    story_.CallBatch(handle_, {first, second});
  } else {
    append.messages = {first};
    story_.Call(handle_, first);
  }
  if (append.has_deadline) story_.Last<AppendInvoke>().timeout = kMillisecond;
  appends_.push_back(std::move(append));
}

std::vector<ModelLog::Append*> ModelLog::Where(bool landed, bool answered) {
  std::vector<Append*> found;
  for (Append& append : appends_) {
    if (append.landed == landed && append.answered == answered) found.push_back(&append);
  }
  return found;
}

void ModelLog::LandOldest() {
  const auto oldest = std::find_if(appends_.begin(), appends_.end(), [this](const Append& append) {
    return !append.landed && append.handle == handle_;
  });
  if (oldest != appends_.end()) Land(&*oldest);
}

void ModelLog::Land(Append* append) {
  for (const int32_t message : append->messages) story_.Land(message);
  append->landed = true;
}

void ModelLog::Answer(uint64_t amount) {
  const std::vector<Append*> landed = Where(/*landed=*/true, /*answered=*/false);
  if (!landed.empty()) Acknowledge(landed[amount % landed.size()]);
}

void ModelLog::Acknowledge(Append* append) {
  story_.Done(append->messages[0]);
  append->answered = true;
}

void ModelLog::GiveUp(uint64_t amount) {
  std::vector<Append*> waiting = Where(/*landed=*/amount % 2 == 0, /*answered=*/false);
  std::erase_if(waiting, [](const Append* append) { return !append->has_deadline; });
  if (waiting.empty()) return;
  Append* append = waiting[amount % waiting.size()];
  story_.Fail(append->messages[0], Code::kOutcomeUnknown);
  append->answered = true;
}

void ModelLog::Refuse() {
  if (appends_.empty() || appends_.back().landed || appends_.back().answered) return;
  story_.Fail(appends_.back().messages[0], Code::kUnavailable);
  appends_.pop_back();
}

void ModelLog::Fence(uint64_t amount, bool crash) {
  if (handle_ == kHandleMax) return;
  if (crash) {
    story_.Add(handle_, 0, ProcessCrash{});
    std::erase_if(readings_, [this](const Reading& r) { return r.handle == handle_; });
  }
  for (uint64_t i = 0; i < amount % 3; ++i) LandOldest();
  const int32_t old = handle_;
  Open();
  for (Append& append : appends_) {
    if (append.handle != old || append.answered) continue;
    if (!crash && !append.landed) story_.Fail(append.messages[0], Code::kOutcomeUnknown);
    if (crash || !append.landed) append.answered = true;
  }
  std::erase_if(appends_, [](const Append& append) { return append.answered; });
}

void ModelLog::Reopen() {
  if (handle_ == kHandleMax) return;
  while (!Where(/*landed=*/false, /*answered=*/false).empty()) LandOldest();
  for (Append* append : Where(/*landed=*/true, /*answered=*/false)) Acknowledge(append);
  appends_.clear();
  story_.Close(handle_);
  std::erase_if(readings_, [this](const Reading& r) { return r.handle == handle_; });
  ++handle_;
  story_.Writer(handle_, term_);
}

void ModelLog::Scan(uint64_t amount) {
  const Record& record = story_.log[amount % story_.log.size()];
  ScanOpen options;
  options.start = static_cast<Start>(amount % 4);
  options.position = {record.last_confirmed, record.tick};
  options.deliver_ticks = amount % 3 == 0;
  if (amount % 5 == 0) options.types = {2};
  Reading reading{next_scan_++, handle_};
  if (options.start == Start::kEarliest) reading.past = mark_;
  if (options.start == Start::kLatest) reading.past = story_.log.back().tick;
  if (options.start == Start::kFrom) reading.past = record.tick - 1;
  if (options.start == Start::kAfter) reading.past = record.tick;
  if (reading.past < mark_) return;  // It would be told that this is gone.
  story_.Scan(handle_, reading.scan, options);
  readings_.push_back(reading);
}

void ModelLog::Read(size_t index, size_t count) {
  Reading& reading = readings_[index];
  if (reading.past < mark_) {
    story_.ScanFails(reading.scan, Code::kPositionGone);
    readings_.erase(readings_.begin() + static_cast<ptrdiff_t>(index));
    return;
  }
  story_.Read(reading.scan, count);
  const ScanBatch& batch = story_.Last<ScanBatch>();
  if (batch.resume) reading.past = batch.resume->tick;
}

void ModelLog::Truncate(uint64_t amount) {
  const Tick through = story_.log[amount % story_.log.size()].tick;
  if (through <= mark_) return;
  story_.Truncate(handle_, through);
  mark_ = through;
}

void ModelLog::Finish() {
  while (std::any_of(appends_.begin(), appends_.end(),
                     [this](const Append& a) { return !a.landed && a.handle == handle_; })) {
    LandOldest();
  }
  for (Append* append : Where(/*landed=*/true, /*answered=*/false)) Acknowledge(append);
  story_.StoreTick(handle_);
  for (size_t i = readings_.size(); i > 0; --i) Read(i - 1, SIZE_MAX);
  story_.Final().SecondFinal().Quiesce();
}

}  // namespace tidelog::sim::check
