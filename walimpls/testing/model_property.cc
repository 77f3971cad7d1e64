#include "walimpls/testing/model_property.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rapidcheck.h"
#include "wal/async/executor.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/testing/conformance_tools.h"
#include "walimpls/testing/log_model.h"
#include "walimpls/testing/model_commands.h"
#include "walimpls/testing/model_scans.h"

namespace tidelog::walimpls {
namespace {

constexpr char kChannel[] = "orders";
// RapidCheck shows what it compares.
std::string CodeName(const absl::Status& status) {
  return WalErrorCodeName(GetWalErrorCode(status));
}

// A log, those who use it, and what it must hold.
class System {
 public:
  System(const BackendParam& param, uint64_t seed) : backend_(param.make(seed)) {
    for (int i = 0; i < 3; ++i) openers_.push_back(backend_->MakeOpener());
    OpenNext(1);
  }

  ~System() {
    backend_->StopFailing();
    followers_.clear();
    stale_.clear();
    reader_.reset();
    writer_.reset();
    Executor* const strand = MakeStrand();
    for (const std::unique_ptr<OpenerImpls>& opener : openers_) {
      CHECK_OK(Await(strand, [&] { return opener->Close(); }));
    }
  }

  void Do(const ModelCommand& command) {
    switch (command.kind) {
      case ModelCommand::Kind::kAppend:
        return Append({MakeGroup(command)});
      case ModelCommand::Kind::kAppendSeveral:
        return Append(MakeGroups(command));
      case ModelCommand::Kind::kFailAppends:
        return FailAppends(MakeGroups(command));
      case ModelCommand::Kind::kScan:
        ScanOnce(&*writer_, command);
        return;
      case ModelCommand::Kind::kScanElsewhere:
        return ScanElsewhere(command);
      case ModelCommand::Kind::kFollow:
        return Follow(command);
      case ModelCommand::Kind::kReadOn:
        return ReadOn();
      case ModelCommand::Kind::kTruncate:
        return Truncate(command);
      case ModelCommand::Kind::kAsk:
        return Ask();
      case ModelCommand::Kind::kReopen:
        return Reopen();
      case ModelCommand::Kind::kNextTerm:
        return NextTerm(command);
      case ModelCommand::Kind::kTakeOver:
        return TakeOver(command);
      case ModelCommand::Kind::kOpenTooLow:
        return OpenTooLow(command.a);
      case ModelCommand::Kind::kUseStale:
        return UseStale(command);
      case ModelCommand::Kind::kCloseStale:
        return CloseStale(command);
    }
  }

  // INVARIANT: the owner, a reader elsewhere and everybody who has followed from somewhere on see
  // what was acknowledged and not truncated, once, in order, and nothing else.
  void CheckInvariants() {
    Ask();
    // Behind it nothing can be left unsaid.
    Append({maker_.InsertGroup(1)});
    for (const uint64_t how : {0, 2}) {
      ScanOnce(&*writer_, {ModelCommand::Kind::kScan, how, 0});
      ScanElsewhere({ModelCommand::Kind::kScanElsewhere, how, 0});
    }
    ReadOn();
  }

 private:
  // A scanner that goes on, the model's index of what it delivers next, and the log it is of.
  struct Follower {
    ScanHandle scanner;
    LogModel::Range next;
    const void* log;
    Executor* strand;
  };

  Executor* MakeStrand() {
    strands_.push_back(backend_->runtime()->MakeExecutor("strand"));
    return strands_.back().get();
  }

  // Writing.

  Group MakeGroup(const ModelCommand& command) {
    Group group;
    if (command.a % 5 == 4) {
      group.push_back(maker_.TimeTickMessage());
      return group;
    }
    const size_t count_max = std::min<size_t>(4, writer_->get()->traits().group_count_max);
    const size_t count = 1 + command.a % count_max;
    for (size_t i = 0; i < count; ++i) {
      group.push_back(maker_.Insert(std::string(command.b % 5000, 'x')));
    }
    return group;
  }

