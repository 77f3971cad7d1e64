// RemoteCalls: how code of a process waits for an answer of the world.
//
//   // In the process: the model's client.          // In the world: the model's server.
//   auto call = calls_.Start("append to server");    server->OnAppend(call.token, request);
//   WorldScope world; ... copy the request ...        ...
//   co_await std::move(call.answer);                  Answer(kernel, token, absl::OkStatus());
//
// Across the border goes the token: numbers, no pointer.  The promise stays with the process, so
// that a crash takes it away with everything else.
#ifndef TIDELOG_SIM_KERNEL_REMOTE_CALLS_H_
#define TIDELOG_SIM_KERNEL_REMOTE_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/deep_copy.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "wal/async/future.h"

namespace tidelog::sim {

// Names one call for ever.
struct CallToken {
  ProcessId process{};
  uint32_t table = 0;
  uint64_t call = 0;

  friend auto operator<=>(const CallToken&, const CallToken&) = default;
};

// What tables of all types have in common.  For RemoteCalls.
class RemoteTable {
 public:
  RemoteTable(const RemoteTable&) = delete;
  RemoteTable& operator=(const RemoteTable&) = delete;

 protected:
  RemoteTable(Process* process, const void* type);
  ~RemoteTable();

  CallToken NextToken();

  // The table of a token, if it lives.  Aborts if it answers with another type.
  static RemoteTable* Find(Process* process, const CallToken& token, const void* type);

 private:
  Process* const process_;
  const void* const type_;
  uint32_t number_;
  uint64_t next_call_ = 1;
};

// The calls of one client that are answered with a T.  In the memory of the process, and confined
// to the simulated thread; calls may be started on any executor.
// Requires: when destroyed, no call waits (Abandon() what never gets an answer).
template <class T>
class RemoteCalls final : public RemoteTable {
 public:
  explicit RemoteCalls(Process* process) : RemoteTable(process, &kType) {}

  struct Call {
    CallToken token;
    Future<T> answer;
  };

  // A new call.  `what` says for people what was promised, and is static.
  Call Start(const char* what) {
    Promise<T> promise(what);
    Future<T> answer = promise.future();
    const CallToken token = NextToken();
    waiting_.emplace(token.call, std::move(promise));
    return {token, std::move(answer)};
  }

  // Gives the call its answer from the process's own side, as a client does at its deadline.  What
  // the world answers later is dropped.  False if it has an answer already.
  bool Abandon(const CallToken& token, T answer) {
    auto node = waiting_.extract(token.call);
    if (node.empty()) return false;
    node.mapped().Set(std::move(answer));
    return true;
  }

  // Calls without an answer.
  size_t count() const { return waiting_.size(); }

 private:
  template <class U>
  friend void AnswerWith(Kernel* kernel, const CallToken& token, absl::AnyInvocable<U() &&> make);

  // In the process: the world has answered.
  static void Receive(Process* process, const CallToken& token, absl::AnyInvocable<T() &&> make) {
    auto* calls = static_cast<RemoteCalls*>(Find(process, token, &kType));
    if (calls == nullptr || !calls->waiting_.contains(token.call)) return;
    T answer = std::move(make)();
    calls->Abandon(token, std::move(answer));
  }

  // Its address stands for T.
  static constexpr char kType = 0;

  absl::flat_hash_map<uint64_t, Promise<T>> waiting_;  // By number; never iterated.
};

// Answers a call, as an event of its process: with what `make` makes in the process's memory, from
// what `make` itself holds in the world's.  Nobody is told if the process is dead by then, or waits
// no longer.  From anywhere, under a WorldScope.  Requires: T is the type of the call.
template <class T>
void AnswerWith(Kernel* kernel, const CallToken& token, absl::AnyInvocable<T() &&> make) {
  Process* process = kernel->process(token.process);
  auto receive = [process, token, make = std::move(make)]() mutable {
    RemoteCalls<T>::Receive(process, token, std::move(make));
  };
  kernel->Deliver(token.process, std::move(receive));
}

// Answers with a DeepCopy() of `answer`.
template <class T>
void Answer(Kernel* kernel, const CallToken& token, T answer) {
  AnswerWith<T>(kernel, token, [answer = std::move(answer)] { return DeepCopy(answer); });
}

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_REMOTE_CALLS_H_
