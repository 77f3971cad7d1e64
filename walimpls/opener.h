// OpenerBuilderImpls makes OpenerImpls makes WalImpls makes ScannerImpls: the four interfaces of a
// backend.
#ifndef TIDELOG_WALIMPLS_OPENER_H_
#define TIDELOG_WALIMPLS_OPENER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/environment.h"
#include "wal/types.h"
#include "walimpls/wal.h"

namespace tidelog::walimpls {

struct OpenOptions {
  Executor* strand = nullptr;  // What the log is confined to; outlives it.
  uint32_t epoch = 0;          // For the ids of this log (MessageId::Origin).
};

// Safe from any thread.  Lifetime: outlives its logs.
class OpenerImpls {
 public:
  // Requires: Close() has completed.
  virtual ~OpenerImpls() = default;

  // Opens a channel for writing under its term.  OK: every lower term is fenced *in storage*, the
  // boundary was read after that, and a last look at the term found it still the highest (A2).  One
  // attempt. Requires: called on options.strand.  The caller awaits it to the end, if need be from
  // a quarantine, and closes what comes. Errors: as tidelog::Opener::Open().
  virtual Future<absl::StatusOr<std::unique_ptr<WalImpls>>> Open(PChannel channel,
                                                                 OpenOptions options) = 0;

  // Opens it for reading: creates, locks and writes nothing (A3).  Requires: called on
  // options.strand. Errors: kChannelNotExist, kCorrupt, kInner, kUnavailable, kOnShutdown.
  virtual Future<absl::StatusOr<std::unique_ptr<RoWalImpls>>> OpenReadOnly(PChannel channel,
                                                                           OpenOptions options) = 0;

  // Makes the place ready for the first open of a channel for writing, as that does itself, so that
  // a log is not sent to where it cannot be (G6).  OK: such an open succeeds, unless something
  // changes meanwhile.  It makes no log: OpenReadOnly() and Channels() find what they found before,
  // and who has it open notices nothing.  Any number may do so at once.  Requires: called on an
  // executor. Errors: as Open(), but for those of terms.
  virtual Future<absl::Status> Prepare(std::string channel) = 0;

  // The channels there are, sorted.  Errors: kInner, kUnavailable.
  virtual Future<absl::StatusOr<std::vector<std::string>>> Channels() = 0;

  // Frees the client.  Opens in flight end with kOnShutdown.  Requires: its logs are closed or
  // quarantined.
  virtual Future<absl::Status> Close() = 0;
};

// Safe from any thread; lives as long as the program.
class OpenerBuilderImpls {
 public:
  virtual ~OpenerBuilderImpls() = default;

  // What it is registered and configured by: "file".  Constant.
  virtual std::string_view name() const = 0;

  // Makes an opener.  In `environment` runtime, files and observer are not null.  Checks settings
  // only, without I/O: what is wrong with the resource itself comes from the first Open(). Error:
  // kInvalidArgument: an unknown key or a bad value, by name.
  virtual absl::StatusOr<std::unique_ptr<OpenerImpls>> Build(const Environment& environment,
                                                             const Config& config) = 0;

  // The same with the process's own environment (default_environment.h) and default settings.
  absl::StatusOr<std::unique_ptr<OpenerImpls>> Build();
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_OPENER_H_
