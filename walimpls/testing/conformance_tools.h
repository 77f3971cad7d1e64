// What the conformance tests are written in: handles that block, messages that are numbered.
#ifndef TIDELOG_WALIMPLS_TESTING_CONFORMANCE_TOOLS_H_
#define TIDELOG_WALIMPLS_TESTING_CONFORMANCE_TOOLS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/scanner.h"
#include "walimpls/testing/conformance_messages.h"
#include "walimpls/wal.h"

namespace tidelog::walimpls {

// Calls `*start`, which returns a future, on `strand`, and yields what that yields.
template <class F>
std::invoke_result_t<F&> OnStrand(Executor* strand, F* start) {
  co_await EnterExecutor(strand);
  auto future = (*start)();
  auto value = co_await std::move(future);
  co_return value;
}

// The same, and the test waits for it.
template <class F>
auto Await(Executor* strand, F start) {
  return Blocking(strand, [strand, &start] { return OnStrand(strand, &start); });
}

// Lets the others run a few turns.
Future<Unit> YieldTimes(int count);

// The rest of a scan with an end; the status is that of the last Next().
struct Scanned {
  std::vector<ImmutableMessage> messages;
  absl::Status status;
};

// A scanner, and the strand it is confined to.  Each method blocks the test.
class ScanHandle {
 public:
  ScanHandle(std::unique_ptr<ScannerImpls> scanner, Executor* strand)
      : scanner_(std::move(scanner)), strand_(strand) {}
  ScanHandle(ScanHandle&&) noexcept = default;
  ~ScanHandle();

  absl::StatusOr<RawBatch> Next(RawBatch reuse = {});
  // Reads on until there are `count` messages or more, or an error or the end comes.
  Scanned ReadCount(size_t count);
  Scanned ReadToEnd();
  absl::Status Close();
  ScannerImpls* get() const { return scanner_.get(); }

 private:
  std::unique_ptr<ScannerImpls> scanner_;
  Executor* strand_;
};

// What readers and writers have in common.  Each method blocks the test.  Closes at the end, if the
// test did not, without a clean mark.
template <class Log>
class LogHandle {
 public:
  LogHandle(std::unique_ptr<Log> log, Executor* strand) : log_(std::move(log)), strand_(strand) {}
  LogHandle(LogHandle&&) noexcept = default;
  LogHandle& operator=(LogHandle&& other) noexcept {
    std::swap(log_, other.log_);
    std::swap(strand_, other.strand_);
    return *this;
  }
  ~LogHandle() {
    if (log_ != nullptr) CHECK_OK(Close(CloseMode::kAbandon));
  }

  // To be used in jobs of strand() only, but for what is constant.
  Log* get() const { return log_.get(); }
  Executor* strand() const { return strand_; }

  // Calls `start` on the strand and waits for the future it returns.
  template <class F>
  auto Run(F start) {
    return Await(strand_, std::move(start));
  }

  absl::StatusOr<LogState> Info() {
    return Run([this] { return log_->Info(); });
  }
  absl::StatusOr<ScanHandle> Read(ScanOptions options = {}) {
    absl::StatusOr<std::unique_ptr<ScannerImpls>> scanner =
        Run([this, &options] { return log_->Read(options); });
    if (!scanner.ok()) return scanner.status();
    return ScanHandle(*std::move(scanner), strand_);
  }
  // Everything from `start` to the tail.
  Scanned ReadToTail(ScanStart start = ScanEarliest{}) {
    const absl::StatusOr<LogState> state = Info();
    if (!state.ok()) return {{}, state.status()};
    if (!state->tail_id) return {};
    ScanOptions options;
    options.from = start;
    options.until = state->tail_id;
    absl::StatusOr<ScanHandle> scanner = Read(options);
    if (!scanner.ok()) return {{}, scanner.status()};
    return scanner->ReadToEnd();
  }
  // Closes and destroys the log.
  absl::Status Close(CloseMode mode) {
    const absl::Status closed = Run([this, mode] { return log_->Close(mode); });
    log_.reset();
    return closed;
  }

 protected:
  std::unique_ptr<Log> log_;
  Executor* strand_;
};

using ReaderHandle = LogHandle<RoWalImpls>;

class WriterHandle : public LogHandle<WalImpls> {
 public:
  using LogHandle::LogHandle;

  absl::StatusOr<Ids> Append(Group group);
  absl::StatusOr<MessageId> Append(ImmutableMessage message);
  // Appends `count` messages one by one.  Aborts on an error.
  std::vector<MessageId> AppendInserts(MessageMaker* maker, int count);
  absl::Status Truncate(const Position& mark);
  // The tick passes: a watermark moves, so that readers elsewhere see everything.
  void Tick();
};

absl::StatusOr<WriterHandle> OpenWriter(OpenerImpls* opener, const PChannel& channel,
                                        Executor* strand);
absl::StatusOr<ReaderHandle> OpenReader(OpenerImpls* opener, const PChannel& channel,
                                        Executor* strand);

using AppendFutures = std::vector<Future<absl::StatusOr<Ids>>>;
using AppendResults = std::vector<absl::StatusOr<Ids>>;
// Hands all groups over at once, in order.  On the log's strand.
AppendFutures StartAll(WalImpls* wal, std::vector<Group> groups);
// Waits for all of them.  On the log's strand.
Future<AppendResults> TakeAll(AppendFutures appends);
// As TakeAll(), once `other` is done as well.
Future<AppendResults> TakeBoth(Future<AppendResults> appends, Future<Unit> other);
// StartAll() and TakeAll(), blocking the test.
AppendResults AppendAll(WriterHandle* writer, std::vector<Group> groups);

}  // namespace tidelog::walimpls

// gtest has no matcher for our codes.
#define EXPECT_WAL_CODE(status, code) \
  EXPECT_EQ(::tidelog::GetWalErrorCode(status), code) << (status)

#endif  // TIDELOG_WALIMPLS_TESTING_CONFORMANCE_TOOLS_H_
