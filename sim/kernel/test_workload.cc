#include "sim/kernel/test_workload.h"

#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sim/kernel/arena.h"
#include "wal/async/coroutine.h"
#include "wal/async/job.h"
#include "wal/async/runtime.h"

namespace tidelog::sim {
namespace {

struct Blocked : Job {
  Promise<absl::Duration> promise{"blocking job"};
  Runtime* runtime;
};

Future<absl::Duration> Block(Runtime* runtime) {
  Blocked job;
  job.runtime = runtime;
  job.run = [](Job* base) {
    auto* self = static_cast<Blocked*>(base);
    Promise<absl::Duration> promise = std::move(self->promise);
    const absl::Duration now = self->runtime->Now();
    promise.Set(now);
  };
  Future<absl::Duration> done = job.promise.future();
  runtime->RunBlocking(&job, Runtime::Urgency::kNow);
  const absl::Duration when = co_await std::move(done);
  co_return when;
}

}  // namespace

void EchoServer::Ask(CallToken token, int64_t number) {
  const WorldScope world;
  ++asked_;
  kernel_->Note(1, static_cast<uint64_t>(number));
  const absl::Duration delay = absl::Microseconds(static_cast<int64_t>(random_.Below(300)));
  kernel_->At(kernel_->Now() + delay, [kernel = kernel_, token, number] {
    absl::StatusOr<std::string> answer = absl::StrCat("the number that was asked is ", number);
    if (number % 5 == 0) answer = absl::UnavailableError("the server does not like this number");
    Answer(kernel, token, std::move(answer));
  });
}

EchoService::EchoService(Process* process, EchoServer* server)
    : process_(process), server_(server), calls_(process) {
  for (int i = 0; i < 3; ++i) {
    const std::string name = absl::StrCat("strand ", i);
    strands_.push_back(process->runtime()->MakeExecutor(name));
  }
}

Future<Unit> EchoService::Run(int client_count, int round_count) {
  co_await EnterExecutor(executor());
  std::vector<Future<Unit>> clients;
  for (int i = 0; i < client_count; ++i) {
    clients.push_back(Client(i, round_count));
  }
  co_await SleepFor(absl::Microseconds(500));
  for (Future<Unit>& client : clients) {
    co_await std::move(client);
  }
  co_await gate_.Close();
  co_return Unit{};
}

Future<Unit> EchoService::Client(int number, int round_count) {
  const std::string name = absl::StrCat("client ", number);
  RandomStream random = process_->runtime()->MakeRandom(name);
  for (int i = 0; i < round_count; ++i) {
    const uint64_t delay_us = random.Below(200);
    const uint64_t strand = random.Below(strands_.size());
    co_await Round(number * 100 + i, delay_us, strand);
    co_await Yield();
  }
  co_return Unit{};
}

Future<int64_t> EchoService::Round(int number, uint64_t delay_us, uint64_t strand) {
  const std::optional<Gate::Pass> pass = gate_.TryEnter();
  CHECK(pass.has_value());
  co_await SleepFor(absl::Microseconds(static_cast<int64_t>(delay_us)));
  const int64_t doubled = co_await OnStrand(strand, number);
  co_await Block(process_->runtime());
  auto call = calls_.Start("echo");
  server_->Ask(call.token, doubled);
  const absl::StatusOr<std::string> answer = co_await std::move(call.answer);
  co_return answer.ok() ? static_cast<int64_t>(answer->size()) : 0;
}

Future<int64_t> EchoService::OnStrand(uint64_t strand, int64_t number) {
  co_await EnterExecutor(strands_[strand].get());
  co_await Yield();
  co_return number * 2;
}

EchoRun::EchoRun(Kernel* kernel, EchoServer* server)
    : kernel_(kernel), process_(kernel->Spawn("echo")) {
  process_->Enter([&] {
    service_ = std::make_unique<EchoService>(process_, server).release();
    Then<Unit>(service_->Run(4, 3), service_->executor(), [this](Unit) { done_ = true; });
  });
}

Leftovers EchoRun::End() {
  CHECK(done_);
  process_->Enter([&] { std::unique_ptr<EchoService>(service_).reset(); });
  return kernel_->End(process_);
}

}  // namespace tidelog::sim
