// The log as its callers see it against a model, on the backends that keep logs of their own:
// whatever is done to it, in whatever order, it answers and delivers what the model does.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "sim/model/wal_command.h"
#include "sim/model/wal_model.h"
#include "sim/model/wal_readers.h"
#include "sim/model/wal_world.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/opener.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::sim {
namespace {

constexpr char kChannel[] = "orders";
// The processes: writers are of the first two in turn.
constexpr size_t kReadersProcess = 2;
// In virtual time: a tick and some, after which a reader elsewhere has been told of everything.
constexpr absl::Duration kTold = absl::Milliseconds(400);

// RapidCheck shows what it compares.
std::string CodeName(const absl::Status& status) {
  return WalErrorCodeName(GetWalErrorCode(status));
}

// An append whose end its caller did not see.
struct Loose {
  WalModel::Message message;
  std::optional<AppendResult> done = std::nullopt;
  bool not_done = false;
};

// A log, those who use it, and what it must hold.
class System {
 public:
  System(WalWorld::Backend backend, uint64_t seed) : world_(backend, seed) { OpenNext(1); }

  ~System() {
    for (std::unique_ptr<Wal>& wal : stale_) Close(wal.get());
    if (ro_wal_ != nullptr) Close(ro_wal_.get());
    if (wal_ != nullptr) Close(wal_.get());
  }

  void Do(const WalCommand& command) {
    switch (command.kind) {
      case WalCommand::Kind::kAppend:
        return AppendSeveral(1, command.a);
      case WalCommand::Kind::kAppendSeveral:
        return AppendSeveral(2 + command.b % 4, command.a);
      case WalCommand::Kind::kBatch:
        return AppendBatch(1 + command.b % 5, command.a);
      case WalCommand::Kind::kDropAppend:
        return DropAppend(command.a);
      case WalCommand::Kind::kScan:
        return readers_.ScanOnce(wal_.get(), command.a, command.b);
      case WalCommand::Kind::kScanElsewhere:
        return readers_.ScanOnce(Elsewhere(), command.a, command.b);
      case WalCommand::Kind::kFollow:
        return readers_.Follow(wal_.get(), command.a, command.b);
      case WalCommand::Kind::kFollowElsewhere:
        return readers_.Follow(Elsewhere(), command.a, command.b);
      case WalCommand::Kind::kReadOn:
        return ReadOn();
      case WalCommand::Kind::kResume:
        return readers_.Resume(wal_.get(), command.a);
      case WalCommand::Kind::kTruncate:
        return Truncate(command.a);
      case WalCommand::Kind::kAboveTail:
        return GoAboveTail(command.a);
      case WalCommand::Kind::kAsk:
        return Ask();
      case WalCommand::Kind::kAdvance:
        return world_.runtime().Advance(absl::Milliseconds(command.a % 1000));
      case WalCommand::Kind::kReopen:
        CloseWriter();
        return CheckOpened(Open(term_));
      case WalCommand::Kind::kNextTerm:
        CloseWriter();
        return OpenNext(1 + command.b % 3);
      case WalCommand::Kind::kCloseUnder:
        return CloseUnder(command);
      case WalCommand::Kind::kTakeOver:
        stale_.push_back(std::move(wal_));
        return OpenNext(1 + command.b % 3);
      case WalCommand::Kind::kDropOpen:
        return DropOpen();
      case WalCommand::Kind::kOpenTooLow:
        return CheckRefused(term_ - static_cast<int64_t>(command.a % ToUnsigned(term_)));
      case WalCommand::Kind::kUseStale:
        return UseStale(command);
      case WalCommand::Kind::kCloseStale:
        return CloseStale(command.a);
      case WalCommand::Kind::kRegister:
        return Register(command.a, command.b);
      case WalCommand::Kind::kUnregister:
        return Unregister(command.a);
    }
  }

