#include "wal/io/testing/disk_tree.h"

#include <cerrno>
#include <iterator>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/strings/str_split.h"

namespace tidelog {
namespace {

std::vector<std::string_view> Parts(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    if (part != ".") parts.push_back(part);
  }
  return parts;
}

}  // namespace

DiskTree::DiskTree(uint64_t tear_bytes) : tear_bytes_(tear_bytes) {
  nodes_.try_emplace(kRoot, tear_bytes_).first->second.is_directory = true;
}

int DiskTree::Find(std::string_view path, NodeId& found) const {
  if (path.empty()) return ENOENT;
  found = kRoot;
  for (const std::string_view part : Parts(path)) {
    const Node& node = nodes_.at(found);
    if (!node.is_directory) return ENOTDIR;
    found = node.names.Find(part);
    if (found == NodeId::kNone) return ENOENT;
  }
  return 0;
}

int DiskTree::FindDirectory(std::string_view path, NodeId& found) const {
  const int error = Find(path, found);
  if (error != 0) return error;
  return nodes_.at(found).is_directory ? 0 : ENOTDIR;
}

int DiskTree::FindPlace(std::string_view path, Place& place) const {
  std::vector<std::string_view> parts = Parts(path);
  if (parts.empty()) return path.empty() ? ENOENT : EEXIST;
  place.name = std::string(parts.back());
  parts.pop_back();
  place.directory = kRoot;
  for (const std::string_view part : parts) {
    place.directory = nodes_.at(place.directory).names.Find(part);
    if (place.directory == NodeId::kNone) return ENOENT;
    if (!nodes_.at(place.directory).is_directory) return ENOTDIR;
  }
  return 0;
}

int DiskTree::Create(const Place& place, bool is_directory, NodeId& created) {
  NameTable& names = nodes_.at(place.directory).names;
  if (names.Find(place.name) != NodeId::kNone) return EEXIST;
  created = NodeId{++last_id_};
  names.Set(place.name, created);
  Node& node = nodes_.try_emplace(created, tear_bytes_).first->second;
  node.is_directory = is_directory;
  node.links = 1;
  return 0;
}

int DiskTree::Link(NodeId file, const Place& place) {
  Node& node = nodes_.at(file);
  if (node.is_directory) return EPERM;
  NameTable& names = nodes_.at(place.directory).names;
  if (names.Find(place.name) != NodeId::kNone) return EEXIST;
  names.Set(place.name, file);
  ++node.links;
  return 0;
}

int DiskTree::Unlink(const Place& place) {
  NameTable& names = nodes_.at(place.directory).names;
  const NodeId file = names.Find(place.name);
  if (file == NodeId::kNone) return ENOENT;
  Node& node = nodes_.at(file);
  if (node.is_directory) return EISDIR;
  names.Set(place.name, NodeId::kNone);
  --node.links;
  return 0;
}

void DiskTree::Collect() {
  absl::btree_set<NodeId> referenced = {kRoot};
  for (const auto& [id, node] : nodes_) node.names.AddReferences(referenced);
  for (auto it = nodes_.begin(); it != nodes_.end();) {
    const bool garbage = it->second.opens == 0 && !referenced.contains(it->first);
    it = garbage ? nodes_.erase(it) : std::next(it);
  }
}

void DiskTree::Crash(RandomStream& random) {
  for (auto& [id, node] : nodes_) {
    node.data.Crash(random);
    node.names.Crash(random);
    node.write_error_reported = true;  // The memory of it is gone.
  }
  CountLinks();
  Collect();
}

void DiskTree::CountLinks() {
  for (auto& [id, node] : nodes_) node.links = 0;
  for (auto& [id, node] : nodes_) {
    for (const std::string& name : node.names.Names()) ++nodes_.at(node.names.Find(name)).links;
  }
}

void DiskTree::DropCleanPages() {
  for (auto& [id, node] : nodes_) node.data.DropCleanPages();
}

uint64_t DiskTree::blocks_used() const {
  uint64_t blocks = 0;
  for (const auto& [id, node] : nodes_) {
    if (node.links > 0 || node.opens > 0) blocks += node.data.blocks_used();
  }
  return blocks;
}

}  // namespace tidelog
