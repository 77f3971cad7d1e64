#include "sim/kernel/scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/log/check.h"
#include "absl/log/log.h"
#include "wal/async/random_stream.h"

namespace tidelog::sim {
namespace {

class FifoScheduler final : public Scheduler {
 public:
  Runnable* Pick(const ReadySet& ready, uint64_t) override { return ready.oldest(); }
  bool Flip(uint64_t) override { return false; }
};

class RandomScheduler final : public Scheduler {
 public:
  explicit RandomScheduler(uint64_t seed) : random_(seed, "schedule") {}

  Runnable* Pick(const ReadySet& ready, uint64_t) override {
    if (ready.size() == 1) return ready.oldest();
    const uint64_t index = random_.Below(ready.size());
    return ready.at(index);
  }
  bool Flip(uint64_t) override { return random_.OneIn(1, 2); }

 private:
  RandomStream random_;
};

class PctScheduler final : public Scheduler {
 public:
  PctScheduler(const SchedulerOptions& options, uint64_t seed) : random_(seed, "schedule") {
    CHECK_GE(options.depth, 1) << "PCT has a depth of at least one";
    CHECK_GT(options.step_count, 0u) << "PCT must know about how many steps there will be";
    for (int i = 1; i < options.depth; ++i) {
      change_at_.push_back(random_.Below(options.step_count));
    }
    std::sort(change_at_.begin(), change_at_.end(), std::greater<>());
    lowest_ = change_at_.size() + 1;
  }

  Runnable* Pick(const ReadySet&, uint64_t step) override {
    while (!change_at_.empty() && change_at_.back() <= step) {
      change_at_.pop_back();
      Runnable* demoted = First();
      Removed(demoted);
      demoted->priority = --lowest_;
      Added(demoted);
    }
    return First();
  }
  bool Flip(uint64_t) override { return random_.OneIn(1, 2); }

  bool listens() const override { return true; }
  void Added(Runnable* item) override {
    // Those of change points are the lowest.
    if (item->priority == 0) item->priority = random_.Next() | uint64_t{1} << 32;
    by_priority_.emplace(std::pair(item->priority, item->number), item);
  }
  void Removed(Runnable* item) override {
    by_priority_.erase(std::pair(item->priority, item->number));
  }

 private:
  Runnable* First() const { return by_priority_.rbegin()->second; }

  RandomStream random_;
  std::vector<uint64_t> change_at_;  // Steps, the next one last.
  uint64_t lowest_;
  absl::btree_map<std::pair<uint64_t, uint64_t>, Runnable*> by_priority_;
};

class StarveScheduler final : public Scheduler {
 public:
  explicit StarveScheduler(uint64_t victim) : victim_(victim) {}

  Runnable* Pick(const ReadySet& ready, uint64_t) override {
    Runnable* oldest = ready.oldest();
    if (oldest->number != victim_ || ready.size() == 1) return oldest;
    return ReadySet::NewerThan(oldest);
  }
  bool Flip(uint64_t) override { return false; }

 private:
  const uint64_t victim_;
};

class ReplayScheduler final : public Scheduler {
 public:
  explicit ReplayScheduler(std::vector<Choice> choices) : choices_(std::move(choices)) {
    CHECK(std::is_sorted(choices_.begin(), choices_.end(), [](const Choice& a, const Choice& b) {
      return a.step < b.step;
    })) << "recorded choices are not in the order of their steps";
  }

  Runnable* Pick(const ReadySet& ready, uint64_t step) override {
    if (!HasChoice(step)) return ready.oldest();
    const auto found = ready_.find(choices_[next_].number);
    return found == ready_.end() ? ready.oldest() : found->second;
  }
  bool Flip(uint64_t step) override { return HasChoice(step) && choices_[next_].flipped; }

  bool listens() const override { return true; }
  void Added(Runnable* item) override { ready_.emplace(item->number, item); }
  void Removed(Runnable* item) override { ready_.erase(item->number); }

 private:
  // Not every step asks: where somebody has waited too long there is no choice.
  bool HasChoice(uint64_t step) {
    while (next_ < choices_.size() && choices_[next_].step < step) ++next_;
    return next_ < choices_.size() && choices_[next_].step == step;
  }

  const std::vector<Choice> choices_;
  size_t next_ = 0;
  absl::flat_hash_map<uint64_t, Runnable*> ready_;  // By number; never iterated.
};

}  // namespace

std::string_view NameOf(SchedulerKind kind) {
  switch (kind) {
    case SchedulerKind::kFifo:
      return "fifo";
    case SchedulerKind::kRandomReady:
      return "random";
    case SchedulerKind::kPct:
      return "pct";
    case SchedulerKind::kStarve:
      return "starve";
    case SchedulerKind::kReplay:
      return "replay";
  }
  LOG(FATAL) << "no scheduler: " << static_cast<int>(kind);
}

std::unique_ptr<Scheduler> MakeScheduler(const SchedulerOptions& options, uint64_t seed) {
  switch (options.kind) {
    case SchedulerKind::kFifo:
      return std::make_unique<FifoScheduler>();
    case SchedulerKind::kRandomReady:
      return std::make_unique<RandomScheduler>(seed);
    case SchedulerKind::kPct:
      return std::make_unique<PctScheduler>(options, seed);
    case SchedulerKind::kStarve:
      return std::make_unique<StarveScheduler>(options.victim);
    case SchedulerKind::kReplay:
      return std::make_unique<ReplayScheduler>(options.choices);
  }
  LOG(FATAL) << "no scheduler: " << static_cast<int>(options.kind);
}

}  // namespace tidelog::sim