  // INVARIANT: the owner, a reader elsewhere, everybody who resumes at a position and everybody who
  // has followed from somewhere on are given what was acknowledged and not forgotten, once, in
  // order, and nothing else.
  void CheckInvariants() {
    AppendSeveral(1, 0);
    Ask();
    readers_.ScanOnce(wal_.get(), 0, 0);
    readers_.ScanOnce(Elsewhere(), 0, 0);
    const uint64_t count = model_.messages.size();
    for (uint64_t i = count > 8 ? count - 8 : 0; i < count; ++i) {
      readers_.ScanOnce(wal_.get(), 4 * i + 3, 0);
    }
    ReadOn();
    CheckCheckpoints(Elsewhere());
    RC_ASSERT(world_.term_violations() == 0);
  }

 private:
  static uint64_t ToUnsigned(int64_t value) { return static_cast<uint64_t>(value); }

  // Writing.

  MutableMessage NextMessage(uint64_t amount, WalModel::Message* made) {
    static constexpr MessageType kTypes[] = {MessageType::kInsert, MessageType::kDelete,
                                             MessageType{5000}};
    made->payload = absl::StrCat("m", ++last_number_, ".");
    made->payload.resize(made->payload.size() + amount % 3000, 'x');
    made->type = kTypes[amount % 3];
    made->term = Term{term_};
    if (amount % 4 > 0) made->vchannel = absl::StrCat("v", 1 + amount % 2);
    MutableMessage::Builder builder(made->type);
    if (!made->vchannel.empty()) builder.VChannel(made->vchannel);
    absl::StatusOr<MutableMessage> message = std::move(builder).Build(made->payload);
    CHECK_OK(message);
    return *std::move(message);
  }

  void Acknowledge(WalModel::Message message, const AppendResult& result) {
    message.id = result.id;
    message.last_confirmed = result.last_confirmed;
    message.tick = result.time_tick;
    RC_ASSERT(!result.duplicate);
    RC_ASSERT(model_.Append(std::move(message)) == "");
  }

  using Appends = std::vector<Future<absl::StatusOr<AppendResult>>>;

  Appends StartAppends(size_t count, uint64_t amount, std::vector<WalModel::Message>* made) {
    Appends appends;
    for (size_t i = 0; i < count; ++i) {
      MutableMessage message = NextMessage(amount + i, &made->emplace_back());
      appends.push_back(wal_->Append(std::move(message), AppendOptions()));
    }
    return appends;
  }

  void AppendSeveral(size_t count, uint64_t amount) {
    std::vector<WalModel::Message> made;
    Appends appends = StartAppends(count, amount, &made);
    for (size_t i = 0; i < count; ++i) {
      const absl::StatusOr<AppendResult> result = world_.Run([&] { return std::move(appends[i]); });
      RC_ASSERT(result.status() == absl::OkStatus());
      Acknowledge(std::move(made[i]), *result);
    }
  }

  void AppendBatch(size_t count, uint64_t amount) {
    std::vector<WalModel::Message> made(count);
    std::vector<MutableMessage> messages;
    for (size_t i = 0; i < count; ++i) messages.push_back(NextMessage(amount + i, &made[i]));
    const BatchResult result =
        world_.Run([&] { return wal_->AppendBatch(std::move(messages), AppendOptions()); });
    RC_ASSERT(result.rest == absl::OkStatus());
    RC_ASSERT(result.unknown == 0u);
    RC_ASSERT(result.done.size() == count);
    for (size_t i = 0; i < count; ++i) Acknowledge(std::move(made[i]), result.done[i]);
  }

  // Dropping a future neither cancels nor loses the operation.
  void DropAppend(uint64_t amount) {
    std::vector<WalModel::Message> made;
    StartAppends(1, amount, &made).clear();
    world_.runtime().RunUntilIdle();
    const size_t count = model_.messages.size();
    Settle({Loose{std::move(made[0])}});
    RC_ASSERT(model_.messages.size() == count + 1);
  }

