#include "sim/kernel/log_workload.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "adaptor/opener_builder.h"
#include "impls/memory/memory.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/environment.h"
#include "wal/io/posix_file_system.h"
#include "wal/message/message.h"
#include "wal/opener.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::sim {

struct LogRun::Node {
  explicit Node(Runtime* runtime)
      : files(runtime),
        executor(runtime->MakeExecutor("client")),
        backend(impls::memory::MakeBuilder()),
        builder(adaptor::MakeOpenerBuilder(backend.get(), {})) {
    Environment environment;
    environment.runtime = runtime;
    environment.files = &files;
    absl::StatusOr<std::unique_ptr<Opener>> made = builder->Build(environment, {});
    CHECK_OK(made.status());
    opener = *std::move(made);
  }

  Future<Unit> Client(int64_t* done) {
    while (left > 0) {
      --left;
      const std::string payload(100, 'x');
      absl::StatusOr<MutableMessage> message =
          MutableMessage::Builder(MessageType::kInsert).Build(payload);
      CHECK_OK(message.status());
      AppendOptions options;
      options.wait_when_full = true;
      absl::StatusOr<AppendResult> result = co_await wal->Append(*std::move(message), options);
      CHECK_OK(result.status());
      ++*done;
    }
    co_return Unit{};
  }

  Future<Unit> Run(int in_flight, int64_t* done) {
    co_await EnterExecutor(executor.get());
    const PChannel channel{"orders", Term{1}};
    absl::StatusOr<std::unique_ptr<Wal>> opened = co_await opener->Open(channel);
    CHECK_OK(opened.status());
    wal = *std::move(opened);
    std::vector<Future<Unit>> clients;
    for (int i = 0; i < in_flight; ++i) clients.push_back(Client(done));
    for (Future<Unit>& client : clients) {
      co_await std::move(client);
    }
    const absl::Status closed = co_await wal->Close();
    CHECK_OK(closed);
    wal.reset();
    const absl::Status ended = co_await opener->Close();
    CHECK_OK(ended);
    co_return Unit{};
  }

  PosixFileSystem files;  // The memory backend has none, else the tripwires would tell.
  const std::unique_ptr<Executor> executor;
  const std::unique_ptr<walimpls::OpenerBuilderImpls> backend;
  const std::unique_ptr<OpenerBuilder> builder;
  std::unique_ptr<Opener> opener;
  std::unique_ptr<Wal> wal;
  int64_t left = 0;
};

LogRun::LogRun(Kernel* kernel, int64_t append_count, int in_flight)
    : kernel_(kernel), process_(kernel->Spawn("log")) {
  process_->Enter([&] {
    node_ = std::make_unique<Node>(process_->runtime()).release();
    node_->left = append_count;
    Then<Unit>(node_->Run(in_flight, &appended_), node_->executor.get(),
               [this](Unit) { done_ = true; });
  });
}

Leftovers LogRun::End() {
  CHECK(done_);
  process_->Enter([&] { std::unique_ptr<Node>(node_).reset(); });
  return kernel_->End(process_);
}

}  // namespace tidelog::sim
