// BackendLog: the file backend alone, as the adaptor uses it: what the adaptor costs is the
// difference.
#ifndef TIDELOG_TOOLS_BENCHMARK_SUBJECT_BACKEND_LOG_H_
#define TIDELOG_TOOLS_BENCHMARK_SUBJECT_BACKEND_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::benchmark {

// Stamps messages with a count for a tick, in the place of the adaptor.  One channel; each Open()
// has the next term.
class BackendLog final : public Subject, public Asynchronous {
 public:
  // As FileLog().
  explicit BackendLog(bool truncates) : truncates_(truncates) {}

  const Facts& facts() const override;
  absl::Status Open(const std::string& directory) override;
  absl::Status Append(std::string_view payload) override;
  absl::Status AppendBatch(std::string_view payload, size_t count) override;
  absl::StatusOr<uint64_t> AppendInFlight(std::string_view payload, size_t in_flight,
                                          Limit limit) override;
  absl::Status Scan(Visitor visit) override;
  absl::Status Close() override;
  Asynchronous* asynchronous() override { return this; }

  // As ClosedLoop wants it: on the strand.
  Executor* executor() { return strand_.get(); }
  Future<absl::StatusOr<walimpls::Ids>> Submit(MutableMessage message);
  Position Settled(const walimpls::Ids& ids);
  Future<absl::Status> Truncate(Position through) { return wal_->Truncate(through); }

 private:
  // `messages` together.
  Future<absl::Status> AppendOnStrand(std::vector<MutableMessage> messages);
  Future<absl::Status> ScanOnStrand(Visitor visit);  // `visit` outlives it.
  ImmutableMessage Stamped(MutableMessage message);

  const bool truncates_;
  int64_t term_ = 0;
  std::unique_ptr<walimpls::OpenerImpls> opener_;
  std::unique_ptr<Executor> strand_;
  std::unique_ptr<walimpls::WalImpls> wal_;
  // On the strand.
  uint64_t tick_ = 0;     // Of the newest message that was handed over.
  uint64_t settled_ = 0;  // Of the newest that was acknowledged: they are in order.
  uint64_t untruncated_bytes_ = 0;
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SUBJECT_BACKEND_LOG_H_
