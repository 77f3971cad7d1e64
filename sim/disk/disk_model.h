// DiskModel: the files of one simulated machine, who has them open, and what an operation does to
// them.  Plain data: no time, no processes, no luck but its own stream.
#ifndef TIDELOG_SIM_DISK_DISK_MODEL_H_
#define TIDELOG_SIM_DISK_DISK_MODEL_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/disk/disk_call.h"
#include "sim/disk/disk_fault.h"
#include "wal/async/random_stream.h"
#include "wal/io/testing/disk_tree.h"
#include "wal/io/testing/name_table.h"
#include "wal/io/testing/sector_store.h"

namespace tidelog::sim {

// Confined to one thread, in the memory of the world.
class DiskModel {
 public:
  static constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

  // How an operation takes effect.
  struct Effect {
    uint64_t write_end = kUnlimited;  // Of a write: how many of its bytes are to be written now.
    SyncFate sync = SyncFate::kDurable;
    int sync_error_number = 0;  // What the sync reports, whatever it does.
    const DiskVerdict::Misdirection* misdirect = nullptr;
    bool lose_name = false;
  };

  DiskModel(uint64_t tear_bytes, RandomStream random) : tree_(tear_bytes), random_(random) {}

  // Lets `call` take effect; its reply says how it went.
  void Apply(DiskCall* call, const Effect& effect);

  // Eight bytes of an open file, at once.
  uint64_t LoadWord(uint64_t file, uint64_t offset);
  bool ExchangeWord(uint64_t file, uint64_t offset, uint64_t& expected, uint64_t desired);

  // The path that `file` was opened by.
  const std::string& PathOf(uint64_t file) const { return files_[file]->path; }

  void CloseFile(uint64_t file);
  void CloseWatch(uint64_t watch);
  // As the end of a process does.
  void CloseAllOf(uint32_t client);
  // Power is cut.  Requires: nothing is open.
  void Crash() { tree_.Crash(random_); }

  // The watcher is there to be told from now on: of what changed before, at once.
  void AttachWatch(uint64_t watch);
  // It knows; it is told again of the next change.
  void NoteTold(uint64_t watch) { watches_[watch]->told = false; }
  // Watches that are to be told, in that order; each once until NoteTold().
  std::vector<uint64_t> TakeChanged() { return std::exchange(changed_, {}); }
  bool has_changed() const { return !changed_.empty(); }
  // Whom to tell.
  const CallToken& TokenOf(uint64_t watch) const { return watches_[watch]->token; }
  bool HasWatch(uint64_t watch) const {
    return watch < watches_.size() && watches_[watch] != nullptr;
  }

  // Faults without an operation.  False: there is no such file, or no such bytes.
  bool BreakSector(std::string_view path, uint64_t offset);
  bool Rot(std::string_view path, uint64_t offset, uint8_t mask);
  bool FailWriteBack(std::string_view path, int error_number, SyncFate fate);
  void DropCleanPages() { tree_.DropCleanPages(); }

  uint64_t used_blocks() const { return tree_.blocks_used(); }
  size_t open_count() const { return open_count_; }
  RandomStream& random() { return random_; }

  uint64_t capacity_blocks = kUnlimited;
  uint64_t quota_blocks = kUnlimited;
  bool read_only = false;

 private:
  struct OpenFile {
    uint32_t client = 0;
    NodeId node{};
    NodeId directory{};  // Where it was opened: whose watchers are told.
    bool writable = false;
    uint64_t errors_seen = 0;  // Of the node's: failed write-backs that this file reported.
    std::string path;
  };
  struct Watch {
    uint32_t client = 0;
    NodeId directory{};
    CallToken token;
    bool attached = false;
    bool changed = false;  // Before it was attached.
    bool told = false;
  };

  int ApplyOpen(const DiskRequest& request, const Effect& effect, uint64_t& number);
  int ApplyRead(DiskCall* call, const Effect& effect);
  int ApplyWrite(DiskCall* call, const Effect& effect);
  int ApplySync(const DiskRequest& request, const Effect& effect);
  int ApplyStartWriteBack(const DiskRequest& request, const Effect& effect);
  int ApplyAllocate(const DiskRequest& request);
  int ApplyTruncate(const DiskRequest& request);
  int ApplyLock(const DiskRequest& request, DiskReply& reply);
  int ApplyMapWord(const DiskRequest& request, DiskReply& reply);
  int ApplyLink(const DiskRequest& request, const Effect& effect);
  int ApplyUnlink(const DiskRequest& request, const Effect& effect);
  int ApplyCreateDirectory(const DiskRequest& request, const Effect& effect);
  int ApplyList(DiskCall* call);
  int ApplySyncDirectory(const DiskRequest& request, const Effect& effect);
  int ApplyInfo(const DiskRequest& request, DiskReply& reply);
  int ApplyWatch(const DiskRequest& request, uint64_t& number);

  DiskTree::Node& NodeOf(uint64_t file) { return tree_.node(files_[file]->node); }
  SectorStore* FileAt(std::string_view path);
  void Changed(const DiskTree::Place& place, const Effect& effect);
  void Notify(NodeId directory);
  void FailWriteBack(DiskTree::Node& node, int error_number, SyncFate fate);
  // Blocks that may be taken, and the error of who wants more.
  uint64_t FreeBlocks(int* error_number) const;

  DiskTree tree_;
  RandomStream random_;
  // By number; null once closed.  Numbers are not used again.
  std::vector<std::unique_ptr<OpenFile>> files_;
  std::vector<std::unique_ptr<Watch>> watches_;
  std::vector<uint64_t> live_watches_;  // Those that are not closed, in ascending order.
  std::vector<uint64_t> changed_;
  size_t open_count_ = 0;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_DISK_DISK_MODEL_H_
