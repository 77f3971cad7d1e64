// DamagedLog: a log on a simulated disk that a test damages, repairs and reads again.
//
//   DamagedLog log(/*seed=*/1);
//   log.Fill(20, DamagedLog::End::kClosed);     // Records 1 to 20, with these ids.
//   log.RotRecord(3);
//   absl::StatusOr<RepairOutcome> repaired = log.Repair();
#ifndef TIDELOG_IMPLS_FILE_TESTING_DAMAGED_LOG_H_
#define TIDELOG_IMPLS_FILE_TESTING_DAMAGED_LOG_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/inspect.h"
#include "impls/file/repair_apply.h"
#include "impls/file/repair_plan.h"
#include "impls/file/testing/log_machine.h"
#include "wal/io/file_system.h"
#include "wal/scanner.h"

namespace tidelog::impls::file {

// For one thread.
class DamagedLog {
 public:
  explicit DamagedLog(uint64_t seed) : machine_(seed) {}

  LogMachine& machine() { return machine_; }

  enum class End {
    kClosed,  // The last segment is sealed.
    kKilled,  // It is not.
  };
  // Term 1 appends records, each a group of its own of eight thousand bytes, seven a segment.
  void Fill(int count, End end);

  // Files of the channel, by their names in its directory; "../TIDELOG" is the marker.
  std::vector<std::string> Names(std::string_view part);
  std::string Get(std::string_view name);
  void Put(std::string_view name, std::string bytes);
  void Remove(std::string_view name);
  void Rot(std::string_view name, uint64_t offset);
  // Changes a byte of a record, or of the commit frame behind it.
  void RotRecord(uint64_t number);
  void RotCommitOf(uint64_t number);

  absl::StatusOr<RepairPlan> Plan();
  absl::StatusOr<RepairOutcome> Repair();
  absl::StatusOr<RepairOutcome> Repair(RepairRequest request);
  // That of Repair(), as one more process.
  RepairRequest Request();
  VerifyReport Verified();

  using Range = std::pair<uint64_t, uint64_t>;
  struct Seen {
    absl::Status status;
    std::vector<uint64_t> numbers;
    std::vector<Range> gaps;
    std::vector<absl::Status> reasons;  // Of the gaps.
  };
  // What another process reads.
  Seen Read(ReadOptions::OnCorrupt on_corrupt);

  // The bytes of all segments and manifests.
  std::map<std::string, std::string> Originals();
  // Which of `originals` is neither where it was nor aside, byte for byte; empty: none.
  std::string Missing(const std::map<std::string, std::string>& originals);

 private:
  std::string PathTo(std::string_view name) const;
  std::pair<std::string, uint64_t> Find(uint64_t number);

  LogMachine machine_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TESTING_DAMAGED_LOG_H_