  // Looks what became of appends of which nobody knows; from now on that must stay so.
  void Settle(const std::vector<Loose>& loose) {
    ReadOptions options;
    options.until = TailAtOpen{};
    const bool from_last = model_.last_tick() > model_.mark_tick();
    if (from_last) options.from = After{model_.messages.back().position()};
    const WalModel::Seen seen = world_.ReadAll(wal_.get(), options);
    RC_ASSERT(WalErrorCodeName(seen.end) == "OK");
    size_t next = 0;
    for (const Loose& one : loose) {
      const bool is_there =
          next < seen.messages.size() && seen.messages[next].payload == one.message.payload;
      RC_ASSERT(!(is_there && one.not_done));
      RC_ASSERT(is_there || !one.done);
      if (!is_there) continue;
      const WalModel::Message& there = seen.messages[next++];
      AppendResult result;
      result.id = there.id;
      result.last_confirmed = there.last_confirmed;
      result.time_tick = there.tick;
      Acknowledge(one.message, one.done.value_or(result));
      RC_ASSERT(there == model_.messages.back());
    }
    RC_ASSERT(next == seen.messages.size());
  }

  // Opening and closing.

  absl::StatusOr<std::unique_ptr<Wal>> Open(int64_t term) {
    Opener& opener = world_.opener(++opens_ % 2);
    return world_.Run([&] { return opener.Open({kChannel, Term{term}}); });
  }

  void CheckOpened(absl::StatusOr<std::unique_ptr<Wal>> opened) {
    RC_ASSERT(opened.status() == absl::OkStatus());
    wal_ = *std::move(opened);
    term_ = ToInt(wal_->channel().term);
  }

  void OpenNext(int64_t steps) { CheckOpened(Open(term_ + steps)); }

  void CheckRefused(int64_t term) {
    RC_ASSERT(CodeName(Open(term).status()) == "UNMATCHED_CHANNEL_TERM");
  }

  void Close(RoWal* log) {
    const absl::Status closed = world_.Run([log] { return log->Close(); });
    CHECK_OK(closed);
  }

  // Its scanners end, and may outlive it.
  template <class Log>
  void CloseLog(std::unique_ptr<Log> log) {
    Close(log.get());
    readers_.CheckClosed(log.get());
    const RoWal* const closed = log.get();
    log.reset();
    readers_.ForgetThoseOf(closed);
  }

  void CloseWriter() { CloseLog(std::move(wal_)); }

  void CloseUnder(const WalCommand& command) {
    std::vector<WalModel::Message> made;
    Appends appends = StartAppends(2 + command.b % 4, command.a, &made);
    CloseWriter();
    std::vector<Loose> loose;
    for (size_t i = 0; i < appends.size(); ++i) {
      const absl::StatusOr<AppendResult> result = world_.Run([&] { return std::move(appends[i]); });
      Loose& one = loose.emplace_back(Loose{std::move(made[i])});
      if (result.ok()) one.done = *result;
      one.not_done = EffectOf(result.status()) == Effect::kNotDone;
    }
    OpenNext(1);
    Settle(loose);
  }

  void DropOpen() {
    (void)world_.opener(++opens_ % 2).Open({kChannel, Term{++term_}});
    world_.runtime().Advance(kTold);
    stale_.push_back(std::move(wal_));
    OpenNext(1);
  }

  void UseStale(const WalCommand& command) {
    if (stale_.empty()) return;
    Wal& stale = *stale_[command.b % stale_.size()];
    absl::Status told;
    WalModel::Message unused;
    switch (command.a % 6) {
      case 0:
        told = world_.Run([&] { return stale.Info(); }).status();
        break;
      case 1:
        told = world_.Run([&] { return stale.LatestMvcc(""); }).status();
        break;
      case 2: {
        // What lies above its own tail it does not know.
        const WalModel::Message* last = LastOf(stale.channel().term);
        if (last == nullptr || last->tick <= model_.mark_tick()) return;
        told = world_.Run([&] { return stale.Truncate(last->position()); }).status();
        break;
      }
      case 3:
        told =
            world_
                .Run([&] { return stale.Append(NextMessage(command.a, &unused), AppendOptions()); })
                .status();
        // It was on its way when the fence was found.
        if (CodeName(told) == "OUTCOME_UNKNOWN") return;
        break;
      case 4:
        // Also of a higher term.
        if (model_.messages.empty()) return;
        told = world_.Run(
            [&] { return stale.RegisterCheckpoint("s", model_.messages.back().position()); });
        break;
      case 5:
        told = world_.Run([&] { return stale.UnregisterCheckpoint("a"); });
        break;
    }
    RC_ASSERT(CodeName(told) == "CHANNEL_FENCED");
    const absl::Status lost = world_.Run([&] { return stale.WhenUnavailable(); });
    RC_ASSERT(CodeName(lost) == "CHANNEL_FENCED");
  }