  std::vector<Group> MakeGroups(const ModelCommand& command) {
    std::vector<Group> groups;
    const uint64_t count = 2 + command.b % 3;
    for (uint64_t i = 0; i < count; ++i) {
      groups.push_back(MakeGroup({command.kind, command.a + i, command.b}));
    }
    return groups;
  }

  void Append(const std::vector<Group>& groups) {
    const AppendResults results = AppendAll(&*writer_, groups);
    for (size_t i = 0; i < groups.size(); ++i) {
      RC_ASSERT(results[i].status() == absl::OkStatus());
      RC_ASSERT(results[i]->size() == groups[i].size());
      std::vector<LogModel::Record> landed;
      for (size_t j = 0; j < groups[i].size(); ++j) {
        landed.push_back(RecordOf(groups[i][j].WithId((*results[i])[j])));
      }
      RC_ASSERT(model_.Append(std::move(landed)) == "");
    }
  }

  void FailAppends(std::vector<Group> groups) {
    if (!backend_->StartFailing()) return;
    const AppendResults results = AppendAll(&*writer_, std::move(groups));
    backend_->StopFailing();
    for (const absl::StatusOr<Ids>& result : results) {
      RC_ASSERT(!result.ok());
      RC_ASSERT(EffectOf(result.status()) == Effect::kNotDone);
    }
    writer_->Run([this] {
      writer_->get()->AcceptAgain();
      return MakeReadyFuture(Unit{});
    });
  }

  void Truncate(const ModelCommand& command) {
    if (model_.records.empty()) return;
    const size_t index = command.a % model_.records.size();
    const absl::Status truncated = writer_->Truncate(model_.PositionOf(index));
    RC_ASSERT(truncated == absl::OkStatus());
    model_.Truncate(index);
    for (Follower& follower : followers_) {
      if (follower.next.earliest) follower.next.gone_at = 0;
    }
  }

  void Ask() {
    const absl::StatusOr<LogState> state = writer_->Info();
    RC_ASSERT(state.status() == absl::OkStatus());
    RC_ASSERT(state->newest_term == writer_->get()->channel().term);
    RC_ASSERT(state->truncated == model_.mark());
    RC_ASSERT(state->tail_id.has_value() == !model_.records.empty());
    RC_ASSERT(state->tail.has_value() == !model_.records.empty());
    if (model_.records.empty()) return;
    const LogModel::Record& last = model_.records.back();
    RC_ASSERT(*state->tail_id == last.id);
    RC_ASSERT(*state->tail == (Position{last.id, last.tick}));
    RC_ASSERT(state->newest_tick == last.tick);
  }

  // Opening.

  void OpenNext(uint64_t steps) { CheckOpened(Open(highest_ + static_cast<int64_t>(steps))); }

  absl::StatusOr<WriterHandle> Open(int64_t term) {
    return OpenWriter(openers_[++opens_ % 2].get(), {kChannel, Term{term}}, MakeStrand());
  }

  // `opened` owns the channel from now on.
  void CheckOpened(absl::StatusOr<WriterHandle> opened) {
    RC_ASSERT(opened.status() == absl::OkStatus());
    writer_.reset();
    writer_.emplace(*std::move(opened));
    const Term term = writer_->get()->channel().term;
    highest_ = ToInt(term);
    maker_.set_term(term);
    const std::optional<MessageId> boundary = writer_->get()->boundary();
    if (!model_.records.empty()) {
      RC_ASSERT(boundary.has_value());
      RC_ASSERT(!BeforeWithinLog(*boundary, model_.records.back().id));
    }
    const ImmutableMessage& tick = writer_->get()->newest_time_tick();
    std::optional<LogModel::Record> found;
    if (tick.has_value()) found = RecordOf(tick);
    RC_ASSERT(model_.CheckNewestTimeTick(found) == "");
  }

  void CheckRefused(int64_t term) {
    RC_ASSERT(CodeName(Open(term).status()) == "UNMATCHED_CHANNEL_TERM");
  }

