// DamageTrial: what readers, the inspector and the next owner make of a log whose files were
// changed.
#ifndef TIDELOG_IMPLS_FILE_TESTING_DAMAGE_TRIAL_H_
#define TIDELOG_IMPLS_FILE_TESTING_DAMAGE_TRIAL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/inspect.h"
#include "impls/file/testing/log_image.h"
#include "impls/file/testing/log_machine.h"
#include "wal/async/future.h"
#include "wal/wal.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {

// What a scan of everything that there is yields.
struct ReadBack {
  absl::Status status;
  std::vector<StoredRecord> records;
  std::vector<std::pair<uint64_t, uint64_t>> gaps;  // First and last id.
  uint32_t number = 0;                              // Of the log, as in the ids; 0: no records.
};

struct DamageOutcome {
  ReadBack reader;        // Stops at damage.
  ReadBack gap_reader;    // Goes on behind it.
  absl::Status listed;    // By the inspector: the channels.
  absl::Status verified;  // It could look at the channel.
  VerifyReport report;
  // The next owner; then one whose term is above all, if the owner word demands that.
  absl::Status opened;
  absl::Status opened_above;
  bool torn_told = false;
  ReadBack owner;
  absl::Status appended;
  ReadBack owner_after;  // With what was appended.
  // When that owner is gone.
  ReadBack reader_after;
  ReadBack gap_reader_after;
  LogImage image_after;
};

// What the next owner appends.
StoredRecord AppendedRecord(uint64_t id);

// Lays `image` down on a fresh disk, and tries all of that.
class DamageTrial {
 public:
  explicit DamageTrial(const LogImage& image);
  DamageOutcome Run();

 private:
  using OnCorrupt = ReadOptions::OnCorrupt;
  ReadBack ReadAsReader(OnCorrupt on_corrupt);
  void Inspect(DamageOutcome* outcome);
  void OpenAndAppend(DamageOutcome* outcome);
  void WorkAsOwner(walimpls::WalImpls* wal, DamageOutcome* outcome);
  absl::StatusOr<std::unique_ptr<walimpls::WalImpls>> Open(walimpls::OpenerImpls* opener,
                                                           Term term);
  template <class F>
  auto Await(F make_future) {
    return machine_.runtime().Run(std::move(make_future));
  }

  LogMachine machine_;
  Term term_above_{};
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TESTING_DAMAGE_TRIAL_H_
