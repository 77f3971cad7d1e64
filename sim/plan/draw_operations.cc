#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "sim/plan/draw.h"
#include "sim/plan/draw_keys.h"
#include "sim/plan/draw_transactions.h"
#include "sim/plan/generator.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {
namespace {

constexpr int64_t kMicro = 1000;
constexpr int64_t kMilli = 1000 * kMicro;

class OperationsDraw {
 public:
  OperationsDraw(uint64_t seed, const PlanOptions& options, const SwarmConfig& config)
      : seed_(seed), draw_(seed, "plan operations"), options_(options), config_(config) {}

  std::vector<Operation> Make() {
    DrawWeights();
    const int64_t count = draw_.Log(options_.operations_min, options_.operations_max);
    const uint64_t burst_in_8 = IsOfTakeovers(options_) ? 7 : draw_.Below(8);
    // Everybody who can opens something at first.
    for (uint32_t i = 0; i < config_.clients.size(); ++i) AddOpen(i, draw_.Log(1, kMilli));
    int64_t at = 0;
    for (int64_t i = 0; i < count; ++i) {
      const bool is_near = draw_.OneIn(burst_in_8, 8);
      const int64_t near = draw_.Log(1, 200 * kMicro);
      const int64_t far = draw_.Between(kMilli, config_.horizon_ns);
      at = is_near ? std::min(at + near, config_.horizon_ns) : far;
      AddOne(at);
    }
    // They are drawn from a stream of their own: the others are the same without them.
    for (Operation& operation : DrawTransactions(seed_, OptionsOfTransactions())) {
      operations_.push_back(std::move(operation));
    }
    for (Operation& operation : DrawKeys(seed_, OptionsOfKeys(options_, config_)).operations) {
      operations_.push_back(std::move(operation));
    }
    // In the order of their times, and of those of one time in that of drawing.
    std::vector<size_t> order(operations_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(), [this](size_t a, size_t b) {
      return std::pair(operations_[a].at_ns, a) < std::pair(operations_[b].at_ns, b);
    });
    std::vector<Operation> sorted;
    for (const size_t index : order) sorted.push_back(std::move(operations_[index]));
    return sorted;
  }

 private:
  static constexpr size_t kDrawnKindCount = 10;  // Without those of transactions.

  // Which kinds are likely differs from run to run; a kind that is none is missed by chance only.
  void DrawWeights() {
    constexpr std::array<int64_t, kDrawnKindCount> kMost = {6, 6, 128, 24, 4, 8, 8, 8, 4, 2};
    for (size_t i = 0; i < weights_.size(); ++i) {
      const int64_t weight = draw_.Log(1, kMost[i]);
      weights_[i] = draw_.OneIn(1, 5) ? 0 : weight;
      if (i == static_cast<size_t>(OperationKind::kAppend)) weights_[i] = 32 + weight;
      const bool races = i == static_cast<size_t>(OperationKind::kOpen) ||
                         i == static_cast<size_t>(OperationKind::kScan);
      if (races && IsOfTakeovers(options_)) weights_[i] = 16 + weight;
      weight_sum_ += weights_[i];
    }
    bytes_most_ = draw_.Log(16, 8000);
    vchannels_ = static_cast<uint32_t>(draw_.Below(4));
    const bool few_positions = draw_.OneIn(1, 2);
    positions_ = few_positions ? 8 : 1000;
  }

  TransactionOptions OptionsOfTransactions() const {
    TransactionOptions options;
    options.in_1000 = options_.transactions_in_1000;
    options.writers = WritersOf(config_);
    options.horizon_ns = config_.horizon_ns;
    return options;
  }

  OperationKind DrawKind() {
    int64_t left = draw_.Between(1, weight_sum_);
    size_t kind = 0;
    while (left > weights_[kind]) left -= weights_[kind++];
    return static_cast<OperationKind>(kind);
  }

  void AddOpen(uint32_t client, int64_t at) {
    Operation open;
    const bool writes = config_.clients[client].reopen_after_ns != 0;
    open.kind = writes ? OperationKind::kOpen : OperationKind::kOpenReadOnly;
    open.client = client;
    open.at_ns = at;
    operations_.push_back(open);
  }

