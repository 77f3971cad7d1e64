// WalWorld: the whole log, from its public interfaces down to a backend's storage, on a runtime of
// virtual time; nothing goes wrong in it.
#ifndef TIDELOG_SIM_MODEL_WAL_WORLD_H_
#define TIDELOG_SIM_MODEL_WAL_WORLD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/memory/store.h"
#include "sim/model/wal_model.h"
#include "wal/async/test_runtime.h"
#include "wal/checkpoint_store.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/message/message.h"
#include "wal/observer.h"
#include "wal/opener.h"
#include "wal/scanner.h"
#include "wal/testing/memory_checkpoint_store.h"
#include "wal/wal.h"
#include "walimpls/opener.h"

namespace tidelog::sim {

class WalWorld {
 public:
  enum class Backend { kMemory, kFile };
  WalWorld(Backend backend, uint64_t seed);
  ~WalWorld();

  // Processes that share the storage.
  static constexpr size_t kProcesses = 3;
  Opener& opener(size_t process) { return *processes_[process]->opener; }
  TestRuntime& runtime() { return runtime_; }
  // Records of a lower term that readers have met (A5).
  int term_violations() const { return observer_.term_violations; }

  // Calls `make_future` and runs until that is ready.
  template <class F>
  auto Run(F make_future) {
    return runtime_.Run(std::move(make_future));
  }

  absl::StatusOr<std::unique_ptr<Scanner>> Read(RoWal* log, const ReadOptions& options);
  void Close(Scanner& scanner);
  // A whole scan, which has an end.
  WalModel::Seen ReadAll(RoWal* log, const ReadOptions& options);
  // Reads on to the end of the scan, or until `count` messages have come; `*resume` is what it says
  // last.  kDeadlineExceeded: nothing came for so long that nothing will.
  WalModel::Seen ReadOn(Scanner& scanner, std::optional<size_t> count,
                        std::optional<Position>* resume);

 private:
  struct Process {
    std::unique_ptr<walimpls::OpenerBuilderImpls> backend;
    std::unique_ptr<CheckpointStore> checkpoints;  // Of a log on files.
    std::unique_ptr<OpenerBuilder> builder;
    std::unique_ptr<Opener> opener;
  };
  struct Events final : public Observer {
    void OnEvent(const Event& event) override {
      if (event.kind == Event::Kind::kTermViolation) ++term_violations;
    }
    int term_violations = 0;
  };

  std::unique_ptr<Process> MakeProcess(Backend backend);

  TestRuntime runtime_;
  Events observer_;
  const std::shared_ptr<impls::memory::Store> store_;
  MemoryCheckpointStore checkpoints_;  // Of all processes of a log in memory.
  CrashableFileSystem disk_;
  std::vector<std::unique_ptr<Process>> processes_;
};

WalModel::Seen SeenError(const absl::Status& status);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MODEL_WAL_WORLD_H_
