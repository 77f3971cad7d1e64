// FileLogWorld: processes that run a file log on one simulated machine by scripts, and what they
// were told; for tests of crashes, pauses and takeovers.
//
//   FileLogWorld world({.seed = 1});
//   FileLogHost* owner = world.Spawn("owner", {LogStep::Open(1), LogStep::Append(2, 16), ...});
//   world.Run({owner});
#ifndef TIDELOG_SIM_DISK_FILE_LOG_WORLD_H_
#define TIDELOG_SIM_DISK_FILE_LOG_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/disk/sim_disk.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/process.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::sim {

// What a process does next.
struct LogStep {
  enum class What {
    kOpen,      // For writing, at `term`; the script ends if that fails.
    kAppend,    // Hands a group of `count` messages of `size` bytes over.
    kSettle,    // Waits until every append has ended.
    kTick,      // OnTick().
    kTruncate,  // To the newest record that was acknowledged.
    kRead,      // All there is.
    kClose,     // Cleanly.
  };
  What what{};
  int64_t term = 0;
  size_t count = 0;
  size_t size = 0;

  static LogStep Open(int64_t term) { return {What::kOpen, term, 0, 0}; }
  static LogStep Append(size_t count, size_t size) { return {What::kAppend, 0, count, size}; }
  static LogStep Do(What what) { return {what, 0, 0, 0}; }
};

// A record as tests know it: they are numbered from 1 in the order of their submission, and carry
// the number as tick.
struct LogRecord {
  enum class Outcome { kPending, kAcknowledged, kNotDone, kUnknown };
  uint64_t number = 0;
  Term term{};
  uint64_t id = 0;  // Once it is known.
  Outcome outcome = Outcome::kPending;

  friend bool operator==(const LogRecord& a, const LogRecord& b) {
    return a.number == b.number && a.term == b.term && a.id == b.id;
  }
};

class FileLogWorld;

// A process.  In the memory of the world, as all that it tells.
class FileLogHost {
 public:
  FileLogHost(FileLogWorld* world, std::string_view name, std::vector<LogStep> script);
  // Closes the log and ends the process, if it is alive; fails the test if anything is left of it.
  ~FileLogHost();

  Process* process() const { return process_; }
  // Its script has ended, or it has died.
  bool ended() const { return done_ || !process_->alive(); }
  bool done() const { return done_; }

  bool opened() const { return opened_; }
  WalErrorCode open_error() const { return open_error_; }
  const std::string& open_error_text() const { return open_error_text_; }
  // 0: there is none.
  uint64_t boundary() const { return boundary_; }
  // How the last append ended.
  WalErrorCode append_error() const { return append_error_; }
  // What each kRead saw, and how the last one ended.
  const std::vector<std::vector<LogRecord>>& reads() const { return reads_; }
  const std::string& read_error() const { return read_error_; }

 private:
  friend class FileLogProgram;

  FileLogWorld* const world_;
  Process* const process_;
  const std::vector<LogStep> script_;
  class FileLogProgram* program_ = nullptr;  // Gone with the process.
  bool done_ = false;
  bool opened_ = false;
  WalErrorCode open_error_{};
  std::string open_error_text_;
  WalErrorCode append_error_{};
  uint64_t boundary_ = 0;
  std::vector<std::vector<LogRecord>> reads_;
  std::string read_error_;
};

class FileLogWorld {
 public:
  explicit FileLogWorld(const Kernel::Options& options, const SimDisk::Options& disk_options = {})
      : kernel(options), disk(&kernel, disk_options) {}

  FileLogHost* Spawn(std::string_view name, std::vector<LogStep> script);

  // Runs until each of `hosts` has ended.  False if one never does: a hang.
  bool Run(const std::vector<const FileLogHost*>& hosts);

  // What is wrong with a read of all there is, given what was said about each append (C1, C2, D8);
  // "" if nothing.
  std::string CheckRead(const FileLogHost& reader) const;
  // Whether `after` has everything that `before` has, but for what was truncated.
  std::string CheckNothingVanished(const std::vector<LogRecord>& before,
                                   const std::vector<LogRecord>& after) const;

  // By number, from 1.
  const LogRecord& record(uint64_t number) const { return records_[number - 1]; }
  const std::vector<LogRecord>& records() const { return records_; }

  Kernel kernel;
  SimDisk disk;

 private:
  friend class FileLogHost;
  friend class FileLogProgram;

  std::vector<LogRecord> records_;
  uint64_t truncated_ = 0;  // Number of the record truncated to, perhaps.
  std::vector<std::unique_ptr<FileLogHost>> hosts_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_DISK_FILE_LOG_WORLD_H_
