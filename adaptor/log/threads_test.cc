// A log used from several threads at once; for TSan.  What it does is the other tests' business.
#include <memory>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "adaptor/opener_builder.h"
#include "adaptor/testing/null_backend.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/opener.h"
#include "wal/status.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

// Appends until the log is closed, 16 at a time, and yields how many are done.  It stops before it
// would call a log that may be gone.  Sets `under_way` when the first are done.
Future<int> AppendUntilClosed(Executor* executor, Wal* wal, Promise<Unit> under_way) {
  co_await EnterExecutor(executor);
  const AppendOptions options;
  int done = 0;
  bool closed = false;
  bool told = false;
  while (!closed) {
    std::vector<Future<absl::StatusOr<AppendResult>>> window;
    for (int i = 0; i < 16; ++i) {
      absl::StatusOr<MutableMessage> message =
          MutableMessage::Builder(MessageType::kInsert).Build("payload");
      CHECK_OK(message);
      window.push_back(wal->Append(*std::move(message), options));
    }
    for (Future<absl::StatusOr<AppendResult>>& future : window) {
      absl::StatusOr<AppendResult> result = co_await std::move(future);
      if (result.ok()) {
        ++done;
      } else {
        CHECK(GetWalErrorCode(result.status()) == WalErrorCode::kOnShutdown) << result.status();
        closed = true;
      }
    }
    if (!std::exchange(told, true)) under_way.Set(Unit{});
  }
  co_return done;
}

TEST(ThreadsTest, AppendsFromManyThreadsEndProperlyWhenTheLogIsClosed) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create({.executor_threads = 4});
  std::vector<std::unique_ptr<Executor>> executors;
  for (int i = 0; i < 4; ++i) executors.push_back(runtime->MakeExecutor("client"));
  Executor* const main_executor = executors[0].get();
  NullBuilder backend;
  const std::unique_ptr<OpenerBuilder> builder = MakeOpenerBuilder(&backend, {});
  Environment environment;
  environment.runtime = runtime.get();
  for (int round = 0; round < 20; ++round) {
    absl::StatusOr<std::unique_ptr<Opener>> opener = builder->Build(environment, {});
    ASSERT_TRUE(opener.ok());
    absl::StatusOr<std::unique_ptr<Wal>> wal = Blocking(main_executor, [&] {
      return (*opener)->Open({"orders", Term{1}});
    });
    ASSERT_TRUE(wal.ok()) << wal.status();
    std::vector<Future<int>> clients;
    std::vector<Future<Unit>> under_way;
    for (const std::unique_ptr<Executor>& executor : executors) {
      Promise<Unit> promise("a client under way");
      under_way.push_back(promise.future());
      clients.push_back(AppendUntilClosed(executor.get(), wal->get(), std::move(promise)));
    }
    // From this thread, in between.
    for (int i = 0; i < 50; ++i) {
      const absl::StatusOr<Mvcc> mvcc =
          Blocking((*wal)->executor(), [&] { return (*wal)->LatestMvcc(""); });
      ASSERT_TRUE(mvcc.ok());
    }
    for (Future<Unit>& started : under_way) {
      Blocking(main_executor, [&] { return std::move(started); });
    }
    const absl::Status closed = Blocking(main_executor, [&] { return (*wal)->Close(); });
    EXPECT_TRUE(closed.ok()) << closed;
    int done = 0;
    for (Future<int>& client : clients) {
      done += Blocking(main_executor, [&] { return std::move(client); });
    }
    EXPECT_GE(done, 4 * 16);
    const absl::Status opener_closed = Blocking(main_executor, [&] { return (*opener)->Close(); });
    EXPECT_TRUE(opener_closed.ok()) << opener_closed;
  }
}

}  // namespace
}  // namespace tidelog::adaptor
