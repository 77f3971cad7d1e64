#include "adaptor/interceptors/idempotency/idempotency.h"

#include <iterator>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "wal/base/mutant.h"
#include "wal/status.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

AppendResult RepeatOf(const IdempotencyTable::Result& first) {
  AppendResult result;
  result.id = first.id;
  result.last_confirmed = first.last_confirmed;
  result.time_tick = first.time_tick;
  result.txn = first.txn;
  result.duplicate = true;
  return result;
}

}  // namespace

void Idempotency::OnReplayed(const ImmutableMessage& message) {
  const TransactionTable::Outcome outcome = transactions_.OnStored(message.record(), message.id());
  if (MutantIs(Mutant::kKeysNotReplayed)) return;
  OnStored(message.record(), message.id(), outcome);
}

// On the way down.

Verdict Idempotency::Before(AppendOp& op) {
  absl::Status valid = CheckBatch(op);
  if (!valid.ok()) return Verdict::Stop(std::move(valid));
  size_t look_from = 0;
  Flight* const flight = Enter(op, &look_from);
  if (flight == nullptr) return op.count() == 0 ? Verdict::Done() : Verdict::Go();
  absl::Status room = CheckRoom(op);
  if (!room.ok()) return Verdict::Stop(std::move(room));
  Promise<absl::Status> go_on("an append with the same idempotency key");
  flight->waiting.push_back({&op, op.bytes(), look_from, std::move(go_on)});
  const auto waiter = std::prev(flight->waiting.end());
  places_.emplace(&op, Place{flight, waiter});
  waiting_bytes_ += op.bytes();
  return Verdict::Wait(waiter->go_on.future());
}

absl::Status Idempotency::CheckBatch(const AppendOp& op) const {
  if (op.count() == 1) return absl::OkStatus();
  // While it waits for its keys its bodies would not count as in flight, and a commit called behind
  // it would not wait for them (E3).
  if (op.in_transaction()) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("append a batch to ", ToString(channel_),
                                 ": idempotency keys beside bodies of transactions"));
  }
  absl::flat_hash_map<IdempotencyKey, size_t> seen;
  for (size_t i = 0; i < op.count(); ++i) {
    const std::optional<IdempotencyKey> key = IdempotencyKey::Of(op.record(i));
    if (!key) continue;
    const auto [first, is_new] = seen.emplace(*key, i);
    if (is_new) continue;
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("append a batch to ", ToString(channel_), ": its messages ",
                                 first->second, " and ", i, " have the same idempotency key, \"",
                                 absl::CHexEscape(key->key), "\""));
  }
  return absl::OkStatus();
}

absl::Status Idempotency::CheckRoom(const AppendOp& op) const {
  const bool has_room =
      places_.size() < limits_.waiting_count_max &&
      (places_.empty() || waiting_bytes_ + op.bytes() <= limits_.waiting_bytes_max);
  if (has_room) return absl::OkStatus();
  return WalError(
      WalErrorCode::kResourceExhausted,
      absl::StrCat("append to ", ToString(channel_), ": ", places_.size(), " appends of ",
                   waiting_bytes_, " bytes wait for others with the same idempotency keys"));
}

Idempotency::Flight* Idempotency::Enter(AppendOp& op, size_t* look_from) {
  Flight* const flight = FindOwner(op, look_from);
  if (flight != nullptr) return flight;
  AnswerRepeats(op);
  if (op.count() > 0) ClaimAll(op);
  return nullptr;
}

// Once around: who waited for one key after the other would else look at the first ones each time.
Idempotency::Flight* Idempotency::FindOwner(const AppendOp& op, size_t* look_from) {
  if (MutantIs(Mutant::kRepeatNotWaiting)) return nullptr;
  size_t& i = *look_from;
  for (size_t looks = 0; looks < op.count(); ++looks) {
    ++look_count_;
    const std::optional<IdempotencyKey> key = IdempotencyKey::Of(op.record(i));
    if (key && table_.Find(*key) == nullptr) {
      const auto found = flights_.find(*key);
      if (found != flights_.end() && found->second->owned) return found->second.get();
    }
    if (++i == op.count()) i = 0;
  }
  return nullptr;
}

void Idempotency::AnswerRepeats(AppendOp& op) const {
  std::vector<std::optional<AppendResult>> results;
  for (size_t i = 0; i < op.count(); ++i) {
    const std::optional<IdempotencyKey> key = IdempotencyKey::Of(op.record(i));
    const IdempotencyTable::Result* first = key ? table_.Find(*key) : nullptr;
    if (first == nullptr) continue;
    results.resize(op.count());
    results[i] = RepeatOf(*first);
  }
  if (!results.empty()) op.AnswerRepeats(std::move(results));
}

void Idempotency::ClaimAll(const AppendOp& op) {
  Claims claims;
  claims.reserve(op.count());
  for (size_t i = 0; i < op.count(); ++i) {
    const std::optional<IdempotencyKey> key = IdempotencyKey::Of(op.record(i));
    claims.push_back(key ? Claim(*key) : nullptr);
  }
  claims_.emplace(&op, std::move(claims));
}

Idempotency::Flight* Idempotency::Claim(const IdempotencyKey& key) {
  const auto found = flights_.find(key);
  if (found != flights_.end()) {
    if (found->second->owned && MutantIs(Mutant::kRepeatNotWaiting)) return nullptr;
    found->second->owned = true;
    return found->second.get();
  }
  auto flight = std::make_unique<Flight>();
  flight->text = absl::StrCat(key.vchannel, key.key);
  flight->vchannel_size = key.vchannel.size();
  flight->owned = true;
  Flight* const claimed = flight.get();
  flights_.emplace(claimed->key(), std::move(flight));
  return claimed;
}

void Idempotency::Withdraw(AppendOp& op) {
  if (!places_.contains(&op)) return;
  Wake(op, WalError(WalErrorCode::kDeadlineExceeded,
                    "withdrawn while it waited for an append with the same idempotency key"));
}

void Idempotency::Wake(const AppendOp& op, const absl::Status& status) {
  const auto found = places_.find(&op);
  const Place place = found->second;
  places_.erase(found);
  Promise<absl::Status> go_on = std::move(place.waiter->go_on);
  waiting_bytes_ -= place.waiter->bytes;
  place.flight->waiting.erase(place.waiter);
  go_on.Set(status);
}

// On the way back.

void Idempotency::After(const AppendOp& op) {
  const auto found = claims_.find(&op);
  CHECK(found != claims_.end()) << ToString(channel_) << ": an append ends that claimed no keys";
  const Claims claims = std::move(found->second);
  claims_.erase(found);
  const size_t known = op.done_count();
  for (size_t i = 0; i < claims.size(); ++i) {
    // What may be stored or not keeps its key: a second one must not be written.
    if (i >= known && i < known + op.unknown_count()) continue;
    if (claims[i] != nullptr) Release(*claims[i]);
  }
}

void Idempotency::Release(Flight& flight) {
  flight.owned = false;
  while (!flight.owned && !flight.waiting.empty()) {
    Waiter& next = flight.waiting.front();
    AppendOp& op = *next.op;
    Flight* const other = Enter(op, &next.look_from);
    if (other == nullptr) {
      Wake(op, absl::OkStatus());
    } else {
      other->waiting.splice(other->waiting.end(), flight.waiting, flight.waiting.begin());
      places_.find(&op)->second.flight = other;
    }
  }
  if (!flight.owned) flights_.erase(flights_.find(flight.key()));
}

}  // namespace tidelog::adaptor
