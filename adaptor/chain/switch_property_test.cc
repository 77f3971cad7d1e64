// A log that is switched again and again, under load, with crashes, takeovers and failures at every
// stage, truncated, also by who has lost it, and held by a checkpoint.  Held against G6: nothing
// that was acknowledged is lost, or was truncated and a checkpoint holds it; nothing is there
// twice; and every reader sees the same, from wherever he begins.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/chain/switch_world.h"
#include "adaptor/testing/log_world.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/async/future.h"
#include "wal/backend_switch.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using Held = walimpls::FakeLog::Held;
using Result = absl::StatusOr<AppendResult>;

struct Step {
  enum class Kind {
    kAppend,  // `amount` % 4 + 1 of them, at once.
    kSwitch,  // Among appends.
    kHold,    // Groups stay at the backend; `amount` even: and are stored, if they may be.
    kRelease,
    kFailAppend,
    kFailStore,      // The next change of the chain; `amount` % 3: not done, or unknown.
    kFailOpen,       // Of the place that the log is in.
    kFailFirstTick,  // Of the place that it was switched to last, or is to be.
    kTakeOver,       // As after a crash: the owner before is not asked.
    kReopen,
    kCloseAll,  // Those who are fenced as well.
    kAdvance,
    kWallBack,
    kTruncate,    // To what was acknowledged; `amount` % 4 == 0: by an owner of before.
    kCheckpoint,  // The same.
    kUnregister,
    kOpenTwice,   // Under one term, at once.
    kReopenSame,  // Under the same term, after a clean close.
    kLook,        // By another process, for reading.
  } kind{};
  uint64_t amount = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* kNames[] = {
      "Append",     "Switch",    "Hold",          "Release",  "FailAppend",
      "FailStore",  "FailOpen",  "FailFirstTick", "TakeOver", "Reopen",
      "CloseAll",   "Advance",   "WallBack",      "Truncate", "Checkpoint",
      "Unregister", "OpenTwice", "ReopenSame",    "Look"};
  return out << kNames[static_cast<int>(step.kind)] << "(" << step.amount << ")";
}

rc::Gen<Step> AnyStep() {
  using Kind = Step::Kind;
  const auto kind = rc::gen::weightedElement<Kind>({{12, Kind::kAppend},
                                                    {6, Kind::kSwitch},
                                                    {3, Kind::kHold},
                                                    {3, Kind::kRelease},
                                                    {2, Kind::kFailAppend},
                                                    {3, Kind::kFailStore},
                                                    {2, Kind::kFailOpen},
                                                    {2, Kind::kFailFirstTick},
                                                    {5, Kind::kTakeOver},
                                                    {4, Kind::kReopen},
                                                    {2, Kind::kCloseAll},
                                                    {4, Kind::kAdvance},
                                                    {1, Kind::kWallBack},
                                                    {5, Kind::kTruncate},
                                                    {4, Kind::kCheckpoint},
                                                    {1, Kind::kUnregister},
                                                    {2, Kind::kOpenTwice},
                                                    {2, Kind::kReopenSame},
                                                    {3, Kind::kLook}});
  return rc::gen::construct<Step>(kind, rc::gen::inRange<uint64_t>(0, 12));
}

constexpr char kLast[] = "last";

class System {
 public:
  explicit System(uint64_t seed) : world_(seed) {
    wal_ = world_.MustOpen(term_);
    absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
    RC_ASSERT(reader.ok());
    reader_ = *std::move(reader);
    absl::StatusOr<std::unique_ptr<Scanner>> scanner =
        world_.Run([this] { return reader_->Read({}); });
    RC_ASSERT(scanner.ok());
    scanner_ = *std::move(scanner);
  }
  ~System() {
    world_.store().Release();
    Release();
    (void)world_.Run([this] { return scanner_->Close(); });
    (void)world_.Run([this] { return reader_->Close(); });
    for (std::unique_ptr<Wal>& wal : before_) world_.Close(&wal);
    world_.Close(&wal_);
  }

