#include "sim/plan/draw_transactions.h"

#include <algorithm>
#include <utility>

#include "sim/plan/draw.h"

namespace tidelog::sim {
namespace {

constexpr int64_t kMicro = 1000;
constexpr int64_t kMilli = 1000 * kMicro;

// Stories of transactions, each of them by one client: they overlap, are taken over, run out, and
// go on after their end.
class TransactionsDraw {
 public:
  TransactionsDraw(uint64_t seed, const TransactionOptions& options)
      : draw_(seed, "plan transactions"), options_(options) {}

  std::vector<Operation> Make() {
    if (!draw_.OneIn(options_.in_1000, 1000)) return {};
    vchannels_ = static_cast<uint32_t>(draw_.Below(3));
    gap_most_ = draw_.Log(100 * kMicro, 300 * kMilli);
    // By default a transaction outlives most of what can happen.
    const bool are_short = draw_.OneIn(1, 2);
    lease_most_ = are_short ? draw_.Log(4, 2000) : 0;
    const int64_t count = draw_.Log(1, 24);
    for (int64_t i = 0; i < count; ++i) AddTransaction();
    const int64_t exclusives = draw_.OneIn(1, 2) ? draw_.Log(1, 6) : 0;
    for (int64_t i = 0; i < exclusives; ++i) AddExclusive();
    return std::move(operations_);
  }

 private:
  void AddTransaction() {
    client_ = options_.writers[draw_.Below(options_.writers.size())];
    txn_ = static_cast<uint32_t>(draw_.Below(kTxnSlotCount));
    at_ = draw_.Between(1, options_.horizon_ns);
    if (draw_.OneIn(1, 2)) at_ /= 4;
    Operation& begin = Add(OperationKind::kBeginTxn);
    begin.vchannel = static_cast<uint32_t>(draw_.Below(vchannels_ + 1));
    if (lease_most_ != 0 && draw_.OneIn(3, 4)) begin.lease_ms = draw_.Log(1, lease_most_);
    // Before the begin has its id nothing can go on with it.
    const int64_t answered = draw_.Log(100 * kMicro, 20 * kMilli);
    if (draw_.OneIn(7, 8)) at_ = std::min(at_ + answered, options_.horizon_ns);
    const int64_t bodies = draw_.Log(1, 16) - 1;
    for (int64_t i = 0; i < bodies; ++i) AddBody();
    const bool ends = draw_.OneIn(7, 8);
    if (!ends) return;
    AddEnd();
    if (draw_.OneIn(1, 6)) AddBody();
    if (draw_.OneIn(1, 3)) AddEnd();
  }

  void AddBody() {
    Operation& body = Add(OperationKind::kTxnBody);
    const int64_t count = draw_.Log(2, 6);
    body.count = draw_.OneIn(1, 6) ? static_cast<uint32_t>(count) : 1;
    body.bytes = static_cast<uint32_t>(draw_.Log(8, 4000));
    body.type = static_cast<int32_t>(draw_.Of({2, 2, 3, 4711}));
    const Misuse misuse =
        draw_.Of({Misuse::kOtherVChannel, Misuse::kExclusive, Misuse::kUnknownTxn});
    if (draw_.OneIn(1, 40)) body.misuse = misuse;
  }

  void AddEnd() {
    const bool commits = draw_.OneIn(5, 6);
    Operation& end = Add(commits ? OperationKind::kCommitTxn : OperationKind::kRollbackTxn);
    const int32_t miscount = draw_.Of({-1, 1, 2});
    if (draw_.OneIn(1, 12) && commits) end.miscount = miscount;
    const Misuse misuse =
        draw_.Of({Misuse::kOtherVChannel, Misuse::kUnknownTxn, Misuse::kMixedBatch});
    if (draw_.OneIn(1, 40)) end.misuse = misuse;
  }

  // The next step of a transaction; many follow at once.
  Operation& Add(OperationKind kind) {
    Operation operation;
    operation.kind = kind;
    operation.at_ns = at_;
    operation.client = client_;
    operation.txn = txn_;
    const int64_t timeout = draw_.Log(10 * kMicro, 100 * kMilli);
    if (draw_.OneIn(1, 8)) operation.timeout_ns = timeout;
    operation.wait_when_full = draw_.OneIn(7, 8);
    const bool is_near = draw_.OneIn(1, 2);
    at_ += is_near ? draw_.Log(1, 50 * kMicro) : draw_.Log(1, gap_most_);
    at_ = std::min(at_, options_.horizon_ns);
    operations_.push_back(operation);
    return operations_.back();
  }

  void AddExclusive() {
    Operation append;
    append.kind = OperationKind::kAppend;
    append.client = options_.writers[draw_.Below(options_.writers.size())];
    append.at_ns = draw_.Between(1, options_.horizon_ns);
    append.type = static_cast<int32_t>(draw_.Of({5, 6, 9}));
    append.vchannel = static_cast<uint32_t>(draw_.Below(vchannels_ + 1));
    append.wait_when_full = draw_.OneIn(3, 4);
    const int64_t timeout = draw_.Log(10 * kMicro, 100 * kMilli);
    if (draw_.OneIn(1, 4)) append.timeout_ns = timeout;
    operations_.push_back(append);
  }

  Draw draw_;
  const TransactionOptions& options_;
  std::vector<Operation> operations_;
  uint32_t vchannels_ = 0;
  int64_t gap_most_ = 0;
  int64_t lease_most_ = 0;  // In milliseconds; 0: the default.
  // Of the transaction at hand.
  uint32_t client_ = 0;
  uint32_t txn_ = 0;
  int64_t at_ = 0;
};

}  // namespace

std::vector<Operation> DrawTransactions(uint64_t seed, const TransactionOptions& options) {
  return TransactionsDraw(seed, options).Make();
}

}  // namespace tidelog::sim
