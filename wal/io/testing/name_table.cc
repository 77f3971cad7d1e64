#include "wal/io/testing/name_table.h"

#include <iterator>

namespace tidelog {

NodeId NameTable::Find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? NodeId::kNone : found->second.shown;
}

void NameTable::Set(std::string_view name, NodeId node) {
  Entry& entry = entries_[std::string(name)];
  entry.shown = node;
  entry.possible.push_back(node);
}

std::vector<std::string> NameTable::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (entry.shown != NodeId::kNone) names.push_back(name);
  }
  return names;
}

void NameTable::Sync() {
  for (auto& [name, entry] : entries_) {
    if (entry.possible.size() > 1) entry.possible = {entry.shown};
  }
  EraseGone();
}

void NameTable::FailSync(RandomStream& random, SyncFate fate) {
  if (fate == SyncFate::kDurable) return Sync();
  if (fate == SyncFate::kVolatile) return;
  for (auto& [name, entry] : entries_) {
    if (entry.possible.size() == 1) continue;
    const bool durable = fate == SyncFate::kSome && random.OneIn(1, 2);
    const NodeId left = durable ? entry.shown : entry.possible.front();
    entry.possible = {left};
  }
  EraseGone();
}

void NameTable::Lose(std::string_view name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  found->second.possible.resize(1);
  EraseGone();
}

void NameTable::Crash(RandomStream& random) {
  for (auto& [name, entry] : entries_) {
    const size_t count = entry.possible.size();
    entry.shown = count == 1 ? entry.possible.front() : entry.possible[random.Below(count)];
    entry.possible = {entry.shown};
  }
  EraseGone();
}

void NameTable::AddReferences(absl::btree_set<NodeId>& nodes) const {
  for (const auto& [name, entry] : entries_) {
    nodes.insert(entry.shown);
    nodes.insert(entry.possible.begin(), entry.possible.end());
  }
}

void NameTable::EraseGone() {
  for (auto it = entries_.begin(); it != entries_.end();) {
    const Entry& entry = it->second;
    const bool gone = entry.shown == NodeId::kNone && entry.possible.size() == 1 &&
                      entry.possible.front() == NodeId::kNone;
    it = gone ? entries_.erase(it) : std::next(it);
  }
}

}  // namespace tidelog
