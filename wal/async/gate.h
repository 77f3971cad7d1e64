// Gate: lets operations in until it is closed, and tells when the last one has left.
//
//   const std::optional<Gate::Pass> pass = gate_.TryEnter();
//   if (!pass) co_return WalError(WalErrorCode::kOnShutdown, ...);
//   ... the pass lies in the coroutine's frame, and so lasts as long as the operation ...
#ifndef TIDELOG_WAL_ASYNC_GATE_H_
#define TIDELOG_WAL_ASYNC_GATE_H_

#include <cstddef>
#include <optional>
#include <utility>

#include "wal/async/future.h"
#include "wal/async/signal.h"

namespace tidelog {

// Every object that starts operations owns one, and its Close() waits for it.
//
// Confined to one executor, passes included.  Outlives its passes: aborts if destroyed with
// some still out.
class Gate {
 public:
  class [[nodiscard]] Pass {
   public:
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Pass() {
      if (gate_ != nullptr) gate_->Leave();
    }

   private:
    friend class Gate;
    explicit Pass(Gate* gate) : gate_(gate) {}
    Gate* gate_;
  };

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();

  // A pass; none once the gate is closed.
  std::optional<Pass> TryEnter() {
    if (closed_) return std::nullopt;
    ++count_;
    return Pass(this);
  }

  // Refuses new passes from now on.  Ready when none is out any more.  May be called again.
  Future<Unit> Close();

  bool closed() const { return closed_; }

  // Passes that are out.
  size_t count() const { return count_; }

 private:
  void Leave();

  bool closed_ = false;
  size_t count_ = 0;
  Signal empty_;  // Closed once the gate is closed and count_ is zero.
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_GATE_H_
