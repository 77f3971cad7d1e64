// append_loop: appends in one thread, for callgrind to count: tools/benchmark/instructions runs it.
//
// The test runtime takes the place of the threads, so that each run executes the same instructions;
// files are real ones.  What is counted is the function MeasuredAppends() and all below it.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/node/node.h"
#include "registry/registry.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/environment.h"
#include "wal/io/posix_file_system.h"
#include "wal/message/message.h"
#include "wal/message/message_stamper.h"
#include "wal/opener.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/default_environment.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::benchmark {

using Messages = std::vector<MutableMessage>;

// Has a name that callgrind finds, and calls a Work.
template <class Work>
[[gnu::noinline]] void MeasuredAppends(TestRuntime* runtime, Executor* strand, Work* work) {
  const absl::Status status = runtime->RunOn(strand, [work] { return work->AppendAll(); });
  CHECK_OK(status);
}

namespace {

// What many clients share, each with one append in flight, on the log's strand.
template <class Log>
class Clients {
 public:
  Clients(Log* log, Messages messages, size_t in_flight)
      : log_(log), messages_(std::move(messages)), in_flight_(in_flight) {}

  Future<absl::Status> AppendAll() {
    std::vector<Future<absl::Status>> running;
    running.reserve(in_flight_);
    for (size_t i = 0; i < in_flight_; ++i) running.push_back(OneClient());
    for (Future<absl::Status>& client : running) {
      absl::Status status = co_await std::move(client);
      if (!status.ok()) co_return status;
    }
    co_return absl::OkStatus();
  }

 private:
  Future<absl::Status> OneClient() {
    while (next_ < messages_.size()) {
      auto pending = log_->Submit(std::move(messages_[next_++]));
      auto result = co_await std::move(pending);
      if (!result.ok()) co_return result.status();
    }
    co_return absl::OkStatus();
  }

  Log* const log_;
  Messages messages_;
  const size_t in_flight_;
  size_t next_ = 0;
};

class AdaptorLog {
 public:
  explicit AdaptorLog(Wal* wal) : wal_(wal) {}
  Future<absl::StatusOr<AppendResult>> Submit(MutableMessage message) {
    return wal_->Append(std::move(message), options_);
  }

 private:
  Wal* const wal_;
  const AppendOptions options_;
};

class BackendLog {
 public:
  explicit BackendLog(walimpls::WalImpls* wal) : wal_(wal) {}
  Future<absl::StatusOr<walimpls::Ids>> Submit(MutableMessage message) {
    MessageStamper::Stamp(message, Term{1}, TimeTick{++tick_}, /*last_confirmed=*/nullptr);
    walimpls::Group group;
    group.push_back(MessageStamper::Seal(std::move(message)));
    return wal_->Append(std::move(group));
  }

 private:
  walimpls::WalImpls* const wal_;
  uint64_t tick_ = 0;
};

struct Flags {
  std::string backend;
  std::string subject;
  std::string directory;
  size_t payload = 1024;
  size_t in_flight = 64;
  size_t count = 4096;
};

Messages MakeMessages(const Flags& flags, size_t count) {
  const std::string payload(flags.payload, 'x');
  Messages messages;
  messages.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<MutableMessage> message =
        MutableMessage::Builder(MessageType::kInsert).Build(payload);
    CHECK_OK(message.status());
    messages.push_back(*std::move(message));
  }
  return messages;
}

Config ConfigOf(const Flags& flags) {
  return flags.backend == "file" ? Config{{"dir", flags.directory}} : Config{};
}

// The first appends are not counted: pools and buffers fill.
template <class Log>
void AppendTwice(TestRuntime* runtime, Executor* strand, Log* log, const Flags& flags) {
  Clients<Log> first(log, MakeMessages(flags, flags.count / 4), flags.in_flight);
  CHECK_OK(runtime->RunOn(strand, [&] { return first.AppendAll(); }));
  Clients<Log> counted(log, MakeMessages(flags, flags.count), flags.in_flight);
  MeasuredAppends(runtime, strand, &counted);
}

void RunAdaptor(TestRuntime* runtime, const Environment& environment, const Flags& flags) {
  const absl::StatusOr<std::unique_ptr<OpenerBuilder>> builder = MakeOpenerBuilder(flags.backend);
  CHECK_OK(builder.status());
  const absl::StatusOr<std::unique_ptr<Opener>> opener =
      (*builder)->Build(environment, ConfigOf(flags));
  CHECK_OK(opener.status());
  absl::StatusOr<std::unique_ptr<Wal>> wal = runtime->Run([&] {
    return (*opener)->Open(PChannel{"counted", Term{1}});
  });
  CHECK_OK(wal.status());
  AdaptorLog log(wal->get());
  AppendTwice(runtime, (*wal)->executor(), &log, flags);
  CHECK_OK(runtime->Run([&] { return (*wal)->Close(); }));
  CHECK_OK(runtime->Run([&] { return (*opener)->Close(); }));
}

void RunBackend(TestRuntime* runtime, const Environment& environment, const Flags& flags) {
  absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> opener =
      registry::MustGetBuilder(flags.backend).Build(environment, ConfigOf(flags));
  CHECK_OK(opener.status());
  walimpls::OpenOptions options;
  options.strand = runtime->executor();
  absl::StatusOr<std::unique_ptr<walimpls::WalImpls>> wal = runtime->Run([&] {
    return (*opener)->Open(PChannel{"counted", Term{1}}, options);
  });
  CHECK_OK(wal.status());
  BackendLog log(wal->get());
  AppendTwice(runtime, runtime->executor(), &log, flags);
  CHECK_OK(runtime->Run([&] { return (*wal)->Close(walimpls::CloseMode::kClean); }));
  CHECK_OK(runtime->Run([&] { return (*opener)->Close(); }));
  // Backends take their leave in jobs of the strand.
  wal->reset();
  opener->reset();
}

int Main(int argc, char** argv) {
  CLI::App app("append_loop: appends in one thread, for callgrind to count", "append_loop");
  Flags flags;
  app.add_option("--backend", flags.backend)->required()->check(CLI::IsMember({"memory", "file"}));
  app.add_option("--subject", flags.subject)
      ->required()
      ->check(CLI::IsMember({"backend", "adaptor"}));
  app.add_option("--dir", flags.directory, "an empty directory")->required();
  app.add_option("--payload", flags.payload, "bytes");
  app.add_option("--in-flight", flags.in_flight);
  app.add_option("--count", flags.count);
  CLI11_PARSE(app, argc, argv);
  TestRuntime runtime;
  PosixFileSystem files(&runtime);
  Environment environment = walimpls::CompleteEnvironment(
      Environment{.runtime = &runtime, .files = &files, .ticks = nullptr, .observer = nullptr});
  if (flags.subject == "adaptor") {
    RunAdaptor(&runtime, environment, flags);
  } else {
    RunBackend(&runtime, environment, flags);
  }
  return 0;
}

}  // namespace
}  // namespace tidelog::benchmark

int main(int argc, char** argv) { return tidelog::benchmark::Main(argc, argv); }
