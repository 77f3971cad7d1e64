// ObjectClient: single requests to an object store, each retried until its outcome is known.
#ifndef TIDELOG_SIM_LOG_OBJECT_CLIENT_H_
#define TIDELOG_SIM_LOG_OBJECT_CLIENT_H_

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/log/connection.h"
#include "sim/log/manifest.h"
#include "sim/log/protocol.h"
#include "wal/async/future.h"
#include "wal/types.h"

namespace tidelog::sim {

// Confined to its connection's executor; the connection outlives it.
class ObjectClient {
 public:
  ObjectClient(Connection* connection, const PChannel& channel)
      : connection_(connection), channel_(channel) {}

  // The object: code kOk, or kNotFound; kClosed.  `wait`: for it to be put, for a while.
  Future<LogReply> Get(std::string key, bool wait);

  // The manifest, with its version.  kChannelNotExist; kOnShutdown; kCorrupt.
  struct Versioned {
    Manifest manifest;
    uint64_t version = 0;
  };
  Future<absl::StatusOr<Versioned>> GetManifest();

  // Changes the manifest by `edit`, against whoever else does.  `edit` looks at what is there and
  // says what to do about it; it may be called several times, also when its change is there
  // already, since an answer may be lost.  Yields what is there at the end.  Errors: as
  // GetManifest(), and what `edit` refused with.
  enum class Verdict { kPut, kDone, kRefuse };
  using Edit = absl::AnyInvocable<Verdict(Manifest*)>;
  Future<absl::StatusOr<Versioned>> Update(Edit edit, absl::Status refusal);

  // Makes the manifest unless it is there.  kOnShutdown.
  Future<absl::Status> MakeManifest(Manifest manifest);

  // A slot at or above `slot` of that prefix below which, from `slot` on, each holds a group.  It
  // lies at most a few below the first that does not, unless the list leaves out the newest.
  Future<uint64_t> FilledTo(uint64_t ordinal, uint64_t slot);

  Connection* connection() const { return connection_; }
  const PChannel& channel() const { return channel_; }

 private:
  Connection* const connection_;
  const PChannel channel_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_OBJECT_CLIENT_H_