  // The last message of that term or a lower one.
  const WalModel::Message* LastOf(Term term) const {
    const WalModel::Message* last = nullptr;
    for (const WalModel::Message& message : model_.messages) {
      if (message.term <= term) last = &message;
    }
    return last;
  }

  void CloseStale(uint64_t amount) {
    if (stale_.empty()) return;
    const auto stale = stale_.begin() + static_cast<ptrdiff_t>(amount % stale_.size());
    CloseLog(std::move(*stale));
    stale_.erase(stale);
    CheckRefused(term_);
  }

  // Asking and forgetting.

  void Ask() {
    const absl::StatusOr<LogInfo> info = world_.Run([&] { return wal_->Info(); });
    RC_ASSERT(info.status() == absl::OkStatus());
    RC_ASSERT(info->newest_term == Term{term_});
    RC_ASSERT(TextOf(info->oldest) == TextOf(model_.mark()));
    RC_ASSERT(info->tail.has_value());
    RC_ASSERT(ToInt(info->tail->time_tick) >= ToInt(model_.last_tick()));
    for (const char* vchannel : {"", "v1", "v2"}) {
      const absl::StatusOr<Mvcc> mvcc = world_.Run([&] { return wal_->LatestMvcc(vchannel); });
      RC_ASSERT(mvcc.status() == absl::OkStatus());
      const std::vector<WalModel::Message> its = model_.Answer({.vchannel = vchannel});
      if (!its.empty()) RC_ASSERT(ToInt(mvcc->time_tick) >= ToInt(its.back().tick));
    }
    CheckCheckpoints(wal_.get());
  }

  // G2, G3: they are what was registered last, by whichever term, and nothing behind one is gone.
  void CheckCheckpoints(RoWal* log) {
    const auto listed = world_.Run([log] { return log->Checkpoints(); });
    RC_ASSERT(listed.status() == absl::OkStatus());
    RC_ASSERT(listed->size() == model_.checkpoints.size());
    for (const Checkpoint& checkpoint : *listed) {
      RC_ASSERT(checkpoint == model_.checkpoints[checkpoint.name]);
      ReadOptions options;
      options.from = After{checkpoint.position};
      options.until = TailAtOpen{};
      const WalModel::Seen seen = world_.ReadAll(log, options);
      const WalModel::Question question{.after = checkpoint.position.time_tick};
      RC_ASSERT(model_.CheckScan(question, WalModel::Gone::kNever, seen) == "");
    }
  }

  void Register(uint64_t amount, uint64_t which) {
    if (model_.messages.empty()) return;
    const std::string name(1, static_cast<char>('a' + which % 3));
    const Position position = model_.messages[amount % model_.messages.size()].position();
    const absl::Status told = world_.Run([&] { return wal_->RegisterCheckpoint(name, position); });
    const auto there = model_.checkpoints.find(name);
    const bool goes_back = there != model_.checkpoints.end() && there->second.term == Term{term_} &&
                           position.time_tick < there->second.position.time_tick;
    if (position.time_tick < model_.mark_tick()) {
      RC_ASSERT(CodeName(told) == "POSITION_GONE");
      RC_ASSERT(TextOf(OldestPositionOf(told)) == TextOf(model_.mark()));
    } else if (goes_back) {
      RC_ASSERT(GetWalErrorCode(told) == WalErrorCode::kInvalidArgument);
    } else {
      RC_ASSERT(told == absl::OkStatus());
      model_.checkpoints[name] = Checkpoint{name, position, Term{term_}};
    }
  }

