// FlowWorld: an open log in a LogWorld whose flow control a test moves.
#ifndef TIDELOG_ADAPTOR_TESTING_FLOW_WORLD_H_
#define TIDELOG_ADAPTOR_TESTING_FLOW_WORLD_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/flow_control.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/metrics.h"
#include "wal/testing/memory_checkpoint_store.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

class FakeFlowSignals : public FlowSignals {
 public:
  double MemoryUsed() override { return memory; }
  absl::Duration ConsumerLag(const PChannel& channel) override {
    asked_of = ToString(channel);
    return lag;
  }
  double memory = 0;
  absl::Duration lag = absl::ZeroDuration();
  std::string asked_of;
};

// When it is slowed, at the rate of one Payload() a second.
class FlowWorld : public ::testing::Test {
 protected:
  using Result = absl::StatusOr<AppendResult>;
  using State = FlowState;
  static constexpr double kFine = 0.5;
  static constexpr double kMuch = 0.87;
  static constexpr double kTooMuch = 0.95;

  static std::string Payload(int number) { return absl::StrCat(number, std::string(99, 'x')); }
  static size_t SizeOf(int number) { return LogWorld::Message(Payload(number)).encoded_size(); }

  explicit FlowWorld(const Config& more = {})
      : world_({.config = WithRate(more),
                .checkpoints = &store_,
                .metrics = &metrics_,
                .flow = &signals_}),
        wal_(world_.MustOpen(Term{1})) {}
  ~FlowWorld() override { (void)world_.Close(*wal_); }

  static Config WithRate(Config config) {
    const std::string rate = absl::StrCat(SizeOf(1));
    config.emplace("wal.flow_rate_min", rate);
    config.emplace("wal.flow_rate_max", rate);
    return config;
  }

  void Settle() { world_.runtime().RunUntilIdle(); }
  void Pass(absl::Duration time) { world_.runtime().Advance(time); }
  // The next time tick looks.
  State SetMemory(double memory) {
    signals_.memory = memory;
    Pass(absl::Milliseconds(200));
    return Flow().state;
  }
  FlowStatus Flow() {
    return world_.Run([&] { return wal_->Info(); })->flow;
  }
  Future<Result> Start(int number, AppendOptions options = {}) {
    Future<Result> result = LogWorld::StartAppend(*wal_, Payload(number), options);
    Settle();
    return result;
  }
  Future<Result> StartBody(std::string_view payload, const TxnContext& txn) {
    Future<Result> result =
        wal_->Append(tidelog::testing::MakeBody(payload, "v", txn), {.wait_when_full = true});
    Settle();
    return result;
  }
  Result Append(MutableMessage message) { return world_.Append(*wal_, std::move(message)); }
  Result AppendOf(MessageType type) {
    return Append(tidelog::testing::MakeMessage(type, "m", "v"));
  }
  static int CountReady(const std::vector<Future<Result>>& results) {
    int count = 0;
    for (const Future<Result>& result : results) count += result.ready() ? 1 : 0;
    return count;
  }
  double MetricOf(std::string_view name) {
    for (const Metric& metric : metrics_.Collect()) {
      if (metric.name == name) return metric.value;
    }
    ADD_FAILURE() << "there is no metric " << name;
    return -1;
  }

  FakeFlowSignals signals_;
  MemoryCheckpointStore store_;
  MetricRegistry metrics_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_TESTING_FLOW_WORLD_H_
