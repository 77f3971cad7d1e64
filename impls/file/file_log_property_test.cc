// The file log against a model: whatever is done to it, in whatever order, it holds what it said it
// holds.
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "impls/file/testing/log_machine.h"
#include "rapidcheck/gtest.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

using walimpls::CloseMode;

struct Command {
  enum Kind {
    kAppend,      // A group of `a` messages of `b` bytes, and waits.
    kAppendMore,  // The same, in flight with the next.
    kTimeTick,
    kTick,
    kTruncate,  // To one of the records there.
    kCrashProcess,
    kCrashMachine,
    kCloseAndReopen,  // Cleanly, the same term.
    kNextTerm,        // Taken over by another process.
    kRead,
    kKindCount,
  };
  int kind = 0;
  uint64_t a = 0;
  uint64_t b = 0;
};

std::ostream& operator<<(std::ostream& out, const Command& command) {
  static constexpr const char* kNames[] = {
      "append",        "append more",   "time tick",    "tick",      "truncate",
      "crash process", "crash machine", "close/reopen", "next term", "read"};
  return out << kNames[command.kind] << "(" << command.a << ", " << command.b << ")";
}

// A log, and what it said.  LogMachine keeps the model: acknowledged, not done, unknown.
class System {
 public:
  explicit System(uint64_t seed) : machine_(seed), process_(NewProcess()) { TakeOver(); }

  void Run(const Command& command) {
    switch (command.kind) {
      case Command::kAppend:
        RC_ASSERT(process_->Append(1 + command.a % 4, command.b % 20000).ok());
        break;
      case Command::kAppendMore:
        process_->StartAppend(1 + command.a % 4, command.b % 20000);
        break;
      case Command::kTimeTick:
        RC_ASSERT(process_->AppendTimeTick().ok());
        break;
      case Command::kTick:
        process_->Tick();
        break;
      case Command::kTruncate:
        Truncate(command.a);
        break;
      case Command::kCrashProcess:
        machine_.disk().CrashProcess(process_->files());
        TakeOver();
        break;
      case Command::kCrashMachine:
        machine_.disk().CrashMachine();
        TakeOver();
        break;
      case Command::kCloseAndReopen:
        RC_ASSERT(process_->Settle().ok());
        RC_ASSERT(process_->Close(CloseMode::kClean).ok());
        RC_ASSERT(process_->Open(Term{term_}).ok());
        break;
      case Command::kNextTerm:
        TakeOver();
        break;
      case Command::kRead:
        CheckInvariants();
        break;
    }
  }

  // INVARIANT: an owner reads what was acknowledged and not truncated, once, in order, at the ids
  // it was acknowledged at, nothing that was not done; and what a reader elsewhere sees, it sees
  // too.
  void CheckInvariants() {
    RC_ASSERT(process_->Settle().ok());
    const SeenLog elsewhere = machine_.ReadAsReader();
    RC_ASSERT(elsewhere.status.ok());
    const SeenLog seen = process_->Read();
    RC_ASSERT(machine_.CheckRecovered(seen) == "");
    RC_ASSERT(LogMachine::CheckNothingVanished(elsewhere, seen, 0) == "");
    if (seen.records.empty()) return;
    const uint64_t highest = *seen.records.back().id.ToNumber();
    RC_ASSERT(highest >= highest_id_);  // Ids never go back (A4).
    highest_id_ = highest;
  }

 private:
  std::unique_ptr<LogProcess> NewProcess() { return std::make_unique<LogProcess>(&machine_); }

  // The old process is closed after the new one has the channel, as if it had been paused.
  void TakeOver() {
    std::unique_ptr<LogProcess> next = NewProcess();
    RC_ASSERT(next->Open(Term{++term_}).ok());
    process_ = std::move(next);
    CheckInvariants();
  }

  void Truncate(uint64_t which) {
    RC_ASSERT(process_->Settle().ok());
    const SeenLog seen = process_->Read();
    for (size_t i = 0; i < seen.records.size(); ++i) {
      const SeenRecord& record = seen.records[(which + i) % seen.records.size()];
      if (!machine_.acknowledged().contains(record.number)) continue;
      RC_ASSERT(process_->Truncate(record.number).ok());
      return;
    }
  }

  LogMachine machine_;
  int64_t term_ = 0;
  uint64_t highest_id_ = 0;
  std::unique_ptr<LogProcess> process_;
};

}  // namespace
}  // namespace tidelog::impls::file

namespace rc {

template <>
struct Arbitrary<tidelog::impls::file::Command> {
  static Gen<tidelog::impls::file::Command> arbitrary() {
    using tidelog::impls::file::Command;
    return gen::build<Command>(gen::set(&Command::kind, gen::inRange<int>(0, Command::kKindCount)),
                               gen::set(&Command::a, gen::inRange<uint64_t>(0, 1000)),
                               gen::set(&Command::b, gen::inRange<uint64_t>(0, 1000000)));
  }
};

}  // namespace rc

namespace tidelog::impls::file {
namespace {

RC_GTEST_PROP(FileLogProperty, HoldsWhatItSaidItHolds, ()) {
  const auto seed = *rc::gen::inRange<uint64_t>(1, 1000000);
  const auto commands = *rc::gen::arbitrary<std::vector<Command>>();
  System system(seed);
  for (const Command& command : commands) system.Run(command);
  system.CheckInvariants();
}

}  // namespace
}  // namespace tidelog::impls::file
