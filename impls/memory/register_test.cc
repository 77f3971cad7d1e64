// Linking :register in is enough to find the backend by name and to use it.
#include <memory>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "registry/registry.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::impls::memory {
namespace {

TEST(RegisterTest, TheBackendIsInTheProgramsRegistry) {
  EXPECT_THAT(registry::BuilderNames(), ::testing::ElementsAre("memory"));
}

// Opens a log and closes all again.
Future<absl::Status> OpenAndClose(walimpls::OpenerImpls* opener, walimpls::OpenOptions options) {
  co_await EnterExecutor(options.strand);
  const PChannel channel = {"orders", Term{1}};
  auto wal = co_await opener->Open(channel, options);
  TIDELOG_CO_RETURN_IF_ERROR(wal.status());
  const absl::Status closed = co_await (*wal)->Close(walimpls::CloseMode::kClean);
  TIDELOG_CO_RETURN_IF_ERROR(closed);
  wal->reset();
  const absl::Status opener_closed = co_await opener->Close();
  co_return opener_closed;
}

TEST(RegisterTest, BuildWithoutArgumentsWorksOnTheProcessesOwnThreads) {
  const auto opener = registry::MustGetBuilder("memory").Build();
  ASSERT_TRUE(opener.ok()) << opener.status();
  const std::unique_ptr<Executor> strand = DefaultRuntime()->MakeExecutor("orders");
  walimpls::OpenOptions options;
  options.strand = strand.get();
  const absl::Status status =
      Blocking(strand.get(), [&] { return OpenAndClose(opener->get(), options); });
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace tidelog::impls::memory
