#include "sim/disk/disk_model.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/log/check.h"

namespace tidelog::sim {

void DiskModel::Apply(DiskCall* call, const Effect& effect) {
  const DiskRequest& request = call->request;
  DiskReply& reply = call->reply;
  const auto apply = [&]() -> int {
    switch (request.operation) {
      case DiskOperation::kOpen:
        return ApplyOpen(request, effect, reply.value);
      case DiskOperation::kRead:
      case DiskOperation::kReadDirect:
        return ApplyRead(call, effect);
      case DiskOperation::kWrite:
        return ApplyWrite(call, effect);
      case DiskOperation::kSync:
      case DiskOperation::kSyncWord:
        return ApplySync(request, effect);
      case DiskOperation::kStartWriteBack:
        return ApplyStartWriteBack(request, effect);
      case DiskOperation::kAllocate:
        return ApplyAllocate(request);
      case DiskOperation::kTruncate:
        return ApplyTruncate(request);
      case DiskOperation::kSize:
        reply.value = NodeOf(request.file).data.size();
        return 0;
      case DiskOperation::kMapWord:
        return ApplyMapWord(request, reply);
      case DiskOperation::kTryLock:
      case DiskOperation::kIsLocked:
        return ApplyLock(request, reply);
      case DiskOperation::kLink:
        return ApplyLink(request, effect);
      case DiskOperation::kUnlink:
        return ApplyUnlink(request, effect);
      case DiskOperation::kList:
        return ApplyList(call);
      case DiskOperation::kCreateDirectory:
        return ApplyCreateDirectory(request, effect);
      case DiskOperation::kSyncDirectory:
        return ApplySyncDirectory(request, effect);
      case DiskOperation::kInfo:
        return ApplyInfo(request, reply);
      case DiskOperation::kWatch:
        return ApplyWatch(request, reply.value);
    }
    return ENOSYS;
  };
  reply.error_number = apply();
}

int DiskModel::ApplyOpen(const DiskRequest& request, const Effect& effect, uint64_t& number) {
  DiskTree::Place place;
  NodeId node{};
  int error = 0;
  if (request.mode == OpenMode::kCreateExclusive) {
    error = tree_.FindPlace(request.path, place);
    if (error == 0 && read_only) error = EROFS;
    if (error == 0) error = tree_.Create(place, /*is_directory=*/false, node);
    if (error == 0) Changed(place, effect);
  } else {
    error = tree_.Find(request.path, node);
    if (error == 0 && tree_.node(node).is_directory) error = EISDIR;
    if (error == 0 && read_only && request.mode != OpenMode::kRead) error = EROFS;
    if (error == 0) error = tree_.FindPlace(request.path, place);
  }
  if (error != 0) return error;
  DiskTree::Node& opened = tree_.node(node);
  ++opened.opens;
  ++open_count_;
  number = files_.size();
  files_.push_back(std::make_unique<OpenFile>());
  OpenFile& file = *files_.back();
  file.client = request.client;
  file.node = node;
  file.directory = place.directory;
  file.writable = request.mode != OpenMode::kRead;
  file.path = request.path;
  // A failed write-back that nobody was told of is told to whoever opens the file next, too.
  file.errors_seen = opened.write_errors - (opened.write_error_reported ? 0 : 1);
  return 0;
}

int DiskModel::ApplyRead(DiskCall* call, const Effect& effect) {
  DiskRequest& request = call->request;
  SectorStore& data = NodeOf(request.file).data;
  const bool direct = request.operation == DiskOperation::kReadDirect;
  if (direct && !request.aligned) return EINVAL;
  const uint64_t there = data.size() - std::min(data.size(), request.offset);
  request.bytes.Resize(std::min(request.size, there));
  const std::span<char> into = request.bytes.span();
  if (direct) {
    data.ReadDirect(request.offset, into);
  } else {
    data.Read(request.offset, into);
  }
  if (!data.Readable(request.offset, into.size())) return EIO;
  if (effect.misdirect != nullptr) {
    const DiskVerdict::Misdirection& elsewhere = *effect.misdirect;
    const SectorStore* source = elsewhere.path.empty() ? &data : FileAt(elsewhere.path);
    const size_t count = source == nullptr ? 0 : source->Read(elsewhere.offset, into);
    std::memset(into.data() + count, 0, into.size() - count);
  }
  call->reply.value = into.size();
  return 0;
}

int DiskModel::ApplyWrite(DiskCall* call, const Effect& effect) {
  const DiskRequest& request = call->request;
  const OpenFile& file = *files_[request.file];
  if (!file.writable) return EBADF;
  if (read_only) return EROFS;
  SectorStore& data = tree_.node(file.node).data;
  const std::span<const char> bytes = request.bytes.span();
  const uint64_t begin = call->done;
  const uint64_t wanted = std::min<uint64_t>(bytes.size(), effect.write_end) - begin;
  const uint64_t offset = request.offset + begin;
  if (!data.Writable(offset, wanted)) return EIO;
  int full = 0;
  uint64_t free_blocks = FreeBlocks(&full);
  const size_t written = data.Write(offset, bytes.subspan(begin, wanted), free_blocks, random_);
  call->done += written;
  if (written > 0) Notify(file.directory);
  if (effect.misdirect != nullptr) {
    const DiskVerdict::Misdirection& elsewhere = *effect.misdirect;
    SectorStore* target = elsewhere.path.empty() ? &data : FileAt(elsewhere.path);
    if (target != nullptr) data.Misdirect(offset, written, *target, elsewhere.offset + begin);
  }
  return written == wanted ? 0 : full;
}

int DiskModel::ApplySync(const DiskRequest& request, const Effect& effect) {
  OpenFile& file = *files_[request.file];
  DiskTree::Node& node = tree_.node(file.node);
  if (read_only) return EROFS;
  if (effect.sync == SyncFate::kDurable) {
    node.data.Sync();
  } else {
    node.data.FailSync(random_, effect.sync);
  }
  if (effect.sync_error_number != 0) {
    ++node.write_errors;
    node.write_error_number = effect.sync_error_number;
  }
  if (std::exchange(file.errors_seen, node.write_errors) == node.write_errors) return 0;
  node.write_error_reported = true;
  return node.write_error_number;
}

int DiskModel::ApplyStartWriteBack(const DiskRequest& request, const Effect& effect) {
  DiskTree::Node& node = NodeOf(request.file);
  if (effect.sync_error_number != 0) {
    FailWriteBack(node, effect.sync_error_number, effect.sync);
  } else {
    node.data.StartWriteBack(request.offset, request.size);
  }
  return 0;  // What failed is for a sync to tell.
}

int DiskModel::ApplyAllocate(const DiskRequest& request) {
  const OpenFile& file = *files_[request.file];
  if (!file.writable) return EBADF;
  if (read_only) return EROFS;
  int full = 0;
  uint64_t free_blocks = FreeBlocks(&full);
  if (!tree_.node(file.node).data.Allocate(request.size, free_blocks)) return full;
  Notify(file.directory);
  return 0;
}

int DiskModel::ApplyTruncate(const DiskRequest& request) {
  const OpenFile& file = *files_[request.file];
  // The kernel says EINVAL here, and EBADF above.
  if (!file.writable) return EINVAL;
  if (read_only) return EROFS;
  tree_.node(file.node).data.Truncate(request.size, random_);
  Notify(file.directory);
  return 0;
}

int DiskModel::ApplyLock(const DiskRequest& request, DiskReply& reply) {
  const OpenFile* file = files_[request.file].get();
  DiskTree::Node& node = tree_.node(file->node);
  if (request.operation == DiskOperation::kIsLocked) {
    reply.value = node.lock_holder != nullptr && node.lock_holder != file;
    return 0;
  }
  if (node.lock_holder == nullptr) node.lock_holder = file;
  reply.value = node.lock_holder == file;
  return 0;
}

int DiskModel::ApplyMapWord(const DiskRequest& request, DiskReply& reply) {
  const SectorStore& data = NodeOf(request.file).data;
  reply.value = data.size();
  reply.written = data.Written(request.offset);
  return 0;
}

int DiskModel::ApplyLink(const DiskRequest& request, const Effect& effect) {
  DiskTree::Place place;
  NodeId file{};
  int error = tree_.Find(request.path, file);
  if (error == 0) error = tree_.FindPlace(request.to, place);
  if (error == 0 && read_only) error = EROFS;
  if (error == 0) error = tree_.Link(file, place);
  if (error == 0) Changed(place, effect);
  return error;
}

int DiskModel::ApplyUnlink(const DiskRequest& request, const Effect& effect) {
  DiskTree::Place place;
  int error = tree_.FindPlace(request.path, place);
  if (error == 0 && read_only) error = EROFS;
  if (error == 0) error = tree_.Unlink(place);
  if (error == 0) Changed(place, effect);
  return error;
}

int DiskModel::ApplyCreateDirectory(const DiskRequest& request, const Effect& effect) {
  DiskTree::Place place;
  NodeId node{};
  int error = tree_.FindPlace(request.path, place);
  if (error == 0 && read_only) error = EROFS;
  if (error == 0) error = tree_.Create(place, /*is_directory=*/true, node);
  if (error == 0) Changed(place, effect);
  return error;
}

// A directory is read piece by piece while others change it: what is there both times that it is
// looked at is in the list, and of the rest any part.
int DiskModel::ApplyList(DiskCall* call) {
  NodeId directory{};
  const int error = tree_.FindDirectory(call->request.path, directory);
  if (error != 0) return error;
  std::vector<std::string> names = tree_.node(directory).names.Names();
  std::vector<std::string>& listed = call->reply.names;
  if (call->began) {
    std::vector<std::string> passing;
    std::set_symmetric_difference(names.begin(), names.end(), listed.begin(), listed.end(),
                                  std::back_inserter(passing));
    for (const std::string& name : passing) {
      const auto place = std::lower_bound(names.begin(), names.end(), name);
      const bool there = place != names.end() && *place == name;
      const bool seen = random_.OneIn(1, 2);
      if (there && !seen) names.erase(place);
      if (!there && seen) names.insert(place, name);
    }
  }
  listed = std::move(names);
  return 0;
}

int DiskModel::ApplySyncDirectory(const DiskRequest& request, const Effect& effect) {
  NodeId directory{};
  const int error = tree_.FindDirectory(request.path, directory);
  if (error != 0) return error;
  if (read_only) return EROFS;
  tree_.node(directory).names.FailSync(random_, effect.sync);
  tree_.Collect();
  return effect.sync_error_number;
}

int DiskModel::ApplyInfo(const DiskRequest& request, DiskReply& reply) {
  NodeId node{};
  const int error = tree_.Find(request.path, node);
  if (error != 0) return error;
  int full = 0;
  const uint64_t free_blocks = std::min(FreeBlocks(&full), kUnlimited / SectorStore::kBlockSize);
  reply.value = free_blocks * SectorStore::kBlockSize;
  reply.read_only = read_only;
  return 0;
}

int DiskModel::ApplyWatch(const DiskRequest& request, uint64_t& number) {
  NodeId directory{};
  const int error = tree_.FindDirectory(request.path, directory);
  if (error != 0) return error;
  number = watches_.size();
  live_watches_.push_back(number);
  watches_.push_back(std::make_unique<Watch>());
  watches_.back()->client = request.client;
  watches_.back()->directory = directory;
  watches_.back()->token = request.token;
  return 0;
}

uint64_t DiskModel::LoadWord(uint64_t file, uint64_t offset) {
  char bytes[sizeof(uint64_t)];
  uint64_t value = 0;
  const size_t count = NodeOf(file).data.Read(offset, bytes);
  CHECK_EQ(count, sizeof(bytes)) << "SIGBUS: " << PathOf(file) << " was cut below its mapped word";
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

bool DiskModel::ExchangeWord(uint64_t file, uint64_t offset, uint64_t& expected, uint64_t desired) {
  const uint64_t present = LoadWord(file, offset);
  if (present != expected) {
    expected = present;
    return false;
  }
  char bytes[sizeof(uint64_t)];
  std::memcpy(bytes, &desired, sizeof(desired));
  int full = 0;
  uint64_t free_blocks = FreeBlocks(&full);
  const size_t count = NodeOf(file).data.Write(offset, bytes, free_blocks, random_);
  CHECK_EQ(count, sizeof(bytes)) << "SIGBUS: no block under the word of " << PathOf(file);
  return true;
}

void DiskModel::CloseFile(uint64_t file) {
  DiskTree::Node& node = NodeOf(file);
  if (node.lock_holder == files_[file].get()) node.lock_holder = nullptr;
  --node.opens;
  --open_count_;
  files_[file].reset();
}

void DiskModel::CloseWatch(uint64_t watch) {
  std::erase(live_watches_, watch);
  watches_[watch].reset();
}

void DiskModel::CloseAllOf(uint32_t client) {
  for (uint64_t file = 0; file < files_.size(); ++file) {
    if (files_[file] != nullptr && files_[file]->client == client) CloseFile(file);
  }
  const std::vector<uint64_t> live = live_watches_;
  for (const uint64_t watch : live) {
    if (watches_[watch]->client == client) CloseWatch(watch);
  }
}

void DiskModel::AttachWatch(uint64_t watch) {
  Watch& attached = *watches_[watch];
  attached.attached = true;
  if (!attached.changed) return;
  attached.told = true;
  changed_.push_back(watch);
}

void DiskModel::Notify(NodeId directory) {
  for (const uint64_t number : live_watches_) {
    Watch& watch = *watches_[number];
    if (watch.directory != directory) continue;
    watch.changed = true;
    if (!watch.attached || watch.told) continue;
    watch.told = true;
    changed_.push_back(number);
  }
}

void DiskModel::Changed(const DiskTree::Place& place, const Effect& effect) {
  if (effect.lose_name) tree_.node(place.directory).names.Lose(place.name);
  Notify(place.directory);
}

SectorStore* DiskModel::FileAt(std::string_view path) {
  NodeId node{};
  if (tree_.Find(path, node) != 0 || tree_.node(node).is_directory) return nullptr;
  return &tree_.node(node).data;
}

uint64_t DiskModel::FreeBlocks(int* error_number) const {
  *error_number = ENOSPC;
  if (capacity_blocks == kUnlimited && quota_blocks == kUnlimited) return kUnlimited;
  if (quota_blocks < capacity_blocks) *error_number = EDQUOT;
  const uint64_t most = std::min(capacity_blocks, quota_blocks);
  const uint64_t used = used_blocks();
  return used < most ? most - used : 0;
}

bool DiskModel::BreakSector(std::string_view path, uint64_t offset) {
  SectorStore* data = FileAt(path);
  return data != nullptr && data->BreakSector(offset);
}

bool DiskModel::Rot(std::string_view path, uint64_t offset, uint8_t mask) {
  SectorStore* data = FileAt(path);
  return data != nullptr && data->Rot(offset, mask);
}

bool DiskModel::FailWriteBack(std::string_view path, int error_number, SyncFate fate) {
  NodeId id{};
  if (tree_.Find(path, id) != 0 || tree_.node(id).is_directory) return false;
  FailWriteBack(tree_.node(id), error_number, fate);
  return true;
}

void DiskModel::FailWriteBack(DiskTree::Node& node, int error_number, SyncFate fate) {
  node.data.FailSync(random_, fate);
  ++node.write_errors;
  node.write_error_number = error_number;
  node.write_error_reported = false;
}

}  // namespace tidelog::sim
