#include "sim/plan/draw_keys.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/plan/draw.h"

namespace tidelog::sim {
namespace {

constexpr int64_t kMicro = 1000;
constexpr int64_t kMilli = 1000 * kMicro;

// Few keys for many appends, by all who write: they are repeated at once and late, after unknown
// outcomes, after crashes and under other owners, for whoever has no good handle opens the log.
class KeysDraw {
 public:
  KeysDraw(uint64_t seed, const KeyOptions& options)
      : draw_(seed, "plan keys"), options_(options) {}

  DrawnKeys Make() {
    if (!draw_.OneIn(options_.in_1000, 1000)) return {};
    vchannels_ = static_cast<uint32_t>(draw_.Below(3));
    keys_ = static_cast<uint32_t>(draw_.Log(1, 16));
    gap_most_ = draw_.Log(100 * kMicro, 100 * kMilli);
    const int64_t window_ms = draw_.Log(1, 4000);
    if (draw_.OneIn(1, 3)) drawn_.window = absl::StrCat(window_ms, "ms");
    const int64_t count = draw_.Log(4, 100);
    for (int64_t i = 0; i < count; ++i) AddAppend();
    const int64_t commits = draw_.OneIn(1, 2) ? draw_.Log(1, 8) : 0;
    for (int64_t i = 0; i < commits; ++i) AddTransaction();
    return std::move(drawn_);
  }

 private:
  uint32_t AnyWriter() { return options_.writers[draw_.Below(options_.writers.size())]; }

  void AddAppend() {
    Operation append;
    append.kind = OperationKind::kKeyedAppend;
    append.client = AnyWriter();
    // Many come at once.
    const bool is_near = draw_.OneIn(3, 4);
    at_ = is_near ? at_ + draw_.Log(1, 200 * kMicro) : draw_.Between(1, options_.horizon_ns);
    at_ = std::min(at_, options_.horizon_ns);
    append.at_ns = at_;
    append.vchannel = static_cast<uint32_t>(draw_.Below(vchannels_ + 1));
    append.key = 1 + static_cast<uint32_t>(draw_.Below(keys_));
    const int64_t count = draw_.Log(2, 6);
    append.count = draw_.OneIn(1, 6) ? static_cast<uint32_t>(count) : 1;
    append.bytes = static_cast<uint32_t>(draw_.Log(8, 2000));
    append.type = static_cast<int32_t>(draw_.Of({2, 2, 3, 4711}));
    SetTimeout(&append);
    drawn_.operations.push_back(append);
  }

  void SetTimeout(Operation* operation) {
    const int64_t timeout = draw_.Log(10 * kMicro, 100 * kMilli);
    if (draw_.OneIn(1, 6)) operation->timeout_ns = timeout;
    operation->wait_when_full = draw_.OneIn(7, 8);
  }

  // A begin, bodies, and a commit that is asked for again and again.
  void AddTransaction() {
    const uint32_t client = AnyWriter();
    const auto slot = static_cast<uint32_t>(draw_.Below(kTxnSlotCount));
    // No other transaction has it.
    const uint32_t key = ++last_commit_key_;
    int64_t at = draw_.Between(1, options_.horizon_ns);
    const int64_t bodies = draw_.Log(1, 4) - 1;
    const int64_t commits = draw_.Log(1, 4);
    for (int64_t i = 0; i < 1 + bodies + commits; ++i) {
      Operation operation;
      operation.kind = i == 0        ? OperationKind::kBeginTxn
                       : i <= bodies ? OperationKind::kTxnBody
                                     : OperationKind::kKeyedCommit;
      operation.client = client;
      operation.txn = slot;
      operation.at_ns = at;
      if (operation.kind == OperationKind::kKeyedCommit) operation.key = key;
      SetTimeout(&operation);
      drawn_.operations.push_back(operation);
      at = std::min(at + draw_.Log(100 * kMicro, gap_most_), options_.horizon_ns);
    }
  }

  Draw draw_;
  const KeyOptions& options_;
  DrawnKeys drawn_;
  uint32_t vchannels_ = 0;
  uint32_t keys_ = 0;
  uint32_t last_commit_key_ = 1000;
  int64_t gap_most_ = 0;
  int64_t at_ = 0;
};

}  // namespace

DrawnKeys DrawKeys(uint64_t seed, const KeyOptions& options) {
  return KeysDraw(seed, options).Make();
}

}  // namespace tidelog::sim
