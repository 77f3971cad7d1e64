#include "adaptor/node_manager/testing/scripted_opener.h"

#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "wal/async/coroutine.h"
#include "wal/checkpoint_store.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

// Mostly nothing, now and then long.
absl::Duration SomeTime(RandomStream& random) {
  const bool is_long = random.OneIn(1, 4);
  return absl::Milliseconds(random.Below(is_long ? 20000 : 50));
}

absl::Status Closed() { return WalError(WalErrorCode::kOnShutdown, "it is closed"); }

}  // namespace

// What is left of a log when its handle is gone, for calls that are inside.
struct ScriptedLife {
  Script* script;
  PChannel channel;
  absl::Status lost;
  bool closing = false;
  bool closed = false;
  absl::Status close_status;
  Signal changed;
  Signal done;

  void Lose(absl::Status reason) {
    if (!lost.ok()) return;
    lost = std::move(reason);
    changed.Close();
  }
};

namespace {

Future<absl::Status> WhenLost(std::shared_ptr<ScriptedLife> life) {
  if (life->lost.ok()) co_await life->changed.Wait();
  co_return life->lost;
}

Future<absl::Status> CloseLife(std::shared_ptr<ScriptedLife> life) {
  if (std::exchange(life->closing, true)) {
    co_await life->done.Wait();
    co_return life->close_status;
  }
  life->Lose(Closed());
  Script& script = *life->script;
  co_await SleepFor(SomeTime(script.random()));
  const bool hangs = script.random().OneIn(1, 6);
  if (hangs) life->close_status = WalError(WalErrorCode::kUnavailable, "the tape hangs");
  script.hung_close_count += hangs ? 1 : 0;
  ScriptedChannel& channel = script.channel(life->channel.name);
  channel.live.reset();
  channel.open.reset();
  life->closed = true;
  life->done.Close();
  co_return life->close_status;
}

// Nothing but its life is asked for.
class ScriptedWal : public Wal {
 public:
  explicit ScriptedWal(std::shared_ptr<ScriptedLife> life) : life_(std::move(life)) {}
  ~ScriptedWal() override { CHECK(life_->closed) << ToString(channel()) << " was not closed"; }

  const PChannel& channel() const override { return life_->channel; }
  Executor* executor() const override { return life_->script->runtime().executor(); }
  Future<absl::StatusOr<std::unique_ptr<Scanner>>> Read(ReadOptions) override {
    return MakeReadyFuture<absl::StatusOr<std::unique_ptr<Scanner>>>(Closed());
  }
  Future<absl::StatusOr<LogInfo>> Info() override {
    return MakeReadyFuture<absl::StatusOr<LogInfo>>(Closed());
  }
  Future<absl::StatusOr<std::vector<Checkpoint>>> Checkpoints() override {
    return MakeReadyFuture<absl::StatusOr<std::vector<Checkpoint>>>(Closed());
  }
  Future<absl::Status> WhenUnavailable() override { return WhenLost(life_); }
  Future<absl::Status> Close() override { return CloseLife(life_); }
  const AppendLimits& limits() const override { return limits_; }
  Future<absl::StatusOr<AppendResult>> Append(MutableMessage, AppendOptions) override {
    return MakeReadyFuture<absl::StatusOr<AppendResult>>(Closed());
  }
  Future<BatchResult> AppendBatch(std::vector<MutableMessage>, AppendOptions) override {
    return MakeReadyFuture(BatchResult());
  }
  Future<absl::StatusOr<Mvcc>> LatestMvcc(std::string) override {
    return MakeReadyFuture<absl::StatusOr<Mvcc>>(Closed());
  }
  Future<absl::StatusOr<Position>> Truncate(Position) override {
    return MakeReadyFuture<absl::StatusOr<Position>>(Closed());
  }
  Future<absl::Status> RegisterCheckpoint(std::string, Position) override {
    return MakeReadyFuture(Closed());
  }
  Future<absl::Status> UnregisterCheckpoint(std::string) override {
    return MakeReadyFuture(Closed());
  }

 private:
  const std::shared_ptr<ScriptedLife> life_;
  const AppendLimits limits_;
};

}  // namespace

void Script::Lose(std::string_view name) {
  ScriptedChannel& lost = channel(name);
  if (lost.open == nullptr || !lost.open->lost.ok()) return;
  lost.lost.insert(*lost.live);
  lost.open->Lose(WalError(WalErrorCode::kChannelFenced, "a higher term has it"));
}

ScriptedOpener::~ScriptedOpener() { CHECK(closed_) << "an opener was not closed"; }

Future<absl::StatusOr<std::unique_ptr<Wal>>> ScriptedOpener::Open(PChannel channel) {
  ScriptedChannel& state = script_.channel(channel.name);
  CHECK(!state.live) << ToString(channel) << " is opened while term " << ToInt(*state.live)
                     << " is live";
  CHECK(channel.term > state.highest)
      << ToString(channel) << " is opened after term " << ToInt(state.highest);
  CHECK(!closing_) << ToString(channel) << " is opened after its opener's close";
  state.live = channel.term;
  state.highest = channel.term;
  ++opening_count_;
  co_await SleepFor(SomeTime(script_.random()));
  --opening_count_;
  changed_.NotifyAll();
  const bool fails = script_.random().OneIn(1, 4);
  if (fails || closing_) {
    state.live.reset();
    state.failed.insert(channel.term);
    co_return closing_ ? Closed() : WalError(WalErrorCode::kUnavailable, "the tape is stuck");
  }
  state.opened.insert(channel.term);
  state.open = std::make_shared<ScriptedLife>();
  state.open->script = &script_;
  state.open->channel = std::move(channel);
  co_return std::make_unique<ScriptedWal>(state.open);
}

Future<absl::StatusOr<std::unique_ptr<RoWal>>> ScriptedOpener::OpenReadOnly(PChannel) {
  return MakeReadyFuture<absl::StatusOr<std::unique_ptr<RoWal>>>(Closed());
}

Future<absl::StatusOr<std::vector<std::string>>> ScriptedOpener::Channels() {
  return MakeReadyFuture<absl::StatusOr<std::vector<std::string>>>(Closed());
}

Future<absl::Status> ScriptedOpener::Close() {
  closing_ = true;
  std::vector<Future<absl::Status>> logs;
  for (const auto& [name, channel] : script_.channels()) {
    if (channel->open != nullptr) logs.push_back(CloseLife(channel->open));
  }
  for (Future<absl::Status>& log : logs) (void)co_await std::move(log);
  while (opening_count_ > 0) co_await changed_.Wait();
  closed_ = true;
  co_return absl::OkStatus();
}

}  // namespace tidelog::adaptor
