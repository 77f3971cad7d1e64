#include "adaptor/log_opener.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "adaptor/async/detached.h"
#include "adaptor/async/entries.h"
#include "adaptor/async/ready_within.h"
#include "adaptor/log/readable_log.h"
#include "adaptor/log/wal_handle.h"
#include "adaptor/log/writable_log.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/quarantine.h"
#include "wal/async/signal.h"
#include "wal/status.h"

namespace tidelog::adaptor {

// Confined to its strand, but for the entries.
class LogOpener::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(std::shared_ptr<OpenerParts> parts)
      : parts_(std::move(parts)), strand_(parts_->environment.runtime->MakeExecutor("opener")) {}

  // Opens a log, and yields a handle to it.
  template <class Interface, class Handle, class Log>
  Detached Open(PChannel channel, Promise<absl::StatusOr<std::unique_ptr<Interface>>> reply);

  Future<absl::StatusOr<std::vector<std::string>>> Channels();
  Future<absl::Status> Close();

  bool closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  // One that is being opened, and how to tell its caller that it is too late.
  struct Opening {
    ReadableLog* log;
    absl::AnyInvocable<void()> refuse;
  };

  absl::Status ClosedError(std::string_view what) const {
    return WalError(WalErrorCode::kOnShutdown, absl::StrCat(what, ": the opener is closed"));
  }
  Future<Unit> StopOpenings();
  // Waits until nothing else is in flight, for the limit of a step.
  Future<bool> WaitUntilAlone();
  Future<Unit> CloseLogs();
  Future<Unit> CloseBackend();
  static Future<absl::Status> CloseBackends(std::shared_ptr<OpenerParts> parts);
  Detached Linger(Quarantine::Ticket ticket);
  void NoteHung(std::string_view what) { absl::StrAppend(&hung_, hung_.empty() ? "" : "; ", what); }

  const std::shared_ptr<OpenerParts> parts_;
  const std::unique_ptr<Executor> strand_;
  Entries entries_;
  std::vector<Opening*> openings_;
  std::vector<std::shared_ptr<ReadableLog>> logs_;
  std::optional<Future<absl::Status>> closing_;
  bool close_begun_ = false;
  std::string hung_;
  absl::Status close_status_;
  Signal close_done_;
  std::atomic<bool> closed_{false};
};

template <class Interface, class Handle, class Log>
Detached LogOpener::State::Open(PChannel channel,
                                Promise<absl::StatusOr<std::unique_ptr<Interface>>> reply) {
  const std::shared_ptr<State> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(strand_.get());
  if (close_begun_) {
    reply.Set(ClosedError(absl::StrCat("open ", ToString(channel))));
    co_return;
  }
  auto log = std::make_shared<Log>(parts_, std::move(channel));
  bool refused = false;
  Opening opening{log.get(), [this, &refused, &reply, &log] {
                    refused = true;
                    reply.Set(ClosedError(absl::StrCat("open ", ToString(log->channel()))));
                  }};
  openings_.push_back(&opening);
  absl::Status opened = co_await log->Open();
  std::erase(openings_, &opening);
  if (refused) {
    if (opened.ok()) (void)co_await log->Close();
    co_return;
  }
  if (!opened.ok()) {
    reply.Set(opened);
    co_return;
  }
  std::erase_if(logs_, [](const std::shared_ptr<ReadableLog>& l) { return l->closed(); });
  logs_.push_back(log);
  // If the future was dropped, the handle is destroyed unused, which closes the log.
  reply.Set(std::make_unique<Handle>(std::move(log)));
}

Future<absl::StatusOr<std::vector<std::string>>> LogOpener::State::Channels() {
  const std::shared_ptr<State> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(strand_.get());
  if (close_begun_) co_return ClosedError("list the channels");
  absl::StatusOr<std::vector<std::string>> channels = co_await parts_->backend->Channels();
  co_return channels;
}

Future<absl::Status> LogOpener::State::Close() {
  const std::shared_ptr<State> self = shared_from_this();
  co_await EnterExecutor(strand_.get());
  if (std::exchange(close_begun_, true)) {
    if (!closed()) co_await close_done_.Wait();
    co_return close_status_;
  }
  co_await StopOpenings();
  co_await CloseLogs();
  co_await CloseBackend();
  const bool alone = co_await WaitUntilAlone();
  if (!alone) NoteHung("opens in flight");
  if (!alone || closing_) {
    const std::string what = absl::StrCat("close of an opener: ", hung_);
    Linger(parts_->environment.runtime->quarantine().Admit(what, self));
  }
  if (!hung_.empty()) {
    close_status_ = WalError(WalErrorCode::kUnavailable,
                             absl::StrCat("close the opener: this took too long: ", hung_));
  }
  closed_.store(true, std::memory_order_release);
  close_done_.Close();
  co_return close_status_;
}