  void CloseWriter(CloseMode mode) {
    ForgetFollowersOf(writer_->get());
    const absl::Status closed = writer_->Close(mode);
    RC_ASSERT(closed == absl::OkStatus());
  }

  void Reopen() {
    CloseWriter(CloseMode::kClean);
    if (backend_->leaves_clean_mark()) return CheckOpened(Open(highest_));
    CheckRefused(highest_);
    OpenNext(1);
  }

  void NextTerm(const ModelCommand& command) {
    const CloseMode mode = command.a % 2 == 0 ? CloseMode::kAbandon : CloseMode::kClean;
    CloseWriter(mode);
    if (mode == CloseMode::kAbandon) CheckRefused(highest_);
    OpenNext(1 + command.b % 3);
  }

  void TakeOver(const ModelCommand& command) {
    stale_.push_back(*std::exchange(writer_, std::nullopt));
    OpenNext(1 + command.b % 3);
  }

  void OpenTooLow(uint64_t amount) {
    CheckRefused(highest_ - static_cast<int64_t>(amount % static_cast<uint64_t>(highest_)));
  }

  // It is told that it is stale, if not always at once what became of what it did.
  void UseStale(const ModelCommand& command) {
    if (stale_.empty()) return;
    WriterHandle& stale = stale_[command.b % stale_.size()];
    if (command.a % 3 == 0) {
      MessageMaker maker(stale.get()->channel().term);
      CheckStale(stale.Append(maker.InsertGroup(1 + command.b % 2)).status());
    } else if (command.a % 3 == 1 && !model_.records.empty()) {
      const Position mark = model_.PositionOf(model_.records.size() - 1);
      const absl::Status told = stale.Truncate(mark);
      const bool is_done = model_.mark() && model_.mark()->time_tick >= mark.time_tick;
      if (!is_done) CheckStale(told);
    }
    RC_ASSERT(CodeName(stale.Info().status()) == "CHANNEL_FENCED");
  }

  static void CheckStale(const absl::Status& told) {
    const std::string code = CodeName(told);
    RC_ASSERT(code == "CHANNEL_FENCED" || code == "OUTCOME_UNKNOWN");
  }

  void CloseStale(const ModelCommand& command) {
    if (stale_.empty()) return;
    const auto stale = stale_.begin() + static_cast<ptrdiff_t>(command.b % stale_.size());
    ForgetFollowersOf(stale->get());
    const absl::Status closed = stale->Close(CloseMode::kClean);
    RC_ASSERT(closed == absl::OkStatus());
    stale_.erase(stale);
    CheckRefused(highest_);
  }

  // Reading.

  ReaderHandle* Reader() {
    if (reader_) return &*reader_;
    reader_since_ = model_.marks.size();
    absl::StatusOr<ReaderHandle> reader =
        OpenReader(openers_[2].get(), {kChannel, Term{1}}, MakeStrand());
    RC_ASSERT(reader.status() == absl::OkStatus());
    return &reader_.emplace(*std::move(reader));
  }

  void CloseReader() {
    if (!reader_) return;
    ForgetFollowersOf(reader_->get());
    reader_.reset();
  }

  // Yields how the scan ended.
  template <class Log>
  WalErrorCode ScanOnce(LogHandle<Log>* log, const ModelCommand& command) {
    if (model_.records.empty()) return WalErrorCode::kOk;
    ScanOptions options;
    LogModel::Range range = StartAt(model_, command.a, &options.from);
    if (range.earliest && HearsLate(log)) range.gone_at = 0;
    range.last -= command.b % range.last;
    options.until = model_.records[range.last - 1].id;
    options.read_ahead_count_max = 1 + command.b % 7;
    options.read_ahead_bytes_max = 1 + command.b;
    absl::StatusOr<ScanHandle> scanner = log->Read(options);
    const LogModel::Seen seen = scanner.ok()
                                    ? ReadRest(&*scanner, log->strand(), /*last=*/std::nullopt)
                                    : SeenError(scanner.status());
    RC_ASSERT(model_.CheckScan(range, seen) == "");
    return seen.end;
  }

