// NameTable: the names in one simulated directory, and what a machine crash may make of them.
//
// A change to a name is durable once the directory was synced; until then a crash may leave the
// name in any state that it has been in since, independently of every other name.
#ifndef TIDELOG_WAL_IO_TESTING_NAME_TABLE_H_
#define TIDELOG_WAL_IO_TESTING_NAME_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "wal/async/random_stream.h"
#include "wal/io/testing/sector_store.h"

namespace tidelog {

enum class NodeId : uint64_t { kNone = 0 };

// Thread-compatible.
class NameTable {
 public:
  // kNone if there is no such name.
  NodeId Find(std::string_view name) const;

  // Sets or, with kNone, removes a name.
  void Set(std::string_view name, NodeId node);

  // Sorted bytewise.
  std::vector<std::string> Names() const;

  void Sync();

  // A sync with another fate.  kSome: each change is durable or never will be, not even after a
  // later sync.  kLost: none ever will be.  kVolatile: none is yet.
  void FailSync(RandomStream& random, SyncFate fate = SyncFate::kSome);

  // What was done to `name` since the last sync will never be durable.
  void Lose(std::string_view name);

  void Crash(RandomStream& random);

  // Adds every node that a name has, or may have after a crash.
  void AddReferences(absl::btree_set<NodeId>& nodes) const;

 private:
  struct Entry {
    NodeId shown = NodeId::kNone;
    // What a crash may leave; the durable state first.  After a failed sync `shown` may be none of
    // them.
    std::vector<NodeId> possible = {NodeId::kNone};
  };
  void EraseGone();

  absl::btree_map<std::string, Entry> entries_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_NAME_TABLE_H_
