// posix_peer: another process for posix_processes_test.
//
//   posix_peer lock FILE            takes the lock, says "done", and stays until killed
//   posix_peer exchange FILE N      swaps the word at 0 from 0 to N, syncs nothing, "done", stays
//   posix_peer count FILE N         adds N to the word at 0, one at a time, and ends
//   posix_peer create FILE          makes it and ends
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/posix_file_system.h"

namespace tidelog {
namespace {

class Peer {
 private:
  template <class F>
  auto Await(F make_future) {
    return Blocking(executor_.get(), std::move(make_future));
  }

 public:
  void Lock(const std::string& path) {
    const std::unique_ptr<File> file = Open(path, OpenMode::kReadWrite);
    const auto locked = Await([&] { return file->TryLock(); });
    CHECK_OK(locked);
    CHECK(*locked);
    SayDoneAndStay();
  }

  void Exchange(const std::string& path, uint64_t value) {
    const std::unique_ptr<File> file = Open(path, OpenMode::kReadWrite);
    const std::unique_ptr<MappedWord> word = Map(*file);
    uint64_t expected = 0;
    CHECK(word->CompareExchange(expected, value));
    SayDoneAndStay();
  }

  void Count(const std::string& path, uint64_t count) {
    const std::unique_ptr<File> file = Open(path, OpenMode::kReadWrite);
    const std::unique_ptr<MappedWord> word = Map(*file);
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t seen = word->Load();
      while (!word->CompareExchange(seen, seen + 1)) {
      }
    }
  }

  void Create(const std::string& path) { Open(path, OpenMode::kCreateExclusive); }

 private:
  std::unique_ptr<File> Open(const std::string& path, OpenMode mode) {
    auto file = Await([&] { return files_.Open(path, mode); });
    CHECK_OK(file);
    return *std::move(file);
  }
  std::unique_ptr<MappedWord> Map(File& file) {
    auto word = Await([&] { return file.MapWord(0); });
    CHECK_OK(word);
    return *std::move(word);
  }
  static void SayDoneAndStay() {
    std::puts("done");
    std::fflush(stdout);
    while (true) pause();
  }

  const std::unique_ptr<ThreadRuntime> runtime_ = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor_ = runtime_->MakeExecutor("peer");
  PosixFileSystem files_{runtime_.get()};
};

int Main(int argc, char** argv) {
  CHECK_GE(argc, 3) << "usage: posix_peer lock|exchange|count|create FILE [N]";
  const std::string_view command = argv[1];
  const std::string path = argv[2];
  uint64_t number = 0;
  if (argc > 3) CHECK(absl::SimpleAtoi(argv[3], &number)) << argv[3];
  Peer peer;
  if (command == "lock") peer.Lock(path);
  if (command == "exchange") peer.Exchange(path, number);
  if (command == "count") peer.Count(path, number);
  if (command == "create") peer.Create(path);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace tidelog

int main(int argc, char** argv) { return tidelog::Main(argc, argv); }
