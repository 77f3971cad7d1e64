// What PosixFileSystem promises between processes, with real ones: posix_peer.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/posix_file_system.h"

namespace tidelog {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using Pieces = std::vector<std::span<const char>>;

// A running posix_peer.
class Peer {
 public:
  explicit Peer(std::vector<std::string> arguments) {
    const char* program = std::getenv("POSIX_PEER");
    CHECK(program != nullptr) << "POSIX_PEER names the program of that name";
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);

    int pipe_ends[2];
    PCHECK(pipe2(pipe_ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    CHECK_EQ(posix_spawn_file_actions_init(&actions), 0);
    CHECK_EQ(posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO), 0);
    CHECK_EQ(posix_spawn(&pid_, program, &actions, nullptr, argv.data(), environ), 0) << program;
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    output_ = pipe_ends[0];
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (pid_ > 0) Kill();
    close(output_);
  }

  // Waits until it said so.
  void AwaitDone() {
    std::string said;
    char c;
    while (said != "done" && read(output_, &c, 1) == 1) said += c;
    CHECK_EQ(said, "done");
  }
  void Kill() {
    PCHECK(kill(pid_, SIGKILL) == 0);
    Wait();
  }
  // Its exit status; waits for the end.
  int Wait() {
    int status = 0;
    PCHECK(waitpid(std::exchange(pid_, -1), &status, 0) > 0);
    return status;
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

class PosixProcessesTest : public testing::Test {
 protected:
  template <class F>
  auto Await(F make_future) {
    return Blocking(executor_.get(), std::move(make_future));
  }

  PosixProcessesTest() : path_(absl::StrCat(testing::TempDir(), "/word.XXXXXX")) {
    const int fd = mkstemp(path_.data());
    PCHECK(fd >= 0) << path_;
    PCHECK(write(fd, "\0\0\0\0\0\0\0\0", 8) == 8);
    close(fd);
    auto file = Await([&] { return files_.Open(path_, OpenMode::kReadWrite); });
    CHECK_OK(file);
    file_ = *std::move(file);
  }
  ~PosixProcessesTest() override { unlink(path_.c_str()); }

  std::unique_ptr<MappedWord> Map() {
    auto word = Await([&] { return file_->MapWord(0); });
    CHECK_OK(word);
    return *std::move(word);
  }

  std::string path_;
  const std::unique_ptr<ThreadRuntime> runtime_ = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor_ = runtime_->MakeExecutor("test");
  PosixFileSystem files_{runtime_.get()};
  std::unique_ptr<File> file_;
};

TEST_F(PosixProcessesTest, ALockDiesWithAKilledProcess) {
  Peer peer({"lock", path_});
  peer.AwaitDone();
  EXPECT_THAT(Await([&] { return file_->IsLocked(); }), IsOkAndHolds(true));
  EXPECT_THAT(Await([&] { return file_->TryLock(); }), IsOkAndHolds(false));
  peer.Kill();
  EXPECT_THAT(Await([&] { return file_->IsLocked(); }), IsOkAndHolds(false));
  EXPECT_THAT(Await([&] { return file_->TryLock(); }), IsOkAndHolds(true));
}

TEST_F(PosixProcessesTest, AnExchangeIsSeenAtOnceAndOutlivesAKilledProcess) {
  const std::unique_ptr<MappedWord> word = Map();
  Peer peer({"exchange", path_, "7"});
  peer.AwaitDone();
  EXPECT_EQ(word->Load(), 7);
  peer.Kill();
  EXPECT_EQ(word->Load(), 7);
  char bytes[8] = {};
  EXPECT_THAT(Await([&] { return file_->Read(0, bytes); }), IsOkAndHolds(8));
  EXPECT_EQ(bytes[0], 7);
}

TEST_F(PosixProcessesTest, ExchangesOfTwoProcessesAreNotLost) {
  constexpr uint64_t kCount = 20000;
  const std::unique_ptr<MappedWord> word = Map();
  Peer first({"count", path_, absl::StrCat(kCount)});
  Peer second({"count", path_, absl::StrCat(kCount)});
  for (uint64_t i = 0; i < kCount; ++i) {
    uint64_t seen = word->Load();
    while (!word->CompareExchange(seen, seen + 1)) {
    }
  }
  EXPECT_EQ(first.Wait(), 0);
  EXPECT_EQ(second.Wait(), 0);
  EXPECT_EQ(word->Load(), 3 * kCount);
}

TEST_F(PosixProcessesTest, AWatcherIsToldOfAnotherProcess) {
  const std::string directory = absl::StrCat(path_, ".d");
  ASSERT_THAT(Await([&] { return files_.CreateDirectory(directory); }), IsOk());
  const auto watcher = Await([&] { return files_.Watch(directory); });
  ASSERT_THAT(watcher, IsOk());
  Future<absl::Status> next = (*watcher)->Next();
  Peer peer({"create", absl::StrCat(directory, "/a")});
  EXPECT_THAT(Await([&] { return std::move(next); }), IsOk());
  EXPECT_EQ(peer.Wait(), 0);
  EXPECT_THAT(Await([&] { return files_.List(directory); }),
              IsOkAndHolds(testing::ElementsAre("a")));
}

}  // namespace
}  // namespace tidelog
