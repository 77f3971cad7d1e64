#include "adaptor/node_manager/node_manager.h"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "adaptor/async/entries.h"
#include "adaptor/node_manager/managed_channel.h"
#include "adaptor/node_manager/node_metrics.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/runtime.h"
#include "wal/async/signal.h"
#include "wal/base/status_macros.h"
#include "wal/metrics.h"
#include "wal/status.h"
#include "walimpls/default_environment.h"

namespace tidelog::adaptor {
namespace {

// Confined to its strand, but for the entries.  Shared by the calls that are inside, so that who
// waits for a close may destroy the node at once.
class Node : public std::enable_shared_from_this<Node> {
 public:
  Node(const Environment& environment, BuilderSource builders)
      : strand_(environment.runtime->MakeExecutor("node")),
        registry_(environment.metrics),
        metrics_(std::make_shared<NodeMetrics>(environment.runtime)),
        openers_(environment, std::move(builders)) {
    if (registry_ != nullptr) registry_->Add(metrics_);
  }

  Future<absl::Status> Assign(PChannel channel, BackendChoice backend);
  Future<absl::Status> Remove(PChannel channel);
  Future<absl::StatusOr<std::unique_ptr<Wal>>> Get(PChannel channel);
  Future<std::vector<NodeChannel>> Channels();
  Future<absl::Status> Close();

  bool closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  static absl::Status ClosedError(std::string_view what, const PChannel& channel) {
    return WalError(WalErrorCode::kOnShutdown,
                    absl::StrCat(what, " ", ToString(channel), ": the node is closed"));
  }
  ManagedChannel& Find(const std::string& name);

  const std::unique_ptr<Executor> strand_;
  MetricRegistry* const registry_;  // Null: nobody collects.
  const std::shared_ptr<NodeMetrics> metrics_;
  Entries entries_;
  OpenerCache openers_;
  absl::btree_map<std::string, std::unique_ptr<ManagedChannel>> channels_;
  bool close_begun_ = false;
  absl::Status close_status_;
  Signal close_done_;
  std::atomic<bool> closed_{false};
};

ManagedChannel& Node::Find(const std::string& name) {
  std::unique_ptr<ManagedChannel>& channel = channels_[name];
  if (channel == nullptr)
    channel = std::make_unique<ManagedChannel>(name, &entries_, metrics_.get());
  return *channel;
}

Future<absl::Status> Node::Assign(PChannel channel, BackendChoice backend) {
  const std::shared_ptr<Node> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(strand_.get());
  if (close_begun_) co_return ClosedError("assign", channel);
  TIDELOG_CO_RETURN_IF_ERROR(ValidateForWriting(channel));
  // First: what cannot be asked for must not cost a term.
  absl::StatusOr<std::shared_ptr<Opener>> opener = openers_.Get(backend);
  TIDELOG_CO_RETURN_IF_ERROR(opener.status());
  absl::Status assigned = co_await Find(channel.name).Assign(channel.term, *std::move(opener));
  co_return assigned;
}

Future<absl::Status> Node::Remove(PChannel channel) {
  const std::shared_ptr<Node> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(strand_.get());
  if (close_begun_) co_return ClosedError("remove", channel);
  TIDELOG_CO_RETURN_IF_ERROR(ValidateForWriting(channel));
  absl::Status removed = co_await Find(channel.name).Remove(channel.term);
  co_return removed;
}

Future<absl::StatusOr<std::unique_ptr<Wal>>> Node::Get(PChannel channel) {
  const std::shared_ptr<Node> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(strand_.get());
  if (close_begun_) co_return ClosedError("get", channel);
  const auto found = channels_.find(channel.name);
  if (found == channels_.end()) {
    co_return WalError(WalErrorCode::kChannelNotExist,
                       absl::StrCat("get ", ToString(channel), ": it was never assigned here"));
  }
  co_return found->second->Get(channel.term);
}

Future<std::vector<NodeChannel>> Node::Channels() {
  const std::shared_ptr<Node> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(strand_.get());
  std::vector<NodeChannel> channels;
  channels.reserve(channels_.size());
  for (const auto& [name, channel] : channels_) channels.push_back(channel->Describe());
  co_return channels;
}

Future<absl::Status> Node::Close() {
  const std::shared_ptr<Node> self = shared_from_this();
  co_await EnterExecutor(strand_.get());
  if (std::exchange(close_begun_, true)) {
    if (!closed()) co_await close_done_.Wait();
    co_return close_status_;
  }
  // All at once, whatever each of them does.
  for (auto& [name, channel] : channels_) channel->Shut(ClosedError("assign", {name, Term{}}));
  // An opener ends the opens that are in flight.
  close_status_ = co_await openers_.CloseAll();
  // Whoever is inside comes to his end, as everything he waits for is bounded.
  while (entries_.count() > 0) co_await entries_.WhenLeft();
  if (registry_ != nullptr) registry_->Remove(metrics_.get());
  closed_.store(true, std::memory_order_release);
  close_done_.Close();
  co_return close_status_;
}

class LocalNodeManager : public NodeManager {
 public:
  LocalNodeManager(const Environment& environment, BuilderSource builders)
      : node_(std::make_shared<Node>(environment, std::move(builders))) {}
  ~LocalNodeManager() override {
    CHECK(node_->closed()) << "a node manager was destroyed before it was closed";
  }

  Future<absl::Status> Assign(PChannel channel, BackendChoice backend) override {
    return node_->Assign(std::move(channel), std::move(backend));
  }
  Future<absl::Status> Remove(PChannel channel) override {
    return node_->Remove(std::move(channel));
  }
  Future<absl::StatusOr<std::unique_ptr<Wal>>> Get(PChannel channel) override {
    return node_->Get(std::move(channel));
  }
  Future<std::vector<NodeChannel>> Channels() override { return node_->Channels(); }
  Future<absl::Status> Close() override { return node_->Close(); }

 private:
  const std::shared_ptr<Node> node_;
};

}  // namespace

std::unique_ptr<NodeManager> MakeNodeManager(const Environment& environment,
                                             BuilderSource builders) {
  return std::make_unique<LocalNodeManager>(walimpls::CompleteEnvironment(environment),
                                            std::move(builders));
}

}  // namespace tidelog::adaptor