  void Do(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kAppend:
        for (uint64_t i = 0; i <= step.amount % 4; ++i) Append();
        break;
      case Step::Kind::kSwitch:
        Switch(step.amount % 3);
        break;
      case Step::Kind::kHold:
        Release();  // What is held behind another is not stored before it.
        // What is stored cannot end not done.
        Newest().HoldAppends(step.amount % 2 == 0 && !failures_ordered_ ? Held::kStored
                                                                        : Held::kNotStored);
        break;
      case Step::Kind::kRelease:
        Release();
        break;
      case Step::Kind::kFailAppend:
        Release();
        failures_ordered_ = true;
        Newest().FailAppends(1, step.amount % 2 == 0 ? WalErrorCode::kUnavailable
                                                     : WalErrorCode::kResourceExhausted);
        break;
      case Step::Kind::kFailStore:
        world_.store().FailChanges(1,
                                   WalError(step.amount % 3 == 0 ? WalErrorCode::kUnavailable
                                                                 : WalErrorCode::kOutcomeUnknown,
                                            "ordered"),
                                   /*are_done=*/step.amount % 3 == 1);
        break;
      case Step::Kind::kFailOpen:
        Newest().FailOpens(1 + step.amount % 2, WalError(WalErrorCode::kUnavailable, "ordered"));
        break;
      case Step::Kind::kFailFirstTick:
        Release();
        failures_ordered_ = true;
        world_.at(absl::StrCat("p", places_)).FailAppends(1, WalErrorCode::kResourceExhausted);
        break;
      case Step::Kind::kTakeOver:
        if (wal_ != nullptr) before_.push_back(std::move(wal_));
        Open();
        break;
      case Step::Kind::kReopen:
        Release();
        world_.Close(&wal_);
        Open();
        break;
      case Step::Kind::kCloseAll:
        Release();
        world_.Close(&wal_);
        for (std::unique_ptr<Wal>& wal : before_) world_.Close(&wal);
        before_.clear();
        Open();
        break;
      case Step::Kind::kAdvance:
        world_.runtime().Advance(absl::Milliseconds(100) * step.amount);
        break;
      case Step::Kind::kWallBack:
        world_.runtime().JumpWall(-absl::Minutes(static_cast<int64_t>(step.amount)));
        break;
      default:
        DoWithMarks(step);
        break;
    }
    // What it has begun goes on beside what comes next.
    const bool is_slow = step.kind == Step::Kind::kTruncate && step.amount % 2 == 0;
    if (!is_slow) world_.runtime().RunUntilIdle();
    Collect();
  }

  void DoWithMarks(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kTruncate:
        Truncate(step.amount);
        break;
      case Step::Kind::kCheckpoint:
        Register(step.amount);
        break;
      case Step::Kind::kUnregister:
        Unregister();
        break;
      case Step::Kind::kOpenTwice:
        if (wal_ != nullptr) before_.push_back(std::move(wal_));
        OpenTwice();
        break;
      case Step::Kind::kReopenSame:
        Release();
        world_.Close(&wal_);
        Collect();
        OpenUnder(term_);
        break;
      case Step::Kind::kLook:
        Look();
        break;
      default:
        break;
    }
  }

  void CheckAll() {
    Release();
    for (int place = 0; place <= places_; ++place) {
      world_.at(place == 0 ? "a" : absl::StrCat("p", place)).FailOpens(0, absl::OkStatus());
    }
    world_.runtime().Advance(absl::Seconds(1));
    if (wal_ != nullptr) before_.push_back(std::move(wal_));
    for (int tries = 0; wal_ == nullptr && tries < 10; ++tries) Open();
    RC_ASSERT(wal_ != nullptr);
    Collect();
    for (int tries = 0; tries < 40 && !done_.contains(kLast); ++tries) {
      pending_.push_back({kLast, LogWorld::StartAppend(*wal_, kLast)});
      world_.runtime().RunUntilIdle();
      Collect();
    }
    const std::vector<std::string> all = world_.ReadAll(*wal_);
    RC_LOG() << world_.Chain().ToString() << "\n";
    CheckNothingIsMissing(all);
    CheckWhatIsThere(all);
    for (const auto& [payload, position] : positions_) CheckReadAfter(payload, position, all);
    CheckReader(all);
  }

  void CheckReadAfter(const std::string& payload, const Position& position,
                      const std::vector<std::string>& all) {
    const std::vector<std::string> read = world_.ReadAll(*wal_, {.from = After{position}});
    const auto found = std::find(all.begin(), all.end(), payload);
    const bool is_there = found != all.end();
    const std::vector<std::string> behind(is_there ? found + 1 : all.begin(), all.end());
    if (read == behind) return;
    RC_ASSERT(!is_there);
    RC_ASSERT(!held_ || position.time_tick < *held_);
    RC_ASSERT(read == std::vector<std::string>{"POSITION_GONE"});
  }
  // The reader that was there from the beginning, in his own process.
  void CheckReader(const std::vector<std::string>& all) {
    std::vector<std::string> read;
    while (read.empty() || read.back() != kLast) {
      const absl::StatusOr<ScanBatch> batch =
          world_.Run([this] { return scanner_->Next(ScanBatch()); });
      if (asked_to_forget_ > TimeTick{0} && CodeOf(batch) == WalErrorCode::kPositionGone) return;
      RC_ASSERT(batch.ok());
      SwitchWorld::Add(*batch, &read);
    }
    RC_ASSERT(read.size() >= all.size());
    RC_ASSERT(std::equal(all.rbegin(), all.rend(), read.rbegin()));
  }

 private:
  struct Pending {
    std::string payload;  // "|": a switch.
    Future<Result> result;
  };

  walimpls::FakeLog& Newest() {
    const BackendTarget target = world_.Chain().last().target;
    return world_.at(target.config.empty() ? "a" : target.config.at("at"));
  }
  void Release() {
    world_.at("a").StopHoldingAppends();
    for (int place = 1; place <= places_; ++place) {
      world_.at(absl::StrCat("p", place)).StopHoldingAppends();
    }
    world_.runtime().RunUntilIdle();
  }
  void Append() {
    if (wal_ == nullptr) return;
    const std::string payload = absl::StrCat(next_++);
    pending_.push_back({payload, LogWorld::StartAppend(*wal_, payload)});
  }
  // With appends before and behind that are under way with it.
  void Switch(uint64_t appends) {
    if (wal_ == nullptr || places_ >= 12) return;
    for (uint64_t i = 0; i < appends; ++i) Append();
    const std::string place = absl::StrCat("p", ++places_);
    pending_.push_back({"|", wal_->Append(SwitchWorld::AlterWal(place), {})});
    for (uint64_t i = 0; i < appends; ++i) Append();
  }
  void Open() { OpenUnder(Term{ToInt(term_) + 1}); }
  void OpenUnder(Term term) {
    term_ = term;
    absl::StatusOr<std::unique_ptr<Wal>> wal = world_.Open(term_);
    if (wal.ok()) wal_ = *std::move(wal);
  }
  // A2: one at most has it.
  void OpenTwice() {
    term_ = Term{ToInt(term_) + 1};
    std::vector<Future<absl::StatusOr<std::unique_ptr<Wal>>>> opens;
    for (int i = 0; i < 2; ++i) opens.push_back(world_.StartOpen(term_));
    world_.runtime().Advance(absl::Minutes(2));
    for (Future<absl::StatusOr<std::unique_ptr<Wal>>>& open : opens) {
      RC_ASSERT(open.ready());
      absl::StatusOr<std::unique_ptr<Wal>> wal = std::move(open).Take();
      if (!wal.ok()) continue;
      RC_ASSERT(wal_ == nullptr);
      wal_ = *std::move(wal);
    }
  }
  void Look() {
    absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
    if (!reader.ok()) return;
    const std::vector<std::string> read = world_.ReadAll(**reader);
    (void)world_.Run([&] { return (*reader)->Close(); });
    CheckNothingIsMissing(read);
  }

  Wal* OwnerOrOneBefore(uint64_t amount) {
    if (amount % 4 == 0 && !before_.empty()) return before_[amount % before_.size()].get();
    return wal_.get();
  }
  void Truncate(uint64_t amount) {
    Wal* wal = OwnerOrOneBefore(amount);
    if (wal == nullptr || positions_.empty() || truncation_) return;
    const Position to = positions_[amount * 7 % positions_.size()].second;
    asked_to_forget_ = std::max(asked_to_forget_, to.time_tick);
    truncation_ = wal->Truncate(to);
  }
  // While its outcome is open, and if that is unknown, what is behind both is held.
  void Register(uint64_t amount) {
    Wal* wal = OwnerOrOneBefore(amount);
    if (wal == nullptr || positions_.empty() || change_) return;
    const Position at = positions_[amount * 5 % positions_.size()].second;
    held_before_ = held_;
    held_after_ = at.time_tick;
    held_ = held_before_ ? std::max(*held_before_, at.time_tick) : held_before_;
    change_ = wal->RegisterCheckpoint("indexer", at);
  }
  void Unregister() {
    if (wal_ == nullptr || change_) return;
    held_before_ = held_;
    held_.reset();
    held_after_.reset();
    change_ = wal_->UnregisterCheckpoint("indexer");
  }
  void CollectMarks() {
    if (truncation_ && truncation_->ready()) {
      const absl::StatusOr<Position> reached = std::move(*truncation_).Take();
      truncation_.reset();
      if (reached.ok()) forgotten_ = std::max(forgotten_, reached->time_tick);
    }
    if (!change_ || !change_->ready()) return;
    const absl::Status changed = std::move(*change_).Take();
    change_.reset();
    if (EffectOf(changed) == Effect::kDone) held_ = held_after_;
    if (EffectOf(changed) == Effect::kNotDone) held_ = held_before_;
  }
  // What nobody has truncated, or a checkpoint holds.
  bool MustBeThere(TimeTick tick) const {
    return tick > asked_to_forget_ || (held_ && tick > *held_);
  }
  // What was acknowledged, behind the checkpoint and the truncation; and nothing in front of that.
  void CheckNothingIsMissing(const std::vector<std::string>& read) {
    for (const auto& [payload, position] : positions_) {
      const bool is_there = std::find(read.begin(), read.end(), payload) != read.end();
      if (MustBeThere(position.time_tick)) RC_ASSERT(is_there);
      if (position.time_tick <= forgotten_) RC_ASSERT(!is_there);
    }
  }

  // What the callers were told.
  void Collect() {
    CollectMarks();
    std::vector<Pending> left;
    for (Pending& pending : pending_) {
      if (!pending.result.ready()) {
        left.push_back(std::move(pending));
        continue;
      }
      const Result result = std::move(pending.result).Take();
      if (pending.payload == "|") {
        switches_done_ += result.ok() ? 1 : 0;
        switches_unknown_ += EffectOf(result.status()) == Effect::kUnknown ? 1 : 0;
      } else if (result.ok()) {
        positions_.push_back({pending.payload, result->position()});
        done_.insert(pending.payload);
      } else if (EffectOf(result.status()) == Effect::kUnknown) {
        unknown_.insert(pending.payload);
      }
    }
    pending_ = std::move(left);
  }

  void CheckWhatIsThere(const std::vector<std::string>& all) {
    absl::btree_set<std::string> there;
    int switches = 0;
    for (const std::string& payload : all) {
      if (payload == "|") {
        ++switches;
        continue;
      }
      RC_ASSERT(there.insert(payload).second);  // Nothing twice.
      // Else it is none that was appended and not refused; an error, perhaps.
      if (done_.contains(payload) || unknown_.contains(payload) || IsPending(payload)) continue;
      RC_FAIL(absl::StrCat("nobody may find ", payload));
    }
    const int last = static_cast<int>(world_.Chain().last().epoch);
    RC_ASSERT(last >= switches_done_);
    RC_ASSERT(last <= switches_done_ + switches_unknown_ + PendingSwitches());
    RC_ASSERT(switches <= last);
    if (asked_to_forget_ == TimeTick{0}) RC_ASSERT(switches == last);
  }
  bool IsPending(const std::string& payload) const {
    return std::any_of(pending_.begin(), pending_.end(),
                       [&](const Pending& p) { return p.payload == payload; });
  }
  int PendingSwitches() const {
    return static_cast<int>(std::count_if(pending_.begin(), pending_.end(),
                                          [](const Pending& p) { return p.payload == "|"; }));
  }

  SwitchWorld world_;
  Term term_{1};
  std::unique_ptr<Wal> wal_;
  std::vector<std::unique_ptr<Wal>> before_;  // Who do not know, perhaps, that they are fenced.
  std::unique_ptr<RoWal> reader_;
  std::unique_ptr<Scanner> scanner_;
  std::vector<Pending> pending_;
  std::vector<std::pair<std::string, Position>> positions_;
  absl::btree_set<std::string> done_, unknown_;
  int switches_done_ = 0;
  int switches_unknown_ = 0;
  bool failures_ordered_ = false;
  int next_ = 0;
  int places_ = 0;

  std::optional<Future<absl::StatusOr<Position>>> truncation_;
  std::optional<Future<absl::Status>> change_;               // Of the checkpoint.
  std::optional<TimeTick> held_, held_before_, held_after_;  // What is behind it is held.
  TimeTick asked_to_forget_{};  // The greatest tick that a truncation was asked for.
  TimeTick forgotten_{};        // The greatest that one was told.
};

RC_GTEST_PROP(SwitchProperty, LosesNothingAndRepeatsNothing, (uint64_t seed)) {
  const std::vector<Step> steps = *rc::gen::container<std::vector<Step>>(AnyStep());
  System system(seed);
  for (const Step& step : steps) system.Do(step);
  system.CheckAll();
}

}  // namespace
}  // namespace tidelog::adaptor
