// LogWorld: a log of the adaptor over a fake backend, in virtual time.  What the adaptor's unit
// tests are written in.
//
//   LogWorld world;
//   std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
//   world.MustAppend(*wal, "a");
#ifndef TIDELOG_ADAPTOR_TESTING_LOG_WORLD_H_
#define TIDELOG_ADAPTOR_TESTING_LOG_WORLD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/interceptors/interceptor.h"
#include "adaptor/opener_builder.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/checkpoint_store.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/observer.h"
#include "wal/opener.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/opener.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {

// Keeps what it is told.
class EventLog : public Observer {
 public:
  void OnEvent(const Event& event) override { events_.push_back(event); }
  const std::vector<Event>& events() const { return events_; }
  size_t CountOf(Event::Kind kind) const;
  // Of the newest of that kind; empty if there is none.
  std::string TextOf(Event::Kind kind) const;

 private:
  std::vector<Event> events_;
};

// A registered backend, made of a fake one.
class FakeBuilder : public walimpls::OpenerBuilderImpls {
 public:
  explicit FakeBuilder(walimpls::FakeBackend* backend) : backend_(*backend) {}
  std::string_view name() const override { return "fake"; }
  using walimpls::OpenerBuilderImpls::Build;
  // Knows no settings.
  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> Build(const Environment&,
                                                               const Config& config) override;

 private:
  walimpls::FakeBackend& backend_;
};

struct LogWorldOptions {
  uint64_t seed = 1;
  Config config = {};
  std::vector<InterceptorBuilder*> interceptors = {};
  TimeTickSource* ticks = nullptr;
  CheckpointStore* checkpoints = nullptr;
  MetricRegistry* metrics = nullptr;
  FlowSignals* flow = nullptr;
  Tracer* tracer = nullptr;
};

// Closes its opener when it is destroyed; tests close the rest.
class LogWorld {
 public:
  using Options = LogWorldOptions;
  explicit LogWorld(Options options = {});
  ~LogWorld();

  TestRuntime& runtime() { return runtime_; }
  walimpls::FakeBackend& backend() { return backend_; }
  walimpls::FakeLog& fake() { return backend_.log(kChannel); }
  EventLog& events() { return events_; }
  Opener& opener() { return *opener_; }
  const Environment& environment() const { return environment_; }

  static constexpr std::string_view kChannel = "orders";

  // Calls `make_future` and runs until that is ready.
  template <class F>
  auto Run(F make_future) {
    return runtime_.Run(std::move(make_future));
  }

  absl::StatusOr<std::unique_ptr<Wal>> Open(Term term);
  std::unique_ptr<Wal> MustOpen(Term term);
  std::unique_ptr<RoWal> MustOpenReadOnly();
  absl::Status Close(RoWal& wal);
  void MustClose(RoWal& wal);

  static MutableMessage Message(std::string_view payload, std::string_view vchannel = "");
  static Future<absl::StatusOr<AppendResult>> StartAppend(Wal& wal, std::string_view payload,
                                                          AppendOptions options = {});
  absl::StatusOr<AppendResult> Append(Wal& wal, MutableMessage message, AppendOptions options = {});
  AppendResult MustAppend(Wal& wal, std::string_view payload, std::string_view vchannel = "");

  absl::StatusOr<std::unique_ptr<Scanner>> Read(RoWal& wal, ReadOptions options);
  std::unique_ptr<Scanner> MustRead(RoWal& wal, ReadOptions options = {});
  absl::StatusOr<ScanBatch> Next(Scanner& scanner);
  void MustClose(Scanner& scanner);
  // Payloads from a scan of `wal` to its tail, and the error that ended it, if any.
  std::vector<std::string> ReadAll(RoWal& wal, ReadOptions options = {});
  // Payloads of the next batches until there are `count`.
  std::vector<std::string> Take(Scanner& scanner, size_t count);

  // What is stored, chunks put together where all of a message are there (F9).
  std::vector<ImmutableMessage> StoredWhole();
  // Payloads of what is stored and no TimeTick; "tick" for those.
  std::vector<std::string> Stored();

 private:
  TestRuntime runtime_;
  walimpls::FakeBackend backend_;
  FakeBuilder builder_;
  EventLog events_;
  Environment environment_;
  std::unique_ptr<OpenerBuilder> opener_builder_;
  std::unique_ptr<Opener> opener_;
};

// The code of what an operation ended with.
template <class T>
WalErrorCode CodeOf(const absl::StatusOr<T>& result) {
  return GetWalErrorCode(result.status());
}
inline WalErrorCode CodeOf(const absl::Status& status) { return GetWalErrorCode(status); }

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_TESTING_LOG_WORLD_H_
