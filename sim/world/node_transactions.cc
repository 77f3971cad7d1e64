#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "sim/world/node.h"
#include "sim/world/node_activity.h"
#include "sim/world/words.h"
#include "wal/types.h"

namespace tidelog::sim {
namespace {

constexpr TimeTick kNobodysTxn = MakeTimeTick(4711, 0);

MessageType TypeOf(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kBeginTxn:
      return MessageType::kBeginTxn;
    case OperationKind::kCommitTxn:
    case OperationKind::kKeyedCommit:
      return MessageType::kCommitTxn;
    case OperationKind::kRollbackTxn:
      return MessageType::kRollbackTxn;
    default:
      return operation.misuse == Misuse::kExclusive ? MessageType::kDropCollection
                                                    : static_cast<MessageType>(operation.type);
  }
}

// The operation, with what its transaction says.
Operation WithinTxn(const Operation& operation, const TxnState& txn) {
  Operation within = operation;
  within.type = ToInt(TypeOf(operation));
  if (operation.kind != OperationKind::kBeginTxn) within.vchannel = txn.vchannel;
  if (operation.misuse == Misuse::kOtherVChannel) ++within.vchannel;
  return within;
}

TxnPart PartOf(const Operation& operation, const TxnState& txn) {
  TxnPart part{txn.context};
  if (operation.kind == OperationKind::kBeginTxn) {
    part.txn = TxnContext{.keepalive = absl::Milliseconds(operation.lease_ms)};
  } else if (operation.misuse == Misuse::kUnknownTxn) {
    part.txn.id = kNobodysTxn;
  }
  if (TypeOf(operation) == MessageType::kCommitTxn) {
    part.bodies = static_cast<uint32_t>(std::max(txn.bodies + operation.miscount, 0));
  }
  return part;
}

// So many of them its client does not count in.
int32_t NotDone(const BatchResult& result, uint32_t count) {
  return static_cast<int32_t>(count) - static_cast<int32_t>(result.done.size() + result.unknown);
}

}  // namespace

std::vector<MutableMessage> Node::TxnMessages(const Operation& operation, TxnState* txn) {
  const Operation within = WithinTxn(operation, *txn);
  const TxnPart part = PartOf(operation, *txn);
  const bool is_body = operation.kind == OperationKind::kTxnBody;
  const auto client = static_cast<int32_t>(operation.client) + 1;
  int32_t& last_number = host_.clients[operation.client].last_number;
  std::vector<MutableMessage> messages;
  for (uint32_t i = 0; i < (is_body ? std::max(operation.count, 1u) : 1); ++i) {
    const int32_t number = ++last_number;
    absl::StatusOr<MutableMessage> message = MakeTxnMessage(within, part, client, number);
    CHECK_OK(message.status());
    messages.push_back(*std::move(message));
  }
  if (operation.misuse == Misuse::kMixedBatch) {
    const int32_t number = ++last_number;
    Operation plain;
    absl::StatusOr<MutableMessage> message = MakeMessage(plain, client, number, 0, false);
    CHECK_OK(message.status());
    messages.push_back(*std::move(message));
  }
  return messages;
}

// Its state is kept beside all processes: what a crash cuts off counts as unknown.
Future<Unit> Node::AppendTxnOn(HandlePtr handle, const Operation* operation) {
  TxnState& txn = host_.clients[operation->client].txns[operation->txn % kTxnSlotCount];
  const bool begins = operation->kind == OperationKind::kBeginTxn;
  if (!begins && ToInt(txn.context.id) == 0) co_return Unit{};
  const UnderWay under_way(&slot_, CallKind::kAppend);
  if (begins) txn = TxnState();
  const TimeTick id = txn.context.id;
  std::vector<MutableMessage> messages = TxnMessages(*operation, &txn);
  const bool is_body = operation->kind == OperationKind::kTxnBody;
  const bool counts = is_body && operation->misuse == Misuse::kNone;
  const auto count = static_cast<uint32_t>(messages.size());
  if (counts) txn.bodies += static_cast<int32_t>(count);
  const Recorder::Who who =
      TellOfAppend(*handle, *operation, messages, operation->misuse != Misuse::kNone);
  BatchResult result;
  if (messages.size() == 1) {
    absl::StatusOr<AppendResult> one =
        co_await handle->writer->Append(std::move(messages[0]), AppendOptionsOf(*operation));
    result = AsBatch(std::move(one));
  } else {
    result = co_await handle->writer->AppendBatch(std::move(messages), AppendOptionsOf(*operation));
  }
  TellOfAppended(who, result);
  // Another may have been begun meanwhile.
  if (txn.context.id != id) co_return Unit{};
  if (counts) txn.bodies -= NotDone(result, count);
  if (!is_body && !begins && result.rest.ok()) txn.ended = true;
  if (begins && result.rest.ok() && !result.done.empty()) {
    txn = TxnState{result.done.front().txn, operation->vchannel};
  }
  co_return Unit{};
}

}  // namespace tidelog::sim
