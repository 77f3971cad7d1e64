// The smallest program that uses a log: appends a message to a directory and reads everything back.
//
//   append_and_read DIRECTORY TERM TEXT
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "adaptor/node/node.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/async/thread_runtime.h"
#include "wal/environment.h"
#include "wal/message/message.h"
#include "wal/opener.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog {
namespace {

// Coroutines run on an executor.
Future<absl::Status> AppendAndRead(Executor* executor, Wal* wal, std::string text) {
  co_await EnterExecutor(executor);
  absl::StatusOr<MutableMessage> message =
      MutableMessage::Builder(MessageType::kInsert).Build(text);
  if (!message.ok()) co_return message.status();
  const AppendOptions append_options;
  absl::StatusOr<AppendResult> appended = co_await wal->Append(*std::move(message), append_options);
  if (!appended.ok()) co_return appended.status();
  std::printf("appended %s\n", appended->position().ToString().c_str());

  ReadOptions read_options;
  read_options.until = TailAtOpen{};
  absl::StatusOr<std::unique_ptr<Scanner>> scanner = co_await wal->Read(std::move(read_options));
  if (!scanner.ok()) co_return scanner.status();
  ScanBatch batch;
  while (!batch.end) {
    absl::StatusOr<ScanBatch> next = co_await (*scanner)->Next(std::move(batch));
    if (!next.ok()) co_return next.status();
    batch = *std::move(next);
    for (const ImmutableMessage& read : batch.messages) {
      std::printf("read %.*s\n", static_cast<int>(read.payload().size()), read.payload().data());
    }
  }
  absl::Status closed = co_await (*scanner)->Close();
  co_return closed;
}

absl::Status Run(std::string directory, Term term, std::string text) {
  absl::StatusOr<std::unique_ptr<OpenerBuilder>> builder = MakeOpenerBuilder("file");
  if (!builder.ok()) return builder.status();
  const Config config = {{"dir", std::move(directory)}};
  absl::StatusOr<std::unique_ptr<Opener>> opener = (*builder)->Build(Environment{}, config);
  if (!opener.ok()) return opener.status();

  const std::unique_ptr<Executor> executor = DefaultRuntime()->MakeExecutor("example");
  absl::Status status;
  absl::StatusOr<std::unique_ptr<Wal>> wal = Blocking(executor.get(), [&] {
    return (*opener)->Open(PChannel{"orders", term});
  });
  if (wal.ok()) {
    status =
        Blocking(executor.get(), [&] { return AppendAndRead(executor.get(), wal->get(), text); });
  } else {
    status = wal.status();
  }
  // Closes the log and its scanners too.
  const absl::Status closed = Blocking(executor.get(), [&] { return (*opener)->Close(); });
  status.Update(closed);
  return status;
}

}  // namespace
}  // namespace tidelog

int main(int argc, char** argv) {
  int64_t term = 0;
  if (argc != 4 || !absl::SimpleAtoi(argv[2], &term)) {
    std::fprintf(stderr, "usage: append_and_read DIRECTORY TERM TEXT\n");
    return 2;
  }
  const absl::Status status = tidelog::Run(argv[1], tidelog::Term{term}, argv[3]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "append_and_read: %s\n", std::string(status.message()).c_str());
  return 1;
}
