// Goal: whatever is asked of a node, in whatever order, with opens and closes that fail and hang
// and requesters that go away, H1 holds.  Method: random requests for a few channels against a
// scripted opener, which itself watches that there is one log of a channel at a time and that terms
// only grow; and a model of what each answer claims.
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/node_manager/node_manager.h"
#include "adaptor/node_manager/testing/scripted_opener.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/test_runtime.h"
#include "wal/environment.h"
#include "wal/node_manager.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

using Code = WalErrorCode;

class World {
 public:
  explicit World(uint64_t seed)
      : runtime_(seed), random_(runtime_.MakeRandom("requests")), script_(&runtime_) {
    Environment environment;
    environment.runtime = &runtime_;
    node_ = MakeNodeManager(environment, [this](std::string_view) {
      return absl::StatusOr<std::unique_ptr<OpenerBuilder>>(
          std::make_unique<ScriptedBuilder>(&script_));
    });
  }

  void Go() {
    for (int i = 0; i < 80; ++i) DoSomething();
    runtime_.Advance(absl::Minutes(30));
    EXPECT_EQ(waiting_, 0) << "requests without an answer";
    CheckRest();
    DoSomething();
    DoSomething();
    const absl::Status closed = runtime_.Run([this] { return node_->Close(); });
    EXPECT_TRUE(closed.ok()) << closed;
    runtime_.RunUntilIdle();
    EXPECT_EQ(waiting_, 0) << "requests without an answer when the node is closed";
    for (const auto& [name, channel] : script_.channels()) EXPECT_FALSE(channel->live) << name;
    node_.reset();
  }

  int hung_close_count() const { return script_.hung_close_count; }
  const absl::btree_map<Code, int>& answers() const { return answers_; }

 private:
  struct Request {
    std::string channel;
    ChannelState state;
    bool was_open;  // Under that term, when it was asked for.
  };

  void DoSomething() {
    const std::string name = absl::StrCat("channel-", random_.Below(3));
    const uint64_t kind = random_.Below(20);
    ChannelState& newest = newest_[name];
    const Term term{static_cast<int64_t>(1 + random_.Below(ToInt(newest.term) + 2))};
    if (kind < 10) Ask(name, {term, true});
    if (kind >= 10 && kind < 15) Ask(name, {term, false});
    if (kind == 15) script_.Lose(name);
    if (kind == 16) TakeAndDrop(name, term);
    // Often several in a row come at one time.
    if (random_.OneIn(1, 2)) runtime_.Advance(absl::Milliseconds(random_.Below(10000)));
  }

  void Ask(const std::string& name, const ChannelState& state) {
    const Request request{name, state, OpenTerm(name) == state.term};
    ChannelState& newest = newest_[name];
    if (newest < state) newest = state;
    Future<absl::Status> answer = state.available
                                      ? node_->Assign({name, state.term}, {"scripted", {}})
                                      : node_->Remove({name, state.term});
    if (random_.OneIn(1, 8)) return;  // The requester goes away.
    ++waiting_;
    Then<absl::Status>(std::move(answer), runtime_.executor(),
                       [this, request](absl::Status status) { OnAnswer(request, status); });
  }

  // A user takes a log and drops it without closing it.
  void TakeAndDrop(const std::string& name, Term term) {
    ++waiting_;
    Then<absl::StatusOr<std::unique_ptr<Wal>>>(
        node_->Get({name, term}), runtime_.executor(),
        [this, name, term](absl::StatusOr<std::unique_ptr<Wal>> wal) {
          --waiting_;
          if (!wal.ok()) return;
          EXPECT_EQ((*wal)->channel().term, term);
          EXPECT_TRUE(script_.channel(name).opened.contains(term));
        });
  }

  std::optional<Term> OpenTerm(const std::string& name) {
    const ScriptedChannel& channel = script_.channel(name);
    return channel.open == nullptr ? std::nullopt : channel.live;
  }

