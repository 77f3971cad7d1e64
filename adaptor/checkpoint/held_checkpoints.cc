#include "adaptor/checkpoint/held_checkpoints.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

// Whether it is in a link of the chain that lies in front of `epoch`.  An epoch alone says nothing:
// those of another log count from 0 too.
bool LiesBefore(const Position& position, const BackendChain& chain, uint32_t epoch) {
  const MessageId::Origin of = position.last_confirmed.origin();
  const ChainLink* link = of.epoch < epoch ? chain.Find(of.epoch) : nullptr;
  return link != nullptr && link->log == of.log;
}

}  // namespace

HeldCheckpoints::HeldCheckpoints(std::unique_ptr<CheckpointClaim> claim)
    : claim_(std::move(claim)) {
  Settle();
}

void HeldCheckpoints::Settle() {
  has_unsettled_ = false;
  possible_.clear();
  for (const Checkpoint& checkpoint : claim_->content().checkpoints) {
    possible_[checkpoint.name].push_back(checkpoint.position);
  }
}

Future<absl::Status> HeldCheckpoints::Put(std::string name, Position position) {
  possible_[name].push_back(position);
  absl::Status put = co_await claim_->Put(name, position);
  switch (EffectOf(put)) {
    case Effect::kDone:
      Settle();
      break;
    case Effect::kUnknown:
      has_unsettled_ = true;
      break;
    case Effect::kNotDone:
      possible_[name].pop_back();
      if (possible_[name].empty()) possible_.erase(name);
      break;
  }
  co_return put;
}

Future<absl::Status> HeldCheckpoints::Remove(std::string name) {
  absl::Status removed = co_await claim_->Remove(std::move(name));
  if (EffectOf(removed) == Effect::kDone) Settle();
  if (EffectOf(removed) == Effect::kUnknown) has_unsettled_ = true;
  co_return removed;
}

void HeldCheckpoints::HoldBack(Position* mark) const {
  for (const auto& [name, positions] : possible_) {
    for (const Position& position : positions) {
      if (position.last_confirmed.origin() != mark->last_confirmed.origin()) continue;
      if (position.time_tick < mark->time_tick) mark->time_tick = position.time_tick;
      if (BeforeWithinLog(position.last_confirmed, mark->last_confirmed)) {
        mark->last_confirmed = position.last_confirmed;
      }
    }
  }
}

std::optional<Position> HeldCheckpoints::InOlderLink(const BackendChain& chain,
                                                     uint32_t epoch) const {
  std::optional<Position> found;
  for (const auto& [name, positions] : possible_) {
    for (const Position& position : positions) {
      if (!LiesBefore(position, chain, epoch)) continue;
      if (!found || position.time_tick < found->time_tick) found = position;
    }
  }
  return found;
}

std::optional<TimeTick> HeldCheckpoints::OldestTick(const MessageId::Origin& origin) const {
  std::optional<TimeTick> oldest;
  for (const auto& [name, positions] : possible_) {
    for (const Position& position : positions) {
      if (position.last_confirmed.origin() != origin) continue;
      if (!oldest || position.time_tick < *oldest) oldest = position.time_tick;
    }
  }
  return oldest;
}

std::vector<std::string> HeldCheckpoints::NamesOfForeign(const MessageId::Origin& origin,
                                                         const BackendChain& chain) const {
  std::vector<std::string> names;
  for (const auto& [name, positions] : possible_) {
    const Position& position = positions.back();
    if (position.last_confirmed.origin() == origin) continue;
    if (!LiesBefore(position, chain, origin.epoch)) names.push_back(name);
  }
  return names;
}

Future<absl::Status> HeldCheckpoints::PutChain(std::string chain) {
  absl::Status put = co_await claim_->PutChain(std::move(chain));
  if (EffectOf(put) == Effect::kDone) Settle();
  if (EffectOf(put) == Effect::kUnknown) has_unsettled_ = true;
  co_return put;
}

std::string HeldCheckpoints::ToString() const {
  std::string text;
  for (const auto& [name, positions] : possible_) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", name, " at ", positions.back().ToString());
  }
  return text.empty() ? "none" : text;
}

absl::Status StoreError(std::string_view step, const absl::Status& status) {
  switch (GetWalErrorCode(status)) {
    case WalErrorCode::kOk:
    case WalErrorCode::kChannelFenced:
    case WalErrorCode::kInvalidArgument:
    case WalErrorCode::kResourceExhausted:
    case WalErrorCode::kUnavailable:
    case WalErrorCode::kInner:
    case WalErrorCode::kCorrupt:
      return status;
    default:
      return WalErrorFrom(WalErrorCode::kUnavailable,
                          absl::StrCat(step, ": nobody knows what became of it"), status);
  }
}

}  // namespace tidelog::adaptor
