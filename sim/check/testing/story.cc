#include "sim/check/testing/story.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"

namespace tidelog::sim::check {
namespace {

constexpr int32_t kMessageType = 2;

// Not that of the checkers.
bool Passes(const ScanOpen& options, const Record& record) {
  if (record.tick <= options.after_tick) return false;
  if (record.content.type == kTimeTickType) return options.deliver_ticks;
  const int32_t of = record.content.vchannel;
  if (options.vchannel != 0 && of != 0 && of != options.vchannel) return false;
  return options.types.empty() || options.types[0] == record.content.type;
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

Submission Story::MessageNumber(int32_t message) {
  Submission submission;
  submission.payload = {1, message, static_cast<uint64_t>(message) * 7};
  submission.type = kMessageType;
  return submission;
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
  const Id last_confirmed = confirmed == confirmed_.end() ? id : confirmed->second;
  log.push_back({id, id * 10, terms_[handle], last_confirmed, content});
}

Story& Story::Land(int32_t message) {
  Store(handle_of_op_.at(OpOf(message)), MessageNumber(message));
  return *this;
}

Story& Story::Done(int32_t message) {
  const int32_t op = OpOf(message);
  AppendReturn yield;
  for (const int32_t of_batch : messages_of_op_[op]) {
    const Record& record = InLog(of_batch);
    yield.done.push_back({record.id, record.tick, record.last_confirmed});
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
    if (Passes(reading.options, record)) batch.records.push_back(record);
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
  return Add(handle, op, MvccInvoke{vchannel}).Add(handle, op, MvccReturn{.tick = log.back().tick});
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
