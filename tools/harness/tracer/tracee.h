// Tracee: a program under ptrace(2), with all its threads, from one system call to the next.
#ifndef TIDELOG_TOOLS_HARNESS_TRACER_TRACEE_H_
#define TIDELOG_TOOLS_HARNESS_TRACER_TRACEE_H_

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidelog::harness {

// A thread that enters a system call, or has left it.
struct CallStop {
  pid_t thread = 0;
  bool entered = false;
  uint64_t number = 0;
  std::array<uint64_t, 6> arguments = {};
  int64_t result = 0;  // Of a call that was left.
};

// Confined to the thread that started it, as ptrace(2) is.  One at a time: it waits for every child
// of this process.  Of processes that the program starts itself it knows nothing.
class Tracee {
 public:
  // What the program is given as its standard files.
  struct StandardFiles {
    std::string input = "/dev/null";
    std::string output = "/dev/null";
    std::string errors = "/dev/null";
  };

  // PERMISSION_DENIED: this machine allows no tracing; the sentence says what would.
  static absl::StatusOr<std::unique_ptr<Tracee>> Start(const std::vector<std::string>& command,
                                                       const StandardFiles& files);
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;
  ~Tracee();  // Kills what still runs.

  pid_t pid() const { return pid_; }

  // Lets everything run until a thread enters or leaves a system call; that thread alone is held
  // then.  None: the program has ended.
  absl::StatusOr<std::optional<CallStop>> Next();

  // Holds every thread, each where it is, until Release().
  absl::Status HoldAll();

  // Lets every thread go on, traced no more.
  absl::Status Release();

  // Waits for the end of a program that was released, or has ended.  Its status as of waitpid(2).
  absl::StatusOr<int> WaitForEnd();

  // The text that a thread's argument points to.
  absl::StatusOr<std::string> ReadText(uint64_t address) const;

  // What the link `name` in its directory of /proc says: "cwd", "fd/3".  Empty: there is none.
  std::string ReadLink(const std::string& name) const;

 private:
  struct Thread {
    bool held = false;
    bool in_call = false;
    int signal = 0;  // To be delivered when it goes on.
    CallStop call;   // That it is in.
  };

  explicit Tracee(pid_t pid) : pid_(pid) {}
  absl::Status WaitOnce();
  absl::Status OnStop(pid_t id, int status);
  absl::Status OnSystemCall(pid_t id, Thread* thread);
  absl::Status LetGoOn(pid_t id, Thread* thread);
  bool AllHeld() const;

  const pid_t pid_;
  absl::btree_map<pid_t, Thread> threads_;
  std::optional<CallStop> stop_;  // That WaitOnce() came upon.
  bool holding_ = false;
  std::optional<int> end_;
};

}  // namespace tidelog::harness

#endif  // TIDELOG_TOOLS_HARNESS_TRACER_TRACEE_H_
