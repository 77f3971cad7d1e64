// DiskTree: the directories and files of one simulated disk.
//
// Functions return 0 or the errno that Linux would give.
#ifndef TIDELOG_WAL_IO_TESTING_DISK_TREE_H_
#define TIDELOG_WAL_IO_TESTING_DISK_TREE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "wal/async/random_stream.h"
#include "wal/io/testing/name_table.h"
#include "wal/io/testing/sector_store.h"

namespace tidelog {

// Thread-compatible.
class DiskTree {
 public:
  struct Node {
    explicit Node(uint64_t tear_bytes) : data(tear_bytes) {}

    bool is_directory = false;
    SectorStore data;                   // Of a file.
    NameTable names;                    // Of a directory.
    int links = 0;                      // Names shown in directories.
    int opens = 0;                      // Counted by the user of this class.
    const void* lock_holder = nullptr;  // Likewise.
    // Likewise: write-backs that failed, with which errno the last one, and whether anybody knows.
    uint64_t write_errors = 0;
    int write_error_number = 0;
    bool write_error_reported = true;
  };
  struct Place {
    NodeId directory{};
    std::string name;
  };

  // A root directory, which cannot be lost, and nothing in it.  `tear_bytes` as of SectorStore.
  explicit DiskTree(uint64_t tear_bytes = SectorStore::kSectorSize);

  // Requires: there is such a node.
  Node& node(NodeId id) { return nodes_.at(id); }

  int Find(std::string_view path, NodeId& found) const;
  // As Find(); ENOTDIR if it is a file.
  int FindDirectory(std::string_view path, NodeId& found) const;
  // Where the last part of `path` lies or would lie.
  int FindPlace(std::string_view path, Place& place) const;

  int Create(const Place& place, bool is_directory, NodeId& created);
  int Link(NodeId file, const Place& place);
  int Unlink(const Place& place);

  // Frees files that are neither open nor named, not even by a name that a crash may bring back.
  void Collect();

  // Requires: nothing is open.
  void Crash(RandomStream& random);

  void DropCleanPages();

  // Of files that are named or open.
  uint64_t blocks_used() const;

 private:
  void CountLinks();

  static constexpr NodeId kRoot{1};
  const uint64_t tear_bytes_;
  uint64_t last_id_ = 1;
  absl::btree_map<NodeId, Node> nodes_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_DISK_TREE_H_
