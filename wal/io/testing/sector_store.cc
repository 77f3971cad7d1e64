#include "wal/io/testing/sector_store.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

namespace tidelog {
namespace {

constexpr uint64_t kSector = SectorStore::kSectorSize;

uint64_t BlocksFor(uint64_t bytes) {
  return bytes / SectorStore::kBlockSize + (bytes % SectorStore::kBlockSize != 0 ? 1 : 0);
}

}  // namespace

const SectorStore::Bytes SectorStore::Version::kZeros{};

char* SectorStore::Version::Own() {
  if (counted_ == nullptr || counted_->references > 1) {
    Version own;
    own.counted_ = PoolMake<Counted>();
    std::memcpy(own.counted_->bytes.data(), data(), kSector);
    std::swap(counted_, own.counted_);
  }
  return counted_->bytes.data();
}

void SectorStore::WriteBack(Sector& sector) {
  if (!sector.dirty) return;
  sector.device = sector.cache;
  sector.dirty = false;
  sector.unflushed = true;
  sector.broken = false;
}

void SectorStore::Flush(Sector& sector) {
  if (!sector.unflushed) return;
  sector.durable = sector.device;
  sector.unflushed = false;
}

size_t SectorStore::ReadLayer(Layer layer, uint64_t offset, std::span<char> into) const {
  if (offset >= size_) return 0;
  const size_t count = std::min<uint64_t>(into.size(), size_ - offset);
  auto sector = sectors_.lower_bound(offset / kSector);
  for (size_t done = 0; done < count;) {
    const uint64_t at = offset + done;
    const uint64_t within = at % kSector;
    const size_t n = std::min<uint64_t>(count - done, kSector - within);
    if (sector == sectors_.end() || sector->first != at / kSector) {
      std::memset(into.data() + done, 0, n);
    } else {
      const Version& version =
          layer == Layer::kCache ? sector->second.cache : sector->second.device;
      std::memcpy(into.data() + done, version.data() + within, n);
      ++sector;
    }
    done += n;
  }
  return count;
}

size_t SectorStore::Read(uint64_t offset, std::span<char> into) const {
  return ReadLayer(Layer::kCache, offset, into);
}

void SectorStore::StartWriteBack(uint64_t offset, uint64_t size) {
  const auto begin = sectors_.lower_bound(offset / kSector);
  const auto end = sectors_.lower_bound((offset + size + kSector - 1) / kSector);
  for (auto it = begin; it != end; ++it) WriteBack(it->second);
}

size_t SectorStore::ReadDirect(uint64_t offset, std::span<char> into) {
  StartWriteBack(offset, into.size());
  return ReadLayer(Layer::kDevice, offset, into);
}

// Before a sector changes, the version at hand may be on its way to the medium already: the kernel
// writes back when it likes, and so does the device.
void SectorStore::MoveOn(uint64_t unit, RandomStream& random) {
  const auto begin = sectors_.lower_bound(unit * unit_);
  const auto end = [&](Sectors::iterator it) {
    return it == sectors_.end() || it->first >= (unit + 1) * unit_;
  };
  bool dirty = false;
  for (auto it = begin; !end(it); ++it) dirty |= it->second.dirty;
  const bool written_back = dirty && random.OneIn(1, 2);
  bool unflushed = false;
  for (auto it = begin; !end(it); ++it) {
    if (written_back) WriteBack(it->second);
    unflushed |= it->second.unflushed;
  }
  if (!unflushed || !random.OneIn(1, 2)) return;
  for (auto it = begin; !end(it); ++it) Flush(it->second);
}

void SectorStore::Store(Sector& sector, uint64_t within, std::span<const char> data) {
  if (data.size() == kSector) {
    sector.cache.Clear();
    if (std::memcmp(data.data(), sector.cache.data(), kSector) == 0) return;
  }
  std::memcpy(sector.cache.Own() + within, data.data(), data.size());
}

void SectorStore::SetSize(uint64_t size) {
  size_ = size;
  size_min_ = std::min(size_min_, size);
  size_max_ = std::max(size_max_, size);
}

size_t SectorStore::Write(uint64_t offset, std::span<const char> data, uint64_t& free_blocks,
                          RandomStream& random) {
  size_t done = 0;
  uint64_t moved_on = ~uint64_t{0};
  while (done < data.size()) {
    const uint64_t at = offset + done;
    const uint64_t block = at / kBlockSize;
    if (block >= reserved_blocks_ && !blocks_.contains(block)) {
      if (free_blocks == 0) break;
      --free_blocks;
      blocks_.insert(block);
    }
    const uint64_t index = at / kSector;
    const uint64_t within = at % kSector;
    const size_t n = std::min<uint64_t>(data.size() - done, kSector - within);
    if (index / unit_ != moved_on) {
      moved_on = index / unit_;
      MoveOn(moved_on, random);
    }
    Sector& sector = sectors_[index];
    Store(sector, within, data.subspan(done, n));
    if (!std::exchange(sector.dirty, true)) pending_.insert(index);
    done += n;
  }
  if (done > 0 && offset + done > size_) SetSize(offset + done);
  return done;
}

bool SectorStore::Allocate(uint64_t size, uint64_t& free_blocks) {
  const uint64_t wanted = BlocksFor(size);
  if (wanted > reserved_blocks_) {
    const auto end = blocks_.lower_bound(wanted);
    const uint64_t had = static_cast<uint64_t>(std::distance(blocks_.begin(), end));
    const uint64_t needed = wanted - reserved_blocks_ - had;
    if (needed > free_blocks) return false;
    free_blocks -= needed;
    blocks_.erase(blocks_.begin(), end);
    reserved_blocks_ = wanted;
  }
  if (size > size_) SetSize(size);
  return true;
}

void SectorStore::Truncate(uint64_t size, RandomStream& random) {
  // What is cut off reads as zero if the file grows again, and may be found after a crash that
  // undoes the cut: so the sectors stay, as dirty zeros.
  uint64_t moved_on = ~uint64_t{0};
  for (auto it = sectors_.lower_bound(size / kSector); it != sectors_.end(); ++it) {
    const uint64_t start = it->first * kSector;
    const size_t keep = size > start ? static_cast<size_t>(size - start) : 0;
    if (it->first / unit_ != moved_on) {
      moved_on = it->first / unit_;
      MoveOn(moved_on, random);
    }
    Sector& sector = it->second;
    if (keep == 0) {
      sector.cache.Clear();
    } else {
      std::fill(sector.cache.Own() + keep, sector.cache.Own() + kSector, '\0');
    }
    if (!std::exchange(sector.dirty, true)) pending_.insert(it->first);
  }
  blocks_.erase(blocks_.lower_bound(BlocksFor(size)), blocks_.end());
  reserved_blocks_ = std::min(reserved_blocks_, BlocksFor(size));
  SetSize(size);
}

bool SectorStore::Written(uint64_t offset) const {
  return offset < size_ && sectors_.contains(offset / kSector);
}

// Calls `visit` with the pending sectors of each unit, as a range of `pending_`.
template <class Visit>
void SectorStore::VisitPendingUnits(Visit visit) {
  for (auto begin = pending_.begin(); begin != pending_.end();) {
    auto end = std::next(begin);
    while (end != pending_.end() && *end / unit_ == *begin / unit_) ++end;
    visit(begin, end);
    begin = end;
  }
}

void SectorStore::SyncUnits(SyncFate fate, RandomStream* random) {
  const bool by_luck = fate == SyncFate::kSome || fate == SyncFate::kCutShort;
  absl::btree_set<uint64_t> pending;
  VisitPendingUnits([&](auto begin, auto end) {
    bool dirty = false;
    for (auto it = begin; it != end; ++it) dirty |= sectors_.find(*it)->second.dirty;
    bool written_back = fate == SyncFate::kDurable || fate == SyncFate::kVolatile;
    if (by_luck) written_back = dirty && random->OneIn(1, 2);
    bool in_device = false;
    for (auto it = begin; it != end; ++it) {
      Sector& sector = sectors_.find(*it)->second;
      if (written_back) WriteBack(sector);
      // Written back or not: this is what makes a second sync succeed.
      if (fate != SyncFate::kCutShort) sector.dirty = false;
      in_device |= sector.unflushed;
    }
    bool flushed = fate == SyncFate::kDurable;
    if (by_luck) flushed = in_device && random->OneIn(1, 2);
    for (auto it = begin; it != end; ++it) {
      const auto sector = sectors_.find(*it);
      if (flushed) Flush(sector->second);
      if (sector->second.unflushed || sector->second.dirty) pending.insert(*it);
      if (fate == SyncFate::kDurable && *it * kSector >= size_) sectors_.erase(sector);
    }
  });
  pending_ = std::move(pending);
  if (fate == SyncFate::kDurable) size_min_ = size_max_ = size_;
}

void SectorStore::DropCleanPages() {
  for (auto& [index, sector] : sectors_) {
    if (!sector.dirty) sector.cache = sector.device;
  }
}

void SectorStore::Crash(RandomStream& random) {
  const uint64_t spread = size_max_ - size_min_;
  uint64_t size = size_;
  // The ends are what happens most: nothing reached the medium, or all did.
  if (spread > 0) {
    switch (random.Below(3)) {
      case 0:
        size = size_min_;
        break;
      case 1:
        size = size_max_;
        break;
      default:
        size = size_min_ + random.Below(spread + 1);
    }
  }
  VisitPendingUnits([&](auto begin, auto end) {
    const uint64_t version = random.Below(3);
    for (auto it = begin; it != end; ++it) {
      Sector& sector = sectors_.find(*it)->second;
      if (version == 2) WriteBack(sector);
      if (version >= 1) Flush(sector);
    }
  });
  pending_.clear();
  sectors_.erase(sectors_.lower_bound((size + kSector - 1) / kSector), sectors_.end());
  for (auto& [index, sector] : sectors_) {
    const uint64_t start = index * kSector;
    if (size - start < kSector) {
      char* bytes = sector.durable.Own();
      std::fill(bytes + (size - start), bytes + kSector, '\0');
    }
    sector.cache = sector.device = sector.durable;
    sector.dirty = sector.unflushed = false;
  }
  blocks_.erase(blocks_.lower_bound(BlocksFor(size)), blocks_.end());
  reserved_blocks_ = std::min(reserved_blocks_, BlocksFor(size));
  size_ = size_min_ = size_max_ = size;
}

bool SectorStore::Fails(uint64_t index) const {
  const auto found = sectors_.find(index);
  return found != sectors_.end() && found->second.broken && !found->second.dirty;
}

bool SectorStore::Readable(uint64_t offset, uint64_t size) const {
  if (!ever_broken_ || offset >= size_) return true;
  const uint64_t end = offset + std::min(size, size_ - offset);
  for (uint64_t index = offset / kSector; index * kSector < end; ++index) {
    if (Fails(index)) return false;
  }
  return true;
}

bool SectorStore::Writable(uint64_t offset, uint64_t size) const {
  if (!ever_broken_ || size == 0) return true;
  const uint64_t end = offset + size;
  const bool first_fails = offset % kSector != 0 && Fails(offset / kSector);
  const bool last_fails = end % kSector != 0 && Fails(end / kSector);
  return !first_fails && !last_fails;
}

bool SectorStore::BreakSector(uint64_t offset) {
  const auto found = sectors_.find(offset / kSector);
  if (found == sectors_.end()) return false;
  found->second.broken = ever_broken_ = true;
  return true;
}

bool SectorStore::Rot(uint64_t offset, uint8_t mask) {
  const auto found = sectors_.find(offset / kSector);
  if (found == sectors_.end()) return false;
  for (Version* layer : {&found->second.device, &found->second.durable}) {
    char& byte = layer->Own()[offset % kSector];
    byte = static_cast<char>(static_cast<uint8_t>(byte) ^ mask);
  }
  return true;
}

void SectorStore::Misdirect(uint64_t offset, uint64_t size, SectorStore& target,
                            uint64_t target_offset) {
  if (size == 0) return;
  const uint64_t first = offset / kSector;
  const uint64_t last = (offset + size - 1) / kSector;
  for (uint64_t index = first; index <= last; ++index) {
    const auto found = sectors_.find(index);
    if (found == sectors_.end() || !found->second.dirty) continue;
    const Version sent = found->second.cache;
    found->second.dirty = false;
    if (!found->second.unflushed) pending_.erase(index);
    const auto hit = target.sectors_.find(target_offset / kSector + (index - first));
    if (hit != target.sectors_.end()) hit->second.device = hit->second.durable = sent;
  }
}

}  // namespace tidelog
