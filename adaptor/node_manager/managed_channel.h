// ManagedChannel: what a node wants of one channel, what it has of it, and the worker between.
#ifndef TIDELOG_ADAPTOR_NODE_MANAGER_MANAGED_CHANNEL_H_
#define TIDELOG_ADAPTOR_NODE_MANAGER_MANAGED_CHANNEL_H_

#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/async/detached.h"
#include "adaptor/async/entries.h"
#include "adaptor/node_manager/node_metrics.h"
#include "adaptor/node_manager/shared_wal.h"
#include "wal/async/future.h"
#include "wal/node_manager.h"
#include "wal/opener.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

// Confined to the executor of its node.  Outlives every entry in `entries`.
//
// INVARIANT (H1): reached_ only gets newer, and a log is open only if reached_ says so; between two
// opens lies the close of the first, because one worker does both, one after the other.
class ManagedChannel {
 public:
  // `entries` and `metrics` outlive this.
  ManagedChannel(std::string name, Entries* entries, NodeMetrics* metrics)
      : name_(std::move(name)), entries_(*entries), metrics_(*metrics) {
    ++metrics_.channels;
  }
  ManagedChannel(const ManagedChannel&) = delete;
  ManagedChannel& operator=(const ManagedChannel&) = delete;

  // As the methods of NodeManager.  `opener` is for this term.
  Future<absl::Status> Assign(Term term, std::shared_ptr<Opener> opener);
  Future<absl::Status> Remove(Term term);
  absl::StatusOr<std::unique_ptr<Wal>> Get(Term term) const;
  NodeChannel Describe() const { return {name_, wanted_, reached_, why_not_}; }

  // Ends requests for an open with `reason`, and closes what is open.
  void Shut(const absl::Status& reason);

 private:
  struct Request {
    ChannelState state;
    Promise<absl::Status> reply;
  };

  // The answer to a request that asks for nothing newer.
  Future<absl::Status> AnswerOld(const ChannelState& state);
  // From now on `state`, which is newer, is wanted; who waits for an open hears `overtaken`.
  void Overtake(const ChannelState& state, const absl::Status& overtaken);
  // Ready when `state` is reached, or has been passed by.
  Future<absl::Status> GoAndWait(const ChannelState& state);
  // The worker: goes on until what is wanted is reached.
  Detached Work();
  Future<absl::Status> CloseLog();
  Future<absl::Status> OpenLogAt(Term term);
  void Reach(const ChannelState& state);
  // Waits for the log to be lost.
  Detached Watch(std::shared_ptr<OpenLog> log);
  PChannel At(Term term) const { return {name_, term}; }

  const std::string name_;
  Entries& entries_;
  NodeMetrics& metrics_;
  ChannelState wanted_;
  ChannelState reached_;
  std::shared_ptr<Opener> opener_;  // Of wanted_.
  std::shared_ptr<OpenLog> log_;    // Open, or being closed; null: none is.
  bool working_ = false;
  absl::Status why_not_;  // Why the newest open failed, or its log was lost.
  absl::Status closed_;   // How the newest close ended.
  std::list<Request> requests_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_NODE_MANAGER_MANAGED_CHANNEL_H_
