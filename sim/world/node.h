// Node: the program of one simulated process: an opener of the log, and clients that use it as a
// plan says.
//
// It tells the world about each call before it makes it, and what it yields.
#ifndef TIDELOG_SIM_WORLD_NODE_H_
#define TIDELOG_SIM_WORLD_NODE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/plan/operation.h"
#include "sim/world/boundary_probe.h"
#include "sim/world/recorder.h"
#include "sim/world/slot.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"
#include "wal/io/file_system.h"
#include "wal/observer.h"
#include "wal/opener.h"
#include "wal/scanner.h"
#include "wal/wal.h"

namespace tidelog::sim {

// In the memory of the process.  Made in its code; everything else happens on its executor.
class Node final : private Observer {
 public:
  explicit Node(const NodeHost& host);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  // Requires: never started, or Stop() is done and no activity is under way.
  ~Node() override;

  // Starts an operation of a client, which slot->operations counts.  `operation` outlives the
  // process.
  void Begin(const Operation* operation);

  // The end of a run.  First one node opens the log anew and appends a message; later it and
  // another one, which only opens for reading, read all that the log holds.
  struct Finale {
    bool done = false;
    bool wrote = false;
    int32_t scan = 0;  // The operation of a scan that came to the tail; 0: none did.
    check::Tick mark = 0;
  };
  // `finale` is memory of the world.
  void BeginFinalWrite(Finale* finale);
  void BeginFinalRead(bool as_writer, Finale* finale);

  // Closes everything.  slot->stopped is set when it is done.
  void BeginStop();

 private:
  struct Handle;
  struct OpenerParts {
    std::unique_ptr<Opener> opener;
    bool closing = false;
    std::vector<std::pair<std::shared_ptr<Handle>, Recorder::Who>> told;  // That it closes them.
  };
  struct Handle {
    std::shared_ptr<OpenerParts> parts;  // Outlives the log.
    std::unique_ptr<RoWal> log;
    Wal* writer = nullptr;  // Of one opened for writing.
    uint32_t client = 0;
    int32_t number = 0;
    int64_t term = 0;
    bool lost = false;  // WhenUnavailable() fired.
    bool closing = false;
    bool closed = false;
  };
  using HandlePtr = std::shared_ptr<Handle>;
  struct Scan {
    uint32_t client = 0;
    int32_t op = 0;
    HandlePtr handle;
    std::unique_ptr<Scanner> scanner;
    bool close_told = false;
  };
  using ScanPtr = std::shared_ptr<Scan>;
  class Activity;
  class Given;
  class UnderWay;

  void OnEvent(const tidelog::Event& event) override;

  void MakeOpener();
  Future<Unit> Run(const Operation* operation);
  Future<Unit> FinalWrite(Finale* finale);
  Future<Unit> FinalRead(bool as_writer, Finale* finale);
  uint32_t examiner() const { return static_cast<uint32_t>(host_.plan->config.clients.size()); }
  Future<Unit> RunStop();

  // Null: it failed.
  Future<HandlePtr> Open(uint32_t client, int64_t term);
  Future<HandlePtr> OpenReadOnly(uint32_t client);
  HandlePtr Adopt(std::shared_ptr<OpenerParts> parts, std::unique_ptr<RoWal> log, uint32_t client,
                  int32_t number);
  Future<Unit> Watch(HandlePtr handle);
  Future<Unit> Close(HandlePtr handle);
  Future<Unit> CloseOpener();
  // The opener of `handle` is about to close it, or does already.
  void TellOfClose(const HandlePtr& handle);

  // Of a client, from the newest, 0; null: there is none.
  HandlePtr FindHandle(uint32_t client, uint32_t index, bool writer) const;
  ScanPtr FindScan(uint32_t client, uint32_t index) const;

  Future<Unit> Append(const Operation* operation);
  Future<absl::Status> AppendOn(HandlePtr handle, const Operation* operation);
  // What goes on with a transaction, or begins one.
  Future<Unit> AppendTxnOn(HandlePtr handle, const Operation* operation);
  std::vector<MutableMessage> TxnMessages(const Operation& operation, TxnState* txn);
  // That an append is called, and how it ended.
  Recorder::Who TellOfAppend(const Handle& handle, const Operation& operation,
                             const std::vector<MutableMessage>& messages, bool is_refusable);
  void TellOfAppended(const Recorder::Who& who, const BatchResult& result);
  // Yields the operation of the scan if it came to its end, else 0.
  Future<int32_t> ReadOn(HandlePtr handle, const Operation* operation);
  Future<bool> ReadToEnd(ScanPtr scan, int64_t pause_ns);
  ReadOptions OptionsOf(const Operation& operation) const;
  Future<Unit> CloseScan(ScanPtr scan);
  Future<Unit> TruncateOn(HandlePtr handle, const Operation* operation);
  Future<Unit> InfoOn(HandlePtr handle, check::Tick* mark);
  Future<Unit> MvccOn(HandlePtr handle, const Operation* operation);

  Recorder::Who WhoOf(const Handle& handle, int32_t op) const;
  void Tell(Site site);

  const NodeHost host_;
  Slot& slot_;
  Recorder& recorder_;
  const std::unique_ptr<FileSystem> files_;
  BoundaryProbe backend_;
  const std::unique_ptr<OpenerBuilder> builder_;
  const std::unique_ptr<Executor> executor_;
  std::shared_ptr<OpenerParts> parts_;
  std::vector<HandlePtr> handles_;  // In the order in which they were opened.
  std::vector<ScanPtr> scans_;
  Signal stopping_;
  bool is_stopping_ = false;
  Operation final_append_;
  Operation final_scan_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_NODE_H_
