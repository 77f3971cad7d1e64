// What an append costs above the backend.  Times are printed, not judged: a machine under load is
// no reason to fail.  Allocations are judged.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "adaptor/opener_builder.h"
#include "adaptor/testing/null_backend.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/opener.h"
#include "wal/wal.h"

namespace {

std::atomic<uint64_t> news{0};

}  // namespace

#ifndef TIDELOG_SANITIZE
// The sanitizers bring their own.
void* operator new(size_t size) {
  news.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }
#endif

namespace tidelog::adaptor {
namespace {

MutableMessage Make(std::string_view vchannel) {
  MutableMessage::Builder builder(MessageType::kInsert);
  builder.VChannel(vchannel);
  absl::StatusOr<MutableMessage> message = std::move(builder).Build("payload");
  CHECK_OK(message);
  return *std::move(message);
}

struct Cost {
  double news;
  double nanoseconds;
};

// A client with `in_flight` appends under way at all times.
Future<Unit> Client(Executor* executor, Wal* wal, std::vector<MutableMessage>* messages,
                    size_t in_flight) {
  co_await EnterExecutor(executor);
  std::vector<Future<absl::StatusOr<AppendResult>>> window;
  window.reserve(in_flight);
  const AppendOptions options;
  for (size_t i = 0; i < messages->size(); ++i) {
    if (window.size() < in_flight) {
      window.push_back(wal->Append(std::move((*messages)[i]), options));
      continue;
    }
    Future<absl::StatusOr<AppendResult>>& oldest = window[i % in_flight];
    absl::StatusOr<AppendResult> result = co_await std::move(oldest);
    CHECK_OK(result);
    window[i % in_flight] = wal->Append(std::move((*messages)[i]), options);
  }
  for (Future<absl::StatusOr<AppendResult>>& future : window) {
    absl::StatusOr<AppendResult> result = co_await std::move(future);
    CHECK_OK(result);
  }
  co_return Unit{};
}

class AppendCostTest : public testing::Test {
 protected:
  AppendCostTest() : runtime_(ThreadRuntime::Create()) {
    builder_ = MakeOpenerBuilder(&backend_, {});
    Environment environment;
    environment.runtime = runtime_.get();
    absl::StatusOr<std::unique_ptr<Opener>> opener = builder_->Build(environment, {});
    CHECK_OK(opener);
    opener_ = *std::move(opener);
    client_ = runtime_->MakeExecutor("client");
    absl::StatusOr<std::unique_ptr<Wal>> wal = Blocking(client_.get(), [&] {
      return opener_->Open({"orders", Term{1}});
    });
    CHECK_OK(wal);
    wal_ = *std::move(wal);
  }
  ~AppendCostTest() override {
    CHECK_OK(Blocking(client_.get(), [&] { return wal_->Close(); }));
    CHECK_OK(Blocking(client_.get(), [&] { return opener_->Close(); }));
  }

  // The least of `rounds`, of so many appends that they stay in the cache.
  Cost Measure(Executor* executor, int rounds) {
    constexpr size_t kCount = 2000;
    constexpr size_t kInFlight = 64;
    Cost least{1e9, 1e9};
    for (int round = 0; round < rounds; ++round) {
      std::vector<MutableMessage> messages;
      messages.reserve(kCount);
      for (size_t i = 0; i < kCount; ++i) messages.push_back(Make("orders_v1"));
      const uint64_t news_before = news.load();
      const absl::Duration begin = runtime_->Now();
      Blocking(executor, [&] { return Client(executor, wal_.get(), &messages, kInFlight); });
      const absl::Duration took = runtime_->Now() - begin;
      least.news = std::min(least.news, static_cast<double>(news.load() - news_before) / kCount);
      least.nanoseconds = std::min(least.nanoseconds, absl::ToDoubleNanoseconds(took) / kCount);
    }
    return least;
  }

  NullBuilder backend_;
  std::unique_ptr<ThreadRuntime> runtime_;
  std::unique_ptr<OpenerBuilder> builder_;
  std::unique_ptr<Opener> opener_;
  std::unique_ptr<Executor> client_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(AppendCostTest, AllocatesAtMostTwiceAnAppend) {
  for (Executor* executor : {client_.get(), wal_->executor()}) {
    const Cost cost = Measure(executor, /*rounds=*/10);
    std::printf("client on strand %s: %.4f allocations and %.0f ns an append\n",
                std::string(executor->name()).c_str(), cost.news, cost.nanoseconds);
#ifndef TIDELOG_SANITIZE
    EXPECT_LE(cost.news, 2.0);
#endif
  }
}

}  // namespace
}  // namespace tidelog::adaptor