  void AddOne(int64_t at) {
    Operation operation;
    operation.kind = DrawKind();
    operation.at_ns = at;
    operation.client = static_cast<uint32_t>(draw_.Below(config_.clients.size()));
    const uint32_t older = static_cast<uint32_t>(draw_.Log(1, 4));
    operation.handle = draw_.OneIn(1, 6) ? older : 0;
    switch (operation.kind) {
      case OperationKind::kOpen:
        operation.term = draw_.OneIn(1, 4) ? -draw_.Between(1, 3) : 0;
        break;
      case OperationKind::kAppend:
        DrawAppend(&operation);
        break;
      case OperationKind::kScan:
        DrawScan(&operation);
        break;
      case OperationKind::kCloseScan:
        operation.scan = static_cast<uint32_t>(draw_.Below(3));
        break;
      case OperationKind::kTruncate:
        operation.position = static_cast<uint32_t>(draw_.Log(1, positions_));
        break;
      case OperationKind::kMvcc:
        operation.vchannel = static_cast<uint32_t>(draw_.Below(vchannels_ + 1));
        break;
      default:
        break;
    }
    if (operation.kind == OperationKind::kOpen || operation.kind == OperationKind::kOpenReadOnly ||
        operation.kind == OperationKind::kCloseScan ||
        operation.kind == OperationKind::kCloseOpener) {
      operation.handle = 0;
    }
    operations_.push_back(operation);
  }

  void DrawAppend(Operation* append) {
    const int64_t count = draw_.Log(2, 12);
    append->count = draw_.OneIn(1, 5) ? static_cast<uint32_t>(count) : 1;
    append->bytes = static_cast<uint32_t>(draw_.Log(8, bytes_most_));
    append->vchannel = static_cast<uint32_t>(draw_.Below(vchannels_ + 1));
    append->type = static_cast<int32_t>(draw_.Of({2, 2, 3, 4, 4711}));
    const int64_t timeout = draw_.Log(kMicro, 100 * kMilli);
    if (draw_.OneIn(1, 4)) append->timeout_ns = timeout;
    append->wait_when_full = draw_.OneIn(3, 4);
    const Misuse misuse = draw_.Of({Misuse::kTooLarge, Misuse::kFarBarrier});
    if (draw_.OneIn(1, 50)) append->misuse = misuse;
  }

  void DrawScan(Operation* scan) {
    scan->start =
        draw_.Of({ScanStart::kEarliest, ScanStart::kLatest, ScanStart::kFrom, ScanStart::kAfter});
    scan->position = static_cast<uint32_t>(draw_.Log(1, positions_)) - 1;
    scan->end = draw_.Of({ScanEnd::kNever, ScanEnd::kTailAtOpen, ScanEnd::kPosition});
    scan->until = static_cast<uint32_t>(draw_.Log(1, positions_)) - 1;
    const uint32_t vchannel = static_cast<uint32_t>(draw_.Below(vchannels_ + 1));
    if (draw_.OneIn(1, 3)) scan->vchannel = vchannel;
    if (draw_.OneIn(1, 4)) scan->types = {2};
    const bool with_unknown = draw_.OneIn(1, 6);
    if (with_unknown) scan->types.push_back(4711);
    const uint32_t after = static_cast<uint32_t>(draw_.Log(1, positions_));
    if (draw_.OneIn(1, 6)) scan->after_tick_of = after;
    scan->deliver_ticks = draw_.OneIn(1, 2);
    scan->wake_on_tick = draw_.OneIn(1, 2);
    if (config_.mode == Mode::kHostile) scan->gaps = draw_.OneIn(1, 2);
    scan->read_ahead_bytes = draw_.Of<int64_t>({1, 4096, 4 << 20});
    scan->read_ahead_count = draw_.Of<int64_t>({1, 4, 4096});
    const int64_t pause = draw_.Log(10 * kMicro, 50 * kMilli);
    if (draw_.OneIn(1, 4)) scan->pause_ns = pause;
  }

  const uint64_t seed_;
  Draw draw_;
  const PlanOptions& options_;
  const SwarmConfig& config_;
  std::vector<Operation> operations_;
  std::array<int64_t, kDrawnKindCount> weights_{};
  int64_t weight_sum_ = 0;
  int64_t bytes_most_ = 0;
  int64_t positions_ = 0;
  uint32_t vchannels_ = 0;
};

}  // namespace

std::vector<Operation> DrawOperations(uint64_t seed, const PlanOptions& options,
                                      const SwarmConfig& config) {
  return OperationsDraw(seed, options, config).Make();
}

}  // namespace tidelog::sim