  void Unregister(uint64_t which) {
    const std::string name(1, static_cast<char>('a' + which % 3));
    const absl::Status told = world_.Run([&] { return wal_->UnregisterCheckpoint(name); });
    RC_ASSERT(told == absl::OkStatus());
    model_.checkpoints.erase(name);
  }

  void Truncate(uint64_t amount) {
    if (model_.messages.empty()) return;
    const Position through = model_.messages[amount % model_.messages.size()].position();
    const absl::StatusOr<Position> mark = world_.Run([&] { return wal_->Truncate(through); });
    RC_ASSERT(mark.status() == absl::OkStatus());
    const TimeTick held = model_.HeldBack(through.time_tick);
    if (held <= model_.mark_tick()) {
      RC_ASSERT(TextOf(*mark) == TextOf(model_.mark()));
      return;
    }
    RC_ASSERT(ToInt(mark->time_tick) == ToInt(held));
    RC_ASSERT(!BeforeWithinLog(through.last_confirmed, mark->last_confirmed));
    model_.marks.push_back(*mark);
  }

  void GoAboveTail(uint64_t amount) {
    if (model_.messages.empty()) return;
    Position above = model_.messages.back().position();
    above.time_tick = MakeTimeTick(PhysicalMs(above.time_tick) + 3'600'000, 0);
    absl::Status told;
    if (amount % 2 == 0) {
      told = world_.Run([&] { return wal_->Truncate(above); }).status();
    } else {
      told = world_.Read(wal_.get(), {.from = After{above}}).status();
    }
    RC_ASSERT(CodeName(told) == "POSITION_GONE");
    RC_ASSERT(TextOf(OldestPositionOf(told)) == TextOf(model_.mark()));
  }

  // Reading.

  void ReadOn() {
    world_.runtime().Advance(kTold);
    readers_.ReadOn(wal_.get());
  }

  // A log that another process reads, after all that it has to be told of has come there.
  RoWal* Elsewhere() {
    if (ro_wal_ == nullptr) {
      Opener& opener = world_.opener(kReadersProcess);
      auto reader = world_.Run([&] { return opener.OpenReadOnly({kChannel, Term{0}}); });
      RC_ASSERT(reader.status() == absl::OkStatus());
      ro_wal_ = *std::move(reader);
    }
    world_.runtime().Advance(kTold);
    return ro_wal_.get();
  }

  WalWorld world_;
  WalModel model_;
  WalReaders readers_{&world_, &model_};
  int64_t term_ = 0;  // The highest that was opened.
  uint64_t opens_ = 0;
  uint64_t last_number_ = 0;
  std::unique_ptr<Wal> wal_;
  std::vector<std::unique_ptr<Wal>> stale_;
  std::unique_ptr<RoWal> ro_wal_;
};

// `length` scales how long histories are.
void CheckHistory(WalWorld::Backend backend, double length) {
  const auto seed = *rc::gen::inRange<uint64_t>(1, 1000000);
  const auto commands =
      *rc::gen::scale(length, rc::gen::container<std::vector<WalCommand>>(AnyWalCommand()));
  System system(backend, seed);
  for (const WalCommand& command : commands) system.Do(command);
  system.CheckInvariants();
}

RC_GTEST_PROP(WalProperty, EveryCommandEndsAsTheModelSaysInMemory, ()) {
  CheckHistory(WalWorld::Backend::kMemory, 1.0);
}

RC_GTEST_PROP(WalProperty, EveryCommandEndsAsTheModelSaysOnFiles, ()) {
  CheckHistory(WalWorld::Backend::kFile, 0.5);
}

}  // namespace
}  // namespace tidelog::sim
