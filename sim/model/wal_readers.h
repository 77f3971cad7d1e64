// WalReaders: scans of a log, and scanners that go on, each held against the model.
#ifndef TIDELOG_SIM_MODEL_WAL_READERS_H_
#define TIDELOG_SIM_MODEL_WAL_READERS_H_

#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "sim/model/wal_model.h"
#include "sim/model/wal_world.h"
#include "wal/message/message_id.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::sim {

// What a scan is asked for is chosen by `a`, where it starts, and `b`, its filters and limits.  An
// answer that is not the model's fails the property.
class WalReaders {
 public:
  // Both outlive this.
  WalReaders(WalWorld* world, const WalModel* model) : world_(*world), model_(*model) {}
  ~WalReaders();

  // Scans `log` to its tail, or to a message before.
  void ScanOnce(RoWal* log, uint64_t a, uint64_t b);

  // Opens a scanner that goes on.
  void Follow(RoWal* log, uint64_t a, uint64_t b);
  // Reads what those that go on have not delivered yet.
  void ReadOn(const RoWal* owner);
  // Closes one of them, and goes on from its position on `owner`.
  void Resume(RoWal* owner, uint64_t amount);

  // `log` was closed: its scanners have ended.  They may be destroyed after it.
  void CheckClosed(const RoWal* log);
  void ForgetThoseOf(const RoWal* log);

 private:
  // A scan, as the model knows it.
  struct Scan {
    WalModel::Question question;
    TimeTick place{};  // Where it is in the log; what filters leave out lies above it.
    WalModel::Gone gone = WalModel::Gone::kNever;
  };
  struct Follower {
    RoWal* log = nullptr;
    std::unique_ptr<Scanner> scanner;
    ReadOptions options;
    Scan scan;
    std::optional<Position> resume;
  };

  // A scan without an end.
  Scan Choose(uint64_t a, uint64_t b, ReadOptions* options) const;
  void Start(Follower follower);
  // False: it has ended, as it may.
  bool ReadOn(Follower* follower, const RoWal* owner);
  // What the mark says of one that has not read on since.
  WalModel::Gone GoneOf(const Follower& follower, const RoWal* owner) const;

  WalWorld& world_;
  const WalModel& model_;
  std::list<Follower> followers_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MODEL_WAL_READERS_H_
