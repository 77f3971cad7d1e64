// NodeManager: which channels a node holds open, and under which terms (H1).
//
//   std::unique_ptr<NodeManager> node = MakeNodeManager(Environment{});  // adaptor/node/node.h
//   PChannel orders{"orders", Term{7}};
//   BackendChoice backend{"file", {{"dir", "/var/lib/tide"}}};
//   absl::Status assigned = co_await node->Assign(orders, backend);
//   absl::StatusOr<std::unique_ptr<Wal>> wal = co_await node->Get(orders);
//   ... append to it: calls end with kOnShutdown once the channel is taken away ...
//   absl::Status removed = co_await node->Remove(orders);
#ifndef TIDELOG_WAL_NODE_MANAGER_H_
#define TIDELOG_WAL_NODE_MANAGER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog {

// Where a channel lies.
struct BackendChoice {
  std::string name;  // As it is registered: "file".
  Config config;     // As OpenerBuilder::Build() takes it.
};

// What is wanted of a channel, or has been reached.  States of one channel have an order: a higher
// term is newer, and under one term having the channel is older than not having it (any more).  So
// a term that was removed, or whose open failed, never comes back.
struct ChannelState {
  Term term{};
  bool available = false;

  friend bool operator==(const ChannelState&, const ChannelState&) = default;
  // Older than.
  friend constexpr bool operator<(const ChannelState& a, const ChannelState& b) {
    if (a.term != b.term) return a.term < b.term;
    return a.available && !b.available;
  }
};

// What a node knows of one channel.
struct NodeChannel {
  std::string name;
  ChannelState wanted;   // By the newest request.
  ChannelState reached;  // wanted, if nothing is under way.
  absl::Status why_not;  // Why the log of `reached` is not open; OK: it is, or it was removed.
};

// Applies what a coordinator decides.  Requests may come late, twice and in any order; only those
// that ask for a newer state than every one before are applied.  Opens and closes of one channel
// follow one another, so that at most one log of a channel is open here at a time; different
// channels do not wait for each other.  What was begun is carried through though nobody waits for
// it any more, so a requester that goes away leaves nothing half done.
//
// A log that is lost (fenced by another node, or broken) is closed without being asked, and its
// term has failed.
//
// Implemented by //adaptor.  Safe from any thread.  Has no threads and no timers of its own.  What
// it remembers of a channel that is gone is its name and term.
class NodeManager {
 public:
  // Requires: Close() has completed.
  virtual ~NodeManager() = default;

  // Opens `channel` here under its term, once what an older term has open here is closed, be it
  // that this hangs and goes into quarantine (H2): storage fences it anyway.
  //
  // OK: it is open.  Errors:
  //   kIgnoredOperation  Done before: it is open already.
  //   kUnmatchedTerm     A newer state was asked for before this, or while this was under way; or
  //                      the term has failed or was removed.  The message says which.
  //   kInvalidArgument   The name, the term, the backend or its settings; nothing was changed.
  //   kOnShutdown        The node is closed.
  //   others             The open failed, as Opener::Open() says.  The term is not tried again.
  // A request that asks for what is under way gets the end of that.
  virtual Future<absl::Status> Assign(PChannel channel, BackendChoice backend) = 0;

  // Closes what is open of `channel` here under its term or a lower one, and lets nothing of these
  // be opened any more.  Bounded as Wal::Close() is.
  //
  // OK: nothing of them is open here.  Errors:
  //   kIgnoredOperation  Done before; also if the term was never open here because it failed.
  //   kUnmatchedTerm     A higher term was asked for before.
  //   kUnavailable       As of Wal::Close(): a step hung and is quarantined; else it is done.
  //   kInvalidArgument   The name or the term; nothing was changed.
  //   kOnShutdown        The node is closed, and so is the channel.
  // A removal that a newer term overtakes is still carried out, and answered then.
  virtual Future<absl::Status> Remove(PChannel channel) = 0;

  // The log of `channel`, if it is open here under just that term.  It may be used and dropped at
  // any time, and need not be closed: its Close() does nothing.  When the node closes the log, its
  // calls end as those of a closed log do.  Must not outlive what the node's Environment names.
  //
  // Errors: kChannelNotExist (it is not open here, or not yet), kUnmatchedTerm (another term of it
  // was asked for), kChannelFenced or kInner (it was lost), kOnShutdown.
  virtual Future<absl::StatusOr<std::unique_ptr<Wal>>> Get(PChannel channel) = 0;

  // All that were ever asked for, sorted by name.
  virtual Future<std::vector<NodeChannel>> Channels() = 0;

  // Refuses new requests, ends those for an open with kOnShutdown, closes all logs at once, each
  // within its own bounds, then the openers.  Idempotent.
  //   OK             nothing of it runs or holds a resource any more.
  //   kUnavailable   names what hung and was quarantined.
  virtual Future<absl::Status> Close() = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_NODE_MANAGER_H_
