// Opener: opens channels of one backend.  OpenerBuilder: makes Openers; one a registered backend.
#ifndef TIDELOG_WAL_OPENER_H_
#define TIDELOG_WAL_OPENER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/environment.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog {

// Implemented by //adaptor.  Safe from any thread.  Lifetime: outlives its Wals; lives as long as
// the resource it holds (a directory, a client).
class Opener {
 public:
  // Requires: Close() has completed.
  virtual ~Opener() = default;

  // Opens `channel` for writing under its term.  OK: every lower term is fenced in storage, and
  // what the log holds has been recovered (A2, D6); one attempt, no retry.
  //
  // Dropping the Future does not stop it: what it would have yielded is closed when it comes.
  //
  // Errors; after each of them the channel may be opened again, with a higher term:
  //   kUnmatchedTerm      The term is not above the highest ever opened, and the last close of that
  //                       was not clean; or a higher one was opened meanwhile.
  //   kInvalidArgument    The name or the term.
  //   kCorrupt            Storage is damaged: nothing was changed; the range is in the message.
  //   kUnavailable        A step of the open hung or failed; the message names it.  Another try may
  //                       succeed.
  //   kResourceExhausted  The disk is full.
  //   kInner              The backend is broken, or cannot be used as it is configured.
  //   kOnShutdown         The opener is closed.
  // A failed open may have fenced lower terms.
  virtual Future<absl::StatusOr<std::unique_ptr<Wal>>> Open(PChannel channel) = 0;

  // Opens `channel` for reading; its term is ignored.  Creates nothing, locks nothing, writes
  // nothing (A3). Errors: kChannelNotExist, kInvalidArgument, kCorrupt, kInner, kOnShutdown.
  virtual Future<absl::StatusOr<std::unique_ptr<RoWal>>> OpenReadOnly(PChannel channel) = 0;

  // The channels there are, sorted.  Errors: kInner, kUnavailable, kOnShutdown.
  virtual Future<absl::StatusOr<std::vector<std::string>>> Channels() = 0;

  // Ends opens in flight with kOnShutdown, closes all its Wals, then itself.  Idempotent; as
  // RoWal::Close().
  virtual Future<absl::Status> Close() = 0;
};

// Safe from any thread; lives as long as the program.
class OpenerBuilder {
 public:
  virtual ~OpenerBuilder() = default;

  // The backend's name: "file".
  virtual std::string_view name() const = 0;

  // Makes an Opener.  Keys of `config` that begin with "wal." are the log's own
  // (adaptor/options.h); the others are the backend's. Only checks settings, without I/O: what is
  // wrong with the resource itself comes from the first Open(). Error: kInvalidArgument: an unknown
  // key or a bad value, by name.
  virtual absl::StatusOr<std::unique_ptr<Opener>> Build(const Environment& environment,
                                                        const Config& config) = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_OPENER_H_
