// ScriptedOpener: opens logs that hold nothing, and takes its time about it, fails, and closes with
// a hang, as its seed has it.  It keeps the contract of wal/opener.h, and watches who uses it.
#ifndef TIDELOG_ADAPTOR_NODE_MANAGER_TESTING_SCRIPTED_OPENER_H_
#define TIDELOG_ADAPTOR_NODE_MANAGER_TESTING_SCRIPTED_OPENER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/signal.h"
#include "wal/async/test_runtime.h"
#include "wal/opener.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

struct ScriptedLife;

// What became of one channel.
struct ScriptedChannel {
  // Between the call of Open() and the end of the close: at most one.
  std::optional<Term> live;
  Term highest{};                      // Of all opens.
  std::shared_ptr<ScriptedLife> open;  // Of the log that is open, or being closed.
  absl::btree_set<Term> opened;
  absl::btree_set<Term> failed;
  absl::btree_set<Term> lost;
};

// All channels, and the seed.  Outlives its openers and their logs.  For one thread.  Aborts when a
// channel is opened that is live, or under a term that is not new (H1).
class Script {
 public:
  explicit Script(TestRuntime* runtime)
      : runtime_(*runtime), random_(runtime->MakeRandom("script")) {}

  ScriptedChannel& channel(std::string_view name) {
    std::unique_ptr<ScriptedChannel>& channel = channels_[std::string(name)];
    if (channel == nullptr) channel = std::make_unique<ScriptedChannel>();
    return *channel;
  }
  using Channels = absl::btree_map<std::string, std::unique_ptr<ScriptedChannel>>;
  const Channels& channels() const { return channels_; }
  RandomStream& random() { return random_; }
  TestRuntime& runtime() { return runtime_; }

  // The log that is open there is fenced, if there is any.
  void Lose(std::string_view name);
  int hung_close_count = 0;

 private:
  TestRuntime& runtime_;
  RandomStream random_;
  Channels channels_;
};

class ScriptedOpener : public Opener {
 public:
  explicit ScriptedOpener(Script* script) : script_(*script) {}
  ~ScriptedOpener() override;

  Future<absl::StatusOr<std::unique_ptr<Wal>>> Open(PChannel channel) override;
  Future<absl::StatusOr<std::unique_ptr<RoWal>>> OpenReadOnly(PChannel channel) override;
  Future<absl::StatusOr<std::vector<std::string>>> Channels() override;
  Future<absl::Status> Close() override;

 private:
  Script& script_;
  bool closing_ = false;
  bool closed_ = false;
  int opening_count_ = 0;
  Signal changed_;
};

// Of the backend "scripted".
class ScriptedBuilder : public OpenerBuilder {
 public:
  explicit ScriptedBuilder(Script* script) : script_(*script) {}
  std::string_view name() const override { return "scripted"; }
  absl::StatusOr<std::unique_ptr<Opener>> Build(const Environment&, const Config&) override {
    return std::make_unique<ScriptedOpener>(&script_);
  }

 private:
  Script& script_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_NODE_MANAGER_TESTING_SCRIPTED_OPENER_H_
