// BlockingCall: a system call, or anything else that may block, as a Future.
#ifndef TIDELOG_WAL_IO_BLOCKING_CALL_H_
#define TIDELOG_WAL_IO_BLOCKING_CALL_H_

#include <type_traits>
#include <utility>

#include "wal/async/block_pool.h"
#include "wal/async/future.h"
#include "wal/async/job.h"
#include "wal/async/runtime.h"

namespace tidelog {

// Runs `call` once, by Runtime::RunBlocking(); the future has what it returns.  `call` is
// destroyed before the future is ready: whoever waits may then free what it refers to.
// One pooled block beside the future's own.  Safe from any thread.
template <class Call, class T = std::invoke_result_t<Call&>>
Future<T> BlockingCall(Runtime* runtime, Runtime::Urgency urgency, Call call) {
  struct Operation final : Job {
    explicit Operation(Call c) : call(std::move(c)) {}
    Call call;
    Promise<T> promise;
  };
  auto* operation = PoolMake<Operation>(std::move(call));
  operation->run = [](Job* job) {
    auto* self = static_cast<Operation*>(job);
    T result = self->call();
    Promise<T> promise = std::move(self->promise);
    PoolDestroy(self);
    promise.Set(std::move(result));
  };
  Future<T> future = operation->promise.future();
  runtime->RunBlocking(operation, urgency);
  return future;
}

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_BLOCKING_CALL_H_
