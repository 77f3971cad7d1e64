// Admission: bounds what is in flight in one channel, by count and by bytes (C5).
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_ADMISSION_ADMISSION_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_ADMISSION_ADMISSION_H_

#include <cstddef>
#include <list>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/interceptor.h"
#include "wal/async/future.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// Inside those that may make an append wait for another one: what waits there does not count here.
// When it is full an append ends with kResourceExhausted, or waits, if
// it asked for that: first come, first served, and nobody overtakes who waits.  A batch is let in
// as a whole; one that is larger than a limit, when nothing else is in flight.
class Admission : public Interceptor {
 public:
  struct Limits {
    size_t count_max;
    size_t bytes_max;
  };
  // `channel` outlives this.
  Admission(const PChannel* channel, const Limits& limits) : channel_(*channel), limits_(limits) {}

  std::string_view name() const override { return "admission"; }
  Verdict Before(AppendOp& op) override;
  void Withdraw(AppendOp& op) override;
  void After(const AppendOp& op) override;

  size_t count() const { return count_; }
  size_t bytes() const { return bytes_; }
  size_t waiting_count() const { return waiting_.size(); }
  size_t waiting_bytes() const { return waiting_bytes_; }

  // Ends the wait of each append for which `judge` yields an error, with that: not done.
  void Judge(absl::FunctionRef<absl::Status(const AppendOp& op)> judge);

 private:
  struct Waiting {
    AppendOp* op;
    Promise<absl::Status> promise;
  };
  bool Fits(const AppendOp& op) const;
  void Take(const AppendOp& op);
  // Ends the wait at `at`; yields the one behind it.
  std::list<Waiting>::iterator End(std::list<Waiting>::iterator at, absl::Status status);
  // Lets in whom there is room for, from the head.
  void Grant();

  const PChannel& channel_;
  const Limits limits_;
  size_t count_ = 0;
  size_t bytes_ = 0;
  std::list<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_ADMISSION_ADMISSION_H_