// Their callers are told at once.  A backend is closed when none of its logs is open, so opens get
// the time to come to their end; those that do not are ended by the backend's own close.
Future<Unit> LogOpener::State::StopOpenings() {
  std::vector<Future<Unit>> told;
  for (Opening* opening : openings_) {
    opening->refuse();
    told.push_back(opening->log->StopOpening());
  }
  for (Future<Unit>& future : told) co_await std::move(future);
  (void)co_await WaitUntilAlone();
  co_return Unit{};
}

Future<bool> LogOpener::State::WaitUntilAlone() {
  const absl::Duration end = strand_->Now() + parts_->options.close_step_limit;
  while (entries_.count() > 0) {
    Future<Unit> left = entries_.WhenLeft();
    const bool in_time = co_await ReadyWithin(&left, end - strand_->Now());
    if (!in_time) co_return false;
  }
  co_return true;
}

Future<Unit> LogOpener::State::CloseLogs() {
  std::vector<Future<absl::Status>> closed;
  for (const std::shared_ptr<ReadableLog>& log : logs_) closed.push_back(log->Close());
  for (Future<absl::Status>& future : closed) {
    absl::Status status = co_await std::move(future);
    if (!status.ok()) NoteHung(status.message());
  }
  logs_.clear();
  co_return Unit{};
}

Future<absl::Status> LogOpener::State::CloseBackends(std::shared_ptr<OpenerParts> parts) {
  Future<absl::Status> links = parts->links->Close();
  absl::Status closed = co_await parts->backend->Close();
  absl::Status links_closed = co_await std::move(links);
  closed.Update(links_closed);
  co_return closed;
}

Future<Unit> LogOpener::State::CloseBackend() {
  closing_.emplace(CloseBackends(parts_));
  const bool in_time = co_await ReadyWithin(&*closing_, parts_->options.close_step_limit);
  if (!in_time) {
    NoteHung("the backend's close");
    co_return Unit{};
  }
  const absl::Status closed = std::move(*closing_).Take();
  closing_.reset();
  if (!closed.ok()) NoteHung(closed.message());
  co_return Unit{};
}

Detached LogOpener::State::Linger(Quarantine::Ticket ticket) {
  const std::shared_ptr<State> self = shared_from_this();
  if (closing_) {
    (void)co_await std::move(*closing_);
    closing_.reset();
  }
  while (entries_.count() > 0) co_await entries_.WhenLeft();
  parts_->environment.runtime->quarantine().Release(ticket);
}

LogOpener::LogOpener(std::shared_ptr<OpenerParts> parts)
    : state_(std::make_shared<State>(std::move(parts))) {}

LogOpener::~LogOpener() {
  CHECK(state_->closed()) << "an opener was destroyed before it was closed";
}

Future<absl::StatusOr<std::unique_ptr<Wal>>> LogOpener::Open(PChannel channel) {
  const absl::Status valid = ValidateForWriting(channel);
  if (!valid.ok()) return MakeReadyFuture<absl::StatusOr<std::unique_ptr<Wal>>>(valid);
  Promise<absl::StatusOr<std::unique_ptr<Wal>>> reply("an open log");
  Future<absl::StatusOr<std::unique_ptr<Wal>>> future = reply.future();
  state_->Open<Wal, WalHandle, WritableLog>(std::move(channel), std::move(reply));
  return future;
}

Future<absl::StatusOr<std::unique_ptr<RoWal>>> LogOpener::OpenReadOnly(PChannel channel) {
  const absl::Status valid = ValidateChannelName(channel.name);
  if (!valid.ok()) return MakeReadyFuture<absl::StatusOr<std::unique_ptr<RoWal>>>(valid);
  Promise<absl::StatusOr<std::unique_ptr<RoWal>>> reply("a log open for reading");
  Future<absl::StatusOr<std::unique_ptr<RoWal>>> future = reply.future();
  state_->Open<RoWal, RoWalHandle, ReadableLog>(std::move(channel), std::move(reply));
  return future;
}

Future<absl::StatusOr<std::vector<std::string>>> LogOpener::Channels() {
  return state_->Channels();
}

Future<absl::Status> LogOpener::Close() { return state_->Close(); }

}  // namespace tidelog::adaptor
