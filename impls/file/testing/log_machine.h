// LogMachine: one simulated machine with a file log on its disk, processes that use it, and a
// record of what they were told; for tests of what is left after crashes and faults.
#ifndef TIDELOG_IMPLS_FILE_TESTING_LOG_MACHINE_H_
#define TIDELOG_IMPLS_FILE_TESTING_LOG_MACHINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/observer.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {

// Remembers what it is told.
class RecordingObserver final : public Observer {
 public:
  void OnEvent(const Event& event) override { events.push_back(event); }
  std::vector<Event> events;
};

// A record as the test knows it: they are numbered from 1 in the order of their submission, and
// carry that as payload and tick.
struct SeenRecord {
  uint64_t number = 0;
  MessageId id;
  Term term{};
  friend bool operator==(const SeenRecord&, const SeenRecord&) = default;
};

struct SeenLog {
  absl::Status status;
  std::vector<SeenRecord> records;
};

class LogMachine;

// A process that has the channel open for writing, or had.
class LogProcess {
 public:
  explicit LogProcess(LogMachine* machine);
  ~LogProcess();  // Abandons what is open.

  absl::Status Open(Term term);
  // The same, to be run by the test, which drops or awaits the future.
  Future<absl::Status> StartOpen(Term term);
  bool is_open() const { return wal_ != nullptr; }
  walimpls::WalImpls* wal() { return wal_.get(); }
  std::optional<MessageId> boundary() const { return wal_->boundary(); }
  FileSystem* files() { return files_; }

  // Hands over a group of `count` messages of `payload_size` bytes; Settle() collects the outcome.
  void StartAppend(size_t count, size_t payload_size, MessageType type = MessageType::kInsert);
  // Runs until every append that can end has ended, and notes how.  Yields the first error.
  absl::Status Settle();
  absl::Status Append(size_t count, size_t payload_size = 16) {
    StartAppend(count, payload_size);
    return Settle();
  }
  absl::Status AppendTimeTick() {
    StartAppend(1, 0, MessageType::kTimeTick);
    return Settle();
  }
  void Tick();
  // Truncates to the record `number`, which was acknowledged.
  absl::Status Truncate(uint64_t number);
  // Reads all of the log.
  SeenLog Read();
  absl::Status Close(walimpls::CloseMode mode);

  // Runs `start` on the process's executor, and everything until its future is ready.
  template <class F>
  auto Run(F start);

 private:
  struct Pending {
    std::vector<uint64_t> numbers;
    Future<absl::StatusOr<walimpls::Ids>> future;
  };
  Future<absl::Status> OpenCoroutine(Term term);
  bool AllReady() const;

  LogMachine* const machine_;
  const std::unique_ptr<Executor> strand_;
  FileSystem* const files_;
  std::unique_ptr<walimpls::OpenerImpls> opener_;
  std::unique_ptr<walimpls::WalImpls> wal_;
  Term term_{};
  std::vector<Pending> pending_;
};

class LogMachine {
 public:
  explicit LogMachine(uint64_t seed, Config config = {});

  TestRuntime& runtime() { return runtime_; }
  CrashableFileSystem& disk() { return disk_; }
  RecordingObserver& observer() { return observer_; }
  std::unique_ptr<walimpls::OpenerImpls> MakeOpener(FileSystem* files);

  // Reads the log as another process does: all that is visible to it now.
  SeenLog ReadAsReader();
  // What is wrong with `seen`, read after every process that was told of nothing more was gone:
  // empty if each acknowledged record is there once and in order, nothing that was not done is, and
  // what is unknown is there as a prefix.
  std::string CheckRecovered(const SeenLog& seen) const;
  // What is wrong with a log that shows `before` to a reader and then `after` to a later one.
  static std::string CheckNothingVanished(const SeenLog& before, const SeenLog& after,
                                          uint64_t truncated);

  uint64_t truncated() const { return truncated_; }
  size_t acknowledged_count() const { return acknowledged_.size(); }
  const absl::btree_map<uint64_t, MessageId>& acknowledged() const { return acknowledged_; }

 private:
  friend class LogProcess;
  ImmutableMessage MakeMessage(Term term, size_t payload_size, MessageType type, uint64_t* number);
  Config config_;
  TestRuntime runtime_;
  CrashableFileSystem disk_;
  RecordingObserver observer_;

  uint64_t last_number_ = 0;
  absl::btree_map<uint64_t, MessageId> acknowledged_;
  absl::btree_set<uint64_t> not_done_;
  absl::btree_map<uint64_t, Term> unknown_;
  uint64_t truncated_ = 0;  // No record up to this number must be there any more.
};

template <class F>
auto LogProcess::Run(F start) {
  return machine_->runtime_.RunOn(strand_.get(), std::move(start));
}

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TESTING_LOG_MACHINE_H_
