// LogOpener: the Opener that a caller holds: opens logs of one backend, and closes them before it.
#ifndef TIDELOG_ADAPTOR_LOG_OPENER_H_
#define TIDELOG_ADAPTOR_LOG_OPENER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/log/opener_parts.h"
#include "wal/async/future.h"
#include "wal/opener.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

// Two opens of one channel are not this one's business: their terms decide, in storage (A2).
class LogOpener : public Opener {
 public:
  explicit LogOpener(std::shared_ptr<OpenerParts> parts);
  // Aborts if Close() has not completed.
  ~LogOpener() override;

  Future<absl::StatusOr<std::unique_ptr<Wal>>> Open(PChannel channel) override;
  Future<absl::StatusOr<std::unique_ptr<RoWal>>> OpenReadOnly(PChannel channel) override;
  Future<absl::StatusOr<std::vector<std::string>>> Channels() override;
  Future<absl::Status> Close() override;

 private:
  class State;  // Shared with what is in flight.
  const std::shared_ptr<State> state_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_LOG_OPENER_H_
