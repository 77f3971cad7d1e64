#include "wal/testing/memory_checkpoint_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog {
namespace {

absl::Status FencedError(const PChannel& channel, Term now) {
  return WalError(WalErrorCode::kChannelFenced,
                  absl::StrCat("the checkpoints of ", ToString(channel),
                               " were claimed under term ", ToInt(now)));
}

}  // namespace

class MemoryCheckpointStore::MemoryClaim final : public CheckpointClaim {
 public:
  MemoryClaim(MemoryCheckpointStore* store, PChannel channel)
      : store_(store), channel_(std::move(channel)), content_(store->sets_[channel_.name]) {
    revision_ = ++store_->revisions_[channel_.name];
  }

  const CheckpointSet& content() const override { return content_; }

  Future<absl::Status> Put(std::string name, Position position) override {
    CheckpointSet next = content_;
    TIDELOG_CO_RETURN_IF_ERROR(next.Put(name, position));
    absl::Status stored = co_await Store(std::move(next));
    co_return stored;
  }

  Future<absl::Status> Remove(std::string name) override {
    CheckpointSet next = content_;
    next.Remove(name);
    absl::Status stored = co_await Store(std::move(next));
    co_return stored;
  }

  Future<absl::Status> PutChain(std::string chain) override {
    CheckpointSet next = content_;
    TIDELOG_CO_RETURN_IF_ERROR(next.PutChain(chain));
    absl::Status stored = co_await Store(std::move(next));
    co_return stored;
  }

 private:
  Future<absl::Status> Store(CheckpointSet next) {
    co_await store_->Pass();
    CheckpointSet& stored = store_->sets_[channel_.name];
    uint64_t& revision = store_->revisions_[channel_.name];
    if (revision != revision_) co_return FencedError(channel_, stored.term);
    const bool fails = store_->changes_.count > 0;
    if (fails) --store_->changes_.count;
    if (fails && !store_->changes_.are_done) {
      // The next change, which stores all of it, settles what is unknown.
      if (EffectOf(store_->changes_.error) == Effect::kUnknown) content_ = std::move(next);
      co_return store_->changes_.error;
    }
    stored = next;
    revision_ = ++revision;
    content_ = std::move(next);
    co_return fails ? store_->changes_.error : absl::OkStatus();
  }

  MemoryCheckpointStore* const store_;
  const PChannel channel_;
  CheckpointSet content_;
  uint64_t revision_ = 0;
};

void MemoryCheckpointStore::FailChanges(int count, absl::Status error, bool are_done) {
  changes_ = {count, std::move(error), are_done};
}

void MemoryCheckpointStore::FailClaims(int count, absl::Status error) {
  claims_ = {count, std::move(error), false};
}

void MemoryCheckpointStore::FailReads(int count, absl::Status error) {
  reads_ = {count, std::move(error), false};
}

void MemoryCheckpointStore::Release() {
  held_ = false;
  reads_are_held_ = false;
  released_.NotifyAll();
}

Future<Unit> MemoryCheckpointStore::Pass() {
  while (held_) co_await released_.Wait();
  co_return Unit{};
}

Future<absl::StatusOr<std::unique_ptr<CheckpointClaim>>> MemoryCheckpointStore::Claim(
    PChannel channel) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateForWriting(channel));
  co_await Pass();
  if (claims_.count > 0) {
    --claims_.count;
    co_return claims_.error;
  }
  CheckpointSet& stored = sets_[channel.name];
  if (stored.term > channel.term) co_return FencedError(channel, stored.term);
  stored.term = channel.term;
  co_return std::make_unique<MemoryClaim>(this, channel);
}

Future<absl::StatusOr<CheckpointSet>> MemoryCheckpointStore::Read(std::string channel) {
  TIDELOG_CO_RETURN_IF_ERROR(ValidateChannelName(channel));
  while (reads_are_held_) co_await released_.Wait();
  if (reads_.count > 0) {
    --reads_.count;
    co_return reads_.error;
  }
  if (shown_.has_value()) co_return *std::exchange(shown_, std::nullopt);
  co_return sets_[channel];
}

}  // namespace tidelog
