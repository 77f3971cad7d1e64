#include "sim/check/testing/story.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"

namespace tidelog::sim::check {
namespace {

constexpr int32_t kMessageType = 2;
constexpr int32_t kExclusiveType = 6;

// Not that of the checkers.
bool Passes(const ScanOpen& options, const Record& record) {
  if (record.tick <= options.after_tick) return false;
  if (record.content.type == kTimeTickType) return options.deliver_ticks;
  const int32_t of = record.content.vchannel;
  if (options.vchannel != 0 && of != 0 && of != options.vchannel) return false;
  if (options.types.empty()) return true;
  const bool has_such_body =
      record.members.size() > 2 && record.members[1].content.type == options.types[0];
  const bool is_transaction = !record.members.empty();
  return options.types[0] == (is_transaction ? kTransactionType : record.content.type) ||
         has_such_body;
}

bool Concerns(const Submission& exclusive, int32_t vchannel) {
  return IsExclusive(exclusive.type) &&
         (exclusive.vchannel == 0 || vchannel == 0 || exclusive.vchannel == vchannel);
}

}  // namespace

Story& Story::Pass(Nanos time) {
  now_ += time;
  return *this;
}

Story& Story::Add(int32_t handle, int32_t op, What what) {
  now_ += kMillisecond;
  if (op == 0) op = NewOp();
  history.events.push_back({now_, handle, handle, op, std::move(what)});
  return *this;
}

Story& Story::Writer(int32_t handle, Term term) {
  return OpenCall(handle, term).OpenYields(handle, term);
}

Story& Story::OpenCall(int32_t handle, Term term) {
  open_ops_[handle] = NewOp();
  return Add(handle, open_ops_[handle], OpenInvoke{term});
}

Story& Story::OpenYields(int32_t handle, Term term) {
  terms_[handle] = term;
  OpenReturn yield;
  yield.boundary = log.empty() ? kNoId : log.back().id;
  Submission tick;
  tick.type = kTimeTickType;
  Store(handle, tick);
  confirmed_[handle] = log.back().id;
  yield.first_tick = log.back().tick;
  return Add(handle, open_ops_[handle], yield);
}

Story& Story::OpenFails(int32_t handle, Code code) {
  return Add(handle, open_ops_[handle], OpenReturn{.code = code});
}

Story& Story::Reader(int32_t handle) {
  const int32_t op = NewOp();
  Add(handle, op, OpenInvoke{.read_only = true});
  return Add(handle, op, OpenReturn{});
}

Story& Story::Close(int32_t handle) {
  const int32_t op = NewOp();
  return Add(handle, op, CloseInvoke{}).Add(handle, op, CloseReturn{});
}

Submission Story::MessageNumber(int32_t message) const {
  const auto found = contents_.find(message);
  Submission submission;
  submission.type = kMessageType;
  if (found != contents_.end()) submission = found->second;
  submission.payload = {1, message, static_cast<uint64_t>(message) * 7};
  return submission;
}

Story& Story::Is(int32_t message, const Submission& content) {
  contents_[message] = content;
  return *this;
}

Story& Story::IsBegin(int32_t message, Nanos lease) {
  leases_[message] = lease;
  return Is(message, {.payload = {}, .type = kBeginType});
}

Story& Story::IsBody(int32_t message, int32_t begin) {
  return Is(message, {.payload = {}, .type = kMessageType, .txn = InLog(begin).tick});
}

Story& Story::IsCommit(int32_t message, int32_t begin, int32_t bodies) {
  return Is(message,
            {.payload = {}, .type = kCommitType, .txn = InLog(begin).tick, .bodies = bodies});
}

Story& Story::IsRollback(int32_t message, int32_t begin) {
  return Is(message, {.payload = {}, .type = kRollbackType, .txn = InLog(begin).tick});
}

Story& Story::IsKeyed(int32_t message, int32_t key, int32_t vchannel) {
  return Is(message, {.payload = {}, .type = kMessageType, .vchannel = vchannel, .key = key});
}

Story& Story::IsExclusive(int32_t message, int32_t vchannel) {
  return Is(message, {.payload = {}, .type = kExclusiveType, .vchannel = vchannel});
}

Story& Story::Call(int32_t handle, int32_t message, Nanos timeout) {
  CallBatch(handle, {message});
  Last<AppendInvoke>().timeout = timeout;
  return *this;
}

Story& Story::CallBatch(int32_t handle, std::initializer_list<int32_t> messages) {
  const int32_t op = NewOp();
  handle_of_op_[op] = handle;
  AppendInvoke append;
  for (const int32_t message : messages) {
    append.messages.push_back(MessageNumber(message));
    op_of_message_[message] = op;
    messages_of_op_[op].push_back(message);
  }
  return Add(handle, op, std::move(append));
}

void Story::Store(int32_t handle, const Submission& content) {
  const Id id = next_id_++;
  const auto confirmed = confirmed_.find(handle);
  Id last_confirmed = confirmed == confirmed_.end() ? id : confirmed->second;
  for (const auto& [tick, open] : open_) last_confirmed = std::min(last_confirmed, open.begin);
  log.push_back({id, id * 10, terms_[handle], last_confirmed, content});
  if (content.type == kBeginType) {
    log.back().lease = leases_[content.payload.number];
    open_[log.back().tick] = {id, content.vchannel};
  }
  if (content.type == kCommitType || content.type == kRollbackType) open_.erase(content.txn);
  absl::erase_if(open_,
                 [&content](const auto& open) { return Concerns(content, open.second.vchannel); });
}

bool Story::IsOpenAt(const Record& begin, const Record& commit) const {
  Tick expiry = UINT64_MAX;
  const auto renew = [&begin, &expiry](Tick tick) {
    if (begin.lease != kForever) expiry = tick + (static_cast<Tick>(begin.lease / 1000000) << 18);
  };
  renew(begin.tick);
  for (const Record& record : log) {
    if (record.id <= begin.id || record.id > commit.id) continue;
    if (record.tick >= expiry || Concerns(record.content, begin.content.vchannel)) return false;
    if (record.content.txn != begin.tick) continue;
    if (record.content.type == kRollbackType) return false;
    renew(record.tick);
  }
  return true;
}

std::optional<Record> Story::AsRead(const Record& record) const {
  if (RoleOf(record.content) == Role::kNone) return record;
  if (record.content.type != kCommitType) return std::nullopt;
  Record whole = record;
  for (const Record& other : log) {
    const bool is_begin = other.content.type == kBeginType && other.tick == record.content.txn;
    if (is_begin && !IsOpenAt(other, record)) return std::nullopt;
    const bool is_member = other.content.txn == record.content.txn && other.id <= record.id;
    if (!is_begin && !is_member) continue;
    Record& member = whole.members.emplace_back(other);
    member.tick = record.tick;
    member.stored_tick = other.tick;
  }
  const bool is_counted = static_cast<int32_t>(whole.members.size()) - 2 == record.content.bodies;
  if (!is_counted || whole.members.front().content.type != kBeginType) return std::nullopt;
  return whole;
}

Story& Story::Land(int32_t message) {
  Store(handle_of_op_.at(OpOf(message)), MessageNumber(message));
  return *this;
}

Story& Story::Repeats(int32_t message, int32_t first) {
  const int32_t op = OpOf(message);
  const Record& record = InLog(first);
  AppendReturn yield;
  yield.done.push_back({record.id, record.tick, record.last_confirmed, 0, 0, true});
  return Add(handle_of_op_[op], op, std::move(yield));
}

Story& Story::Done(int32_t message) {
  const int32_t op = OpOf(message);
  AppendReturn yield;
  for (const int32_t of_batch : messages_of_op_[op]) {
    const Record& record = InLog(of_batch);
    const bool begins = record.content.type == kBeginType;
    yield.done.push_back({record.id, record.tick, record.last_confirmed,
                          begins ? record.tick : Tick{0}, record.lease});
    Id& confirmed = confirmed_[handle_of_op_[op]];
    confirmed = std::max(confirmed, record.id);
  }
  return Add(handle_of_op_[op], op, std::move(yield));
}

Story& Story::Fail(int32_t message, Code code) {
  const int32_t op = OpOf(message);
  AppendReturn yield;
  yield.code = code;
  if (LeavesUnknown(code)) yield.unknown = static_cast<int32_t>(messages_of_op_[op].size());
  return Add(handle_of_op_[op], op, std::move(yield));
}

Story& Story::StoreTick(int32_t handle) {
  Submission tick;
  tick.type = kTimeTickType;
  Store(handle, tick);
  confirmed_[handle] = log.back().id;
  return *this;
}

Story& Story::Scan(int32_t handle, int32_t scan, ScanOpen options) {
  Reading reading{handle, options};
  const Tick newest = log.empty() ? 0 : log.back().tick;
  if (options.start == Start::kFrom) reading.past = options.position.tick - 1;
  if (options.start == Start::kAfter) reading.past = options.position.tick;
  if (options.start == Start::kLatest) reading.past = newest;
  if (options.start == Start::kEarliest) reading.past = mark_;
  if (options.end == ScanOpen::End::kTailAtOpen) reading.until = newest;
  if (options.end == ScanOpen::End::kPosition) reading.until = options.until;
  readings_[scan] = reading;
  return Add(handle, scan, std::move(options)).Add(handle, scan, ScanOpened{});
}

Story& Story::Read(int32_t scan, size_t count) {
  Reading& reading = readings_.at(scan);
  ScanBatch batch;
  for (const Record& record : log) {
    if (record.tick <= reading.past || batch.records.size() == count) continue;
    if (reading.until != 0 && record.tick > reading.until) break;
    reading.past = record.tick;
    if (record.content.type == kTimeTickType) reading.stored = record.tick;
    reading.resume = Position{record.last_confirmed, record.tick};
    std::optional<Record> read = AsRead(record);
    if (read && Passes(reading.options, *read)) batch.records.push_back(*std::move(read));
  }
  batch.end = reading.until != 0 && reading.past >= reading.until;
  batch.resume = reading.resume;
  batch.complete_through = reading.stored;
  batch.complete_is_stored = true;
  return Add(reading.handle, scan, std::move(batch));
}

Story& Story::ScanFails(int32_t scan, Code code) {
  return Add(readings_.at(scan).handle, scan, ScanError{code});
}

Story& Story::Truncate(int32_t handle, Tick through) {
  const int32_t op = NewOp();
  Add(handle, op, TruncateInvoke{{kNoId, through}});
  StoreTick(handle);
  mark_ = through;
  return Add(handle, op, TruncateReturn{.mark = {kNoId, through}});
}

Story& Story::Info(int32_t handle) {
  const int32_t op = NewOp();
  Add(handle, op, InfoInvoke{});
  InfoReturn info;
  if (mark_ != 0) info.oldest = Position{kNoId, mark_};
  if (!log.empty()) info.tail = Position{log.back().last_confirmed, log.back().tick};
  return Add(handle, op, info);
}

Story& Story::Mvcc(int32_t handle, int32_t vchannel) {
  const int32_t op = NewOp();
  Tick newest = 0;  // Of what is committed.
  for (const Record& record : log) {
    const Role role = RoleOf(record.content);
    if (role == Role::kNone || role == Role::kCommit) newest = record.tick;
  }
  return Add(handle, op, MvccInvoke{vchannel}).Add(handle, op, MvccReturn{.tick = newest});
}

Story& Story::AddFinal(int32_t handle, int32_t scan) {
  ScanOpen options;
  options.end = ScanOpen::End::kTailAtOpen;
  options.deliver_ticks = true;
  Reader(handle).Scan(handle, scan, options).Read(scan);
  history.end.final_scans.push_back(scan);
  history.end.mark = mark_;
  return *this;
}

Story& Story::Final() { return AddFinal(90, 90); }
Story& Story::SecondFinal() { return AddFinal(91, 91); }

Story& Story::Quiesce() {
  history.end.quiesced = true;
  return *this;
}

Story& Story::Forget(int32_t message) {
  const auto is_it = [message](const Record& record) {
    return record.content.payload.number == message;
  };
  log.erase(std::remove_if(log.begin(), log.end(), is_it), log.end());
  return *this;
}

Record& Story::InLog(int32_t message) {
  const auto found = std::find_if(log.begin(), log.end(), [message](const Record& record) {
    return record.content.payload.number == message;
  });
  CHECK(found != log.end()) << "message " << message << " is not in the log";
  return *found;
}

Position Story::PositionOf(int32_t message) {
  const Record& record = InLog(message);
  return {record.last_confirmed, record.tick};
}

}  // namespace tidelog::sim::check
