// A log that is switched again and again, under load, with crashes, takeovers and failures at every
// stage, held against G6: nothing that was acknowledged is lost, nothing is there twice, and every
// reader sees the same, from wherever he begins.
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
  } kind{};
  uint64_t amount = 0;
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  static constexpr const char* kNames[] = {
      "Append",        "Switch",   "Hold",   "Release",  "FailAppend", "FailStore", "FailOpen",
      "FailFirstTick", "TakeOver", "Reopen", "CloseAll", "Advance",    "WallBack"};
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
                                                    {1, Kind::kWallBack}});
  return rc::gen::construct<Step>(kind, rc::gen::inRange<uint64_t>(0, 12));
}

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
    }
    world_.runtime().RunUntilIdle();
    Collect();
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
    const std::vector<std::string> all = world_.ReadAll(*wal_);
    RC_LOG() << world_.Chain().ToString() << "\n";
    CheckWhatIsThere(all);
    for (const auto& [payload, position] : positions_) {
      const auto found = std::find(all.begin(), all.end(), payload);
      RC_ASSERT(found != all.end());
      const std::vector<std::string> behind(found + 1, all.end());
      RC_ASSERT(world_.ReadAll(*wal_, {.from = After{position}}) == behind);
    }
    // The reader that was there from the beginning, in his own process.
    std::vector<std::string> read;
    while (read.size() < all.size()) {
      const absl::StatusOr<ScanBatch> batch =
          world_.Run([this] { return scanner_->Next(ScanBatch()); });
      RC_ASSERT(batch.ok());
      SwitchWorld::Add(*batch, &read);
    }
    RC_ASSERT(read == all);
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
  void Open() {
    term_ = Term{ToInt(term_) + 1};
    absl::StatusOr<std::unique_ptr<Wal>> wal = world_.Open(term_);
    if (wal.ok()) wal_ = *std::move(wal);
  }

  // What the callers were told.
  void Collect() {
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
    for (const std::string& payload : done_) RC_ASSERT(there.contains(payload));
    RC_ASSERT(switches >= switches_done_);
    RC_ASSERT(switches <= switches_done_ + switches_unknown_ + PendingSwitches());
    RC_ASSERT(world_.Chain().links.size() == static_cast<size_t>(switches) + 1);
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
};

RC_GTEST_PROP(SwitchProperty, LosesNothingAndRepeatsNothing, (uint64_t seed)) {
  const std::vector<Step> steps = *rc::gen::container<std::vector<Step>>(AnyStep());
  System system(seed);
  for (const Step& step : steps) system.Do(step);
  system.CheckAll();
}

}  // namespace
}  // namespace tidelog::adaptor