  void ScanElsewhere(const ModelCommand& command) {
    writer_->Tick();
    if (command.b % 8 == 7) CloseReader();
    const WalErrorCode end = ScanOnce(Reader(), command);
    if (end != WalErrorCode::kPositionGone) return;
    CloseReader();
    ScanOnce(Reader(), command);
  }

  // One that was open before the last truncation may not know of it yet.
  bool HearsLate(const LogHandle<WalImpls>*) { return false; }
  bool HearsLate(const LogHandle<RoWalImpls>*) { return reader_since_ < model_.marks.size(); }

  void Follow(const ModelCommand& command) {
    if (followers_.size() >= 6) followers_.pop_front();
    ScanOptions options;
    const LogModel::Range next = StartAt(model_, command.a, &options.from);
    if (command.b % 2 == 0) return FollowOn(&*writer_, options, next);
    // What a reader elsewhere takes for the latest is older by a tick.
    writer_->Tick();
    if (!std::holds_alternative<ScanLatest>(options.from)) FollowOn(Reader(), options, next);
  }

  template <class Log>
  void FollowOn(LogHandle<Log>* log, const ScanOptions& options, LogModel::Range next) {
    if (next.earliest && HearsLate(log)) next.gone_at = 0;
    absl::StatusOr<ScanHandle> scanner = log->Read(options);
    if (!scanner.ok()) {
      RC_ASSERT(model_.CheckScan(next, SeenError(scanner.status())) == "");
      return;
    }
    followers_.push_back({*std::move(scanner), next, log->get(), log->strand()});
  }

  void ReadOn() {
    // Here the old ones find the fence, and readers elsewhere what there is.
    for (WriterHandle& stale : stale_) stale.Tick();
    writer_->Tick();
    std::erase_if(followers_, [this](Follower& follower) { return !ReadOn(&follower); });
  }

  // False: it has ended, as it may.
  bool ReadOn(Follower* follower) {
    follower->next.last = model_.records.size();
    if (follower->next.first >= follower->next.last) return true;
    const LogModel::Seen seen =
        ReadRest(&follower->scanner, follower->strand, model_.records.back().id);
    RC_ASSERT(model_.CheckScan(follower->next, seen) == "");
    follower->next = {follower->next.last, 0, follower->next.last};
    return seen.end == WalErrorCode::kOk;
  }

  void ForgetFollowersOf(const void* log) {
    std::erase_if(followers_, [log](const Follower& f) { return f.log == log; });
  }

  const std::unique_ptr<Backend> backend_;
  std::vector<std::unique_ptr<Executor>> strands_;
  // Writers open by the first two in turn, as two processes would; readers by the third.
  std::vector<std::unique_ptr<OpenerImpls>> openers_;
  uint64_t opens_ = 0;
  LogModel model_;
  int64_t highest_ = 0;
  MessageMaker maker_{Term{1}};
  std::optional<WriterHandle> writer_;
  std::vector<WriterHandle> stale_;
  std::optional<ReaderHandle> reader_;
  size_t reader_since_ = 0;  // How many marks there were when it was opened.
  std::list<Follower> followers_;
};

TEST_P(WalImplsModelProperty, EveryCommandEndsAsTheModelSays) {
  const BackendParam& param = GetParam();
  EXPECT_TRUE(rc::check([&param] {
    const auto seed = *rc::gen::inRange<uint64_t>(1, 1000000);
    // A hundred histories of up to sixty commands, which a disk in memory does in seconds.
    const auto commands =
        *rc::gen::scale(0.6, rc::gen::container<std::vector<ModelCommand>>(AnyModelCommand()));
    System system(param, seed);
    for (const ModelCommand& command : commands) system.Do(command);
    system.CheckInvariants();
  }));
}

}  // namespace
}  // namespace tidelog::walimpls