  void OnAnswer(const Request& request, const absl::Status& status) {
    --waiting_;
    const Code code = GetWalErrorCode(status);
    ++answers_[code];
    SCOPED_TRACE(absl::StrCat(request.state.available ? "assign " : "remove ", request.channel, "@",
                              ToInt(request.state.term), ": ", status.ToString()));
    if (request.state.available) {
      CheckAssigned(request, code);
    } else {
      CheckRemoved(request, code);
    }
  }

  void CheckAssigned(const Request& request, Code code) {
    const ScriptedChannel& channel = script_.channel(request.channel);
    const Term term = request.state.term;
    if (code == Code::kOk) {
      EXPECT_TRUE(channel.opened.contains(term));
    } else if (code == Code::kIgnoredOperation) {
      EXPECT_TRUE(request.was_open);
    } else if (code == Code::kUnmatchedTerm) {
      const bool is_gone = channel.failed.contains(term) || channel.lost.contains(term);
      EXPECT_TRUE(is_gone || request.state < newest_[request.channel]);
    } else if (code == Code::kUnavailable) {
      EXPECT_TRUE(channel.failed.contains(term));
    } else {
      EXPECT_EQ(code, Code::kOnShutdown);
    }
  }

  void CheckRemoved(const Request& request, Code code) {
    const ScriptedChannel& channel = script_.channel(request.channel);
    if (code == Code::kOk || code == Code::kIgnoredOperation || code == Code::kUnavailable) {
      EXPECT_TRUE(!channel.live || *channel.live > request.state.term) << "it is still open";
    } else if (code == Code::kUnmatchedTerm) {
      EXPECT_LT(request.state.term, newest_[request.channel].term);
    } else {
      EXPECT_EQ(code, Code::kOnShutdown);
    }
  }

  // Nothing is under way: the newest request is carried out, as far as storage allowed.
  void CheckRest() {
    for (const auto& [name, newest] : newest_) {
      SCOPED_TRACE(absl::StrCat(name, "@", ToInt(newest.term)));
      const ScriptedChannel& channel = script_.channel(name);
      const bool opened = newest.available && channel.opened.contains(newest.term) &&
                          !channel.lost.contains(newest.term);
      EXPECT_EQ(OpenTerm(name), opened ? std::optional(newest.term) : std::nullopt);
      if (newest.available && !opened) {
        EXPECT_TRUE(channel.failed.contains(newest.term) || channel.lost.contains(newest.term));
      }
      const absl::StatusOr<std::unique_ptr<Wal>> wal = runtime_.Run([&, n = name, t = newest.term] {
        return node_->Get({n, t});
      });
      EXPECT_EQ(wal.ok(), opened) << wal.status();
    }
    for (const NodeChannel& channel : runtime_.Run([this] { return node_->Channels(); })) {
      EXPECT_EQ(channel.wanted, channel.reached) << channel.name;
    }
  }

  TestRuntime runtime_;
  RandomStream random_;
  Script script_;
  std::unique_ptr<NodeManager> node_;
  absl::btree_map<std::string, ChannelState> newest_;  // That was asked for.
  absl::btree_map<Code, int> answers_;
  int waiting_ = 0;
};

TEST(NodeManagerPropertyTest, HoldsOneLogAChannelAndAnswersTheTruth) {
  absl::btree_map<Code, int> answers;
  int hung = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    World world(seed);
    world.Go();
    if (HasFailure()) return;
    for (const auto& [code, count] : world.answers()) answers[code] += count;
    hung += world.hung_close_count();
  }
  // Everything that can happen did.
  for (const Code code : {Code::kOk, Code::kIgnoredOperation, Code::kUnmatchedTerm,
                          Code::kUnavailable, Code::kOnShutdown}) {
    EXPECT_GT(answers[code], 20) << WalErrorCodeName(code);
  }
  EXPECT_GT(hung, 100);
}

}  // namespace
}  // namespace tidelog::adaptor
