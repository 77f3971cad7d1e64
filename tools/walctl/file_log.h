// What verify, dump and repair share: they work on the files of a log, below the backend's
// interfaces.
#ifndef TIDELOG_TOOLS_WALCTL_FILE_LOG_H_
#define TIDELOG_TOOLS_WALCTL_FILE_LOG_H_

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/walctl/session.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"

namespace tidelog::walctl {

// Whether `flags` name the directory of a file log, whatever is in it.  kInvalidArgument: the
// backend is not "file", or there is no directory.
absl::Status CheckFileLog(const LogFlags& flags);

// The channel that was named, or all there are.  Errors: CheckFileLog()'s, and those of
// impls::file::ListChannels().
absl::StatusOr<std::vector<std::string>> FileLogChannels(const LogFlags& flags);

// Calls `make_future` on `executor`.
template <class T>
Future<T> CallOn(Executor* executor, absl::AnyInvocable<Future<T>()> make_future) {
  co_await EnterExecutor(executor);
  T value = co_await make_future();
  co_return value;
}

// Runs an operation of the file layer, which wants to be called on an executor, and waits for it.
template <class F>
auto RunOnFiles(F make_future) {
  using Result = std::invoke_result_t<F&>;
  const std::unique_ptr<Executor> executor = DefaultRuntime()->MakeExecutor("walctl");
  return Blocking(executor.get(), [&] {
    return CallOn(executor.get(), absl::AnyInvocable<Result()>(std::ref(make_future)));
  });
}

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_FILE_LOG_H_
