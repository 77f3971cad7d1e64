#include "wal/io/testing/sector_store.h"

#include <algorithm>
#include <cstring>

namespace tidelog {
namespace {

constexpr uint64_t kSector = SectorStore::kSectorSize;

uint64_t BlocksFor(uint64_t bytes) {
  return bytes / SectorStore::kBlockSize + (bytes % SectorStore::kBlockSize != 0 ? 1 : 0);
}

}  // namespace

void SectorStore::WriteBack(Sector& sector) {
  if (!sector.dirty) return;
  sector.device = sector.cache;
  sector.dirty = false;
  sector.unflushed = true;
}

size_t SectorStore::ReadLayer(Layer layer, uint64_t offset, std::span<char> into) const {
  if (offset >= size_) return 0;
  const size_t count = std::min<uint64_t>(into.size(), size_ - offset);
  for (size_t done = 0; done < count;) {
    const uint64_t at = offset + done;
    const uint64_t within = at % kSector;
    const size_t n = std::min<uint64_t>(count - done, kSector - within);
    const auto found = sectors_.find(at / kSector);
    if (found == sectors_.end()) {
      std::memset(into.data() + done, 0, n);
    } else {
      const Sector& sector = found->second;
      const Bytes& bytes = layer == Layer::kCache ? sector.cache : sector.device;
      std::memcpy(into.data() + done, bytes.data() + within, n);
    }
    done += n;
  }
  return count;
}

size_t SectorStore::Read(uint64_t offset, std::span<char> into) const {
  return ReadLayer(Layer::kCache, offset, into);
}

size_t SectorStore::ReadDirect(uint64_t offset, std::span<char> into) {
  const auto begin = sectors_.lower_bound(offset / kSector);
  const auto end = sectors_.lower_bound((offset + into.size() + kSector - 1) / kSector);
  for (auto it = begin; it != end; ++it) WriteBack(it->second);
  return ReadLayer(Layer::kDevice, offset, into);
}

// Before a sector changes, the version at hand may be on its way to the medium already: the kernel
// writes back when it likes, and so does the device.
SectorStore::Sector& SectorStore::SectorToChange(uint64_t index, RandomStream& random) {
  const auto [it, inserted] = sectors_.try_emplace(index);
  Sector& sector = it->second;
  if (sector.dirty && random.OneIn(1, 2)) WriteBack(sector);
  if (sector.unflushed && random.OneIn(1, 2)) {
    sector.durable = sector.device;
    sector.unflushed = false;
  }
  sector.dirty = true;
  pending_.insert(index);
  return sector;
}

void SectorStore::SetSize(uint64_t size) {
  size_ = size;
  size_min_ = std::min(size_min_, size);
  size_max_ = std::max(size_max_, size);
}

size_t SectorStore::Write(uint64_t offset, std::span<const char> data, uint64_t& free_blocks,
                          RandomStream& random) {
  size_t done = 0;
  while (done < data.size()) {
    const uint64_t at = offset + done;
    const uint64_t block = at / kBlockSize;
    if (block >= reserved_blocks_ && !blocks_.contains(block)) {
      if (free_blocks == 0) break;
      --free_blocks;
      blocks_.insert(block);
    }
    const uint64_t within = at % kSector;
    const size_t n = std::min<uint64_t>(data.size() - done, kSector - within);
    Sector& sector = SectorToChange(at / kSector, random);
    std::memcpy(sector.cache.data() + within, data.data() + done, n);
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
  for (auto it = sectors_.lower_bound(size / kSector); it != sectors_.end(); ++it) {
    const uint64_t start = it->first * kSector;
    const size_t keep = size > start ? static_cast<size_t>(size - start) : 0;
    Sector& sector = SectorToChange(it->first, random);
    std::fill(sector.cache.begin() + static_cast<ptrdiff_t>(keep), sector.cache.end(), '\0');
  }
  blocks_.erase(blocks_.lower_bound(BlocksFor(size)), blocks_.end());
  reserved_blocks_ = std::min(reserved_blocks_, BlocksFor(size));
  SetSize(size);
}

bool SectorStore::Written(uint64_t offset) const {
  return offset < size_ && sectors_.contains(offset / kSector);
}

void SectorStore::Sync() {
  for (const uint64_t index : pending_) {
    const auto it = sectors_.find(index);
    Sector& sector = it->second;
    WriteBack(sector);
    sector.durable = sector.device;
    sector.unflushed = false;
    if (index * kSector >= size_) sectors_.erase(it);
  }
  pending_.clear();
  size_min_ = size_max_ = size_;
}

void SectorStore::FailSync(RandomStream& random) {
  absl::btree_set<uint64_t> unflushed;
  for (const uint64_t index : pending_) {
    Sector& sector = sectors_.find(index)->second;
    if (sector.dirty && random.OneIn(1, 2)) WriteBack(sector);
    sector.dirty = false;  // Written back or not: this is what makes a second sync succeed.
    if (sector.unflushed && random.OneIn(1, 2)) {
      sector.durable = sector.device;
      sector.unflushed = false;
    }
    if (sector.unflushed) unflushed.insert(index);
  }
  pending_ = std::move(unflushed);
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
  for (const uint64_t index : pending_) {
    Sector& sector = sectors_.find(index)->second;
    const uint64_t version = random.Below(3);
    if (version == 2 && sector.dirty) {
      sector.durable = sector.cache;
    } else if (version >= 1 && sector.unflushed) {
      sector.durable = sector.device;
    }
  }
  pending_.clear();
  sectors_.erase(sectors_.lower_bound((size + kSector - 1) / kSector), sectors_.end());
  for (auto& [index, sector] : sectors_) {
    const uint64_t start = index * kSector;
    if (size - start < kSector) {
      std::fill(sector.durable.begin() + static_cast<ptrdiff_t>(size - start), sector.durable.end(),
                '\0');
    }
    sector.cache = sector.device = sector.durable;
    sector.dirty = sector.unflushed = false;
  }
  blocks_.erase(blocks_.lower_bound(BlocksFor(size)), blocks_.end());
  reserved_blocks_ = std::min(reserved_blocks_, BlocksFor(size));
  size_ = size_min_ = size_max_ = size;
}

}  // namespace tidelog
