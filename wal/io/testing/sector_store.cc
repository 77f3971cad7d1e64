#include "wal/io/testing/sector_store.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/log/check.h"

namespace tidelog {
namespace {

constexpr uint64_t kSector = SectorStore::kSectorSize;

// A bit for each of `count` sectors, from number `first` on.
uint8_t Mask(uint64_t first, uint64_t count) {
  return static_cast<uint8_t>(((1u << count) - 1) << first);
}

uint64_t BlocksFor(uint64_t bytes) {
  return bytes / SectorStore::kBlockSize + (bytes % SectorStore::kBlockSize != 0 ? 1 : 0);
}

}  // namespace

const SectorStore::Bytes SectorStore::Version::kZeros{};

SectorStore::SectorStore(uint64_t tear_bytes) : unit_(tear_bytes / kSectorSize) {
  CHECK(unit_ > 0 && kSectorsPerBlock % unit_ == 0) << tear_bytes << " bytes that do not tear";
}

SectorStore::Block& SectorStore::MakeBlock(uint64_t number) {
  if (number >= blocks_.size()) blocks_.resize(number + 1);
  if (blocks_[number] == nullptr) blocks_[number] = std::make_unique<Block>();
  return *blocks_[number];
}

SectorStore::Sector* SectorStore::Find(uint64_t index) const {
  Block* const block = FindBlock(index / kSectorsPerBlock);
  const uint64_t within = index % kSectorsPerBlock;
  return block != nullptr && (block->written >> within & 1) != 0 ? &block->sectors[within]
                                                                 : nullptr;
}

template <class Visit>
void SectorStore::ForEach(uint64_t begin, uint64_t end, Visit visit) const {
  for (uint64_t index = begin; index < std::min(end, sectors_end()); ++index) {
    if (Sector* sector = Find(index)) visit(index, *sector);
  }
}

void SectorStore::Erase(uint64_t index) {
  Block& block = *FindBlock(index / kSectorsPerBlock);
  block.sectors[index % kSectorsPerBlock] = Sector();
  const uint8_t others = static_cast<uint8_t>(~Mask(index % kSectorsPerBlock, 1));
  block.written &= others;
  block.pending &= others;
}

void SectorStore::SetDirty(uint64_t index) {
  const uint64_t number = index / kSectorsPerBlock;
  const uint64_t within = index % kSectorsPerBlock;
  Block& block = *FindBlock(number);
  block.sectors[within].dirty = true;
  block.pending |= Mask(within, 1);
  if (!std::exchange(block.listed, true)) pending_blocks_.push_back(number);
}

void SectorStore::GiveBack(Block& block) {
  if (std::exchange(block.taken, false)) --taken_blocks_;
}

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
  for (size_t done = 0; done < count;) {
    const uint64_t at = offset + done;
    const uint64_t within = at % kSector;
    const size_t n = std::min<uint64_t>(count - done, kSector - within);
    const Sector* const sector = Find(at / kSector);
    if (sector == nullptr) {
      std::memset(into.data() + done, 0, n);
    } else {
      const Version& version = layer == Layer::kCache ? sector->cache : sector->device;
      std::memcpy(into.data() + done, version.data() + within, n);
    }
    done += n;
  }
  return count;
}

size_t SectorStore::Read(uint64_t offset, std::span<char> into) const {
  return ReadLayer(Layer::kCache, offset, into);
}

void SectorStore::StartWriteBack(uint64_t offset, uint64_t size) {
  ForEach(offset / kSector, (offset + size + kSector - 1) / kSector,
          [](uint64_t, Sector& sector) { WriteBack(sector); });
}

size_t SectorStore::ReadDirect(uint64_t offset, std::span<char> into) {
  StartWriteBack(offset, into.size());
  return ReadLayer(Layer::kDevice, offset, into);
}

// Before a sector changes, the version at hand may be on its way to the medium already: the kernel
// writes back when it likes, and so does the device.
void SectorStore::MoveOn(uint64_t unit, RandomStream& random) {
  const uint64_t begin = unit * unit_;
  Block* const block = FindBlock(begin / kSectorsPerBlock);
  if (block == nullptr || (block->pending & Mask(begin % kSectorsPerBlock, unit_)) == 0) return;
  bool dirty = false;
  ForEach(begin, begin + unit_, [&](uint64_t, Sector& sector) { dirty |= sector.dirty; });
  const bool written_back = dirty && random.OneIn(1, 2);
  bool unflushed = false;
  ForEach(begin, begin + unit_, [&](uint64_t, Sector& sector) {
    if (written_back) WriteBack(sector);
    unflushed |= sector.unflushed;
  });
  if (!unflushed || !random.OneIn(1, 2)) return;
  ForEach(begin, begin + unit_, [](uint64_t, Sector& sector) { Flush(sector); });
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
    const Block* const there = FindBlock(block);
    if (block >= reserved_blocks_ && (there == nullptr || !there->taken)) {
      if (free_blocks == 0) break;
      --free_blocks;
      ++taken_blocks_;
      MakeBlock(block).taken = true;
    }
    const uint64_t index = at / kSector;
    const uint64_t within = at % kSector;
    const size_t n = std::min<uint64_t>(data.size() - done, kSector - within);
    if (index / unit_ != moved_on) {
      moved_on = index / unit_;
      MoveOn(moved_on, random);
    }
    Block& target = MakeBlock(block);
    target.written |= Mask(index % kSectorsPerBlock, 1);
    Store(target.sectors[index % kSectorsPerBlock], within, data.subspan(done, n));
    SetDirty(index);
    done += n;
  }
  if (done > 0 && offset + done > size_) SetSize(offset + done);
  return done;
}

bool SectorStore::Allocate(uint64_t size, uint64_t& free_blocks) {
  const uint64_t wanted = BlocksFor(size);
  if (wanted > reserved_blocks_) {
    uint64_t had = 0;
    for (uint64_t number = reserved_blocks_; number < wanted; ++number) {
      const Block* const block = FindBlock(number);
      if (block != nullptr && block->taken) ++had;
    }
    const uint64_t needed = wanted - reserved_blocks_ - had;
    if (needed > free_blocks) return false;
    free_blocks -= needed;
    for (uint64_t number = reserved_blocks_; number < wanted; ++number) {
      if (Block* block = FindBlock(number)) GiveBack(*block);
    }
    reserved_blocks_ = wanted;
  }
  if (size > size_) SetSize(size);
  return true;
}

void SectorStore::Truncate(uint64_t size, RandomStream& random) {
  // What is cut off reads as zero if the file grows again, and may be found after a crash that
  // undoes the cut: so the sectors stay, as dirty zeros.
  uint64_t moved_on = ~uint64_t{0};
  ForEach(size / kSector, sectors_end(), [&](uint64_t index, Sector& sector) {
    const uint64_t start = index * kSector;
    const size_t keep = size > start ? static_cast<size_t>(size - start) : 0;
    if (index / unit_ != moved_on) {
      moved_on = index / unit_;
      MoveOn(moved_on, random);
    }
    if (keep == 0) {
      sector.cache.Clear();
    } else {
      std::fill(sector.cache.Own() + keep, sector.cache.Own() + kSector, '\0');
    }
    SetDirty(index);
  });
  GiveBackFrom(BlocksFor(size));
  SetSize(size);
}

// As the size says.
void SectorStore::GiveBackFrom(uint64_t first) {
  for (uint64_t number = first; number < blocks_.size(); ++number) {
    if (Block* block = FindBlock(number)) GiveBack(*block);
  }
  reserved_blocks_ = std::min(reserved_blocks_, first);
}

bool SectorStore::Written(uint64_t offset) const {
  return offset < size_ && Find(offset / kSector) != nullptr;
}

template <class Visit>
void SectorStore::VisitPendingUnits(Visit visit) {
  std::sort(pending_blocks_.begin(), pending_blocks_.end());
  for (const uint64_t number : pending_blocks_) {
    Block& block = *blocks_[number];
    for (uint64_t first = 0; first < kSectorsPerBlock; first += unit_) {
      const uint8_t pending = block.pending & Mask(first, unit_);
      if (pending != 0) visit(block, number, pending);
    }
  }
}

void SectorStore::SyncUnits(SyncFate fate, RandomStream* random) {
  const bool by_luck = fate == SyncFate::kSome || fate == SyncFate::kCutShort;
  VisitPendingUnits([&](Block& block, uint64_t number, uint8_t pending) {
    const auto for_each = [&](auto visit) {
      for (uint64_t i = 0; i < kSectorsPerBlock; ++i) {
        if ((pending >> i & 1) != 0) visit(i, block.sectors[i]);
      }
    };
    bool dirty = false;
    for_each([&](uint64_t, const Sector& sector) { dirty |= sector.dirty; });
    bool written_back = fate == SyncFate::kDurable || fate == SyncFate::kVolatile;
    if (by_luck) written_back = dirty && random->OneIn(1, 2);
    bool in_device = false;
    for_each([&](uint64_t, Sector& sector) {
      if (written_back) WriteBack(sector);
      // Written back or not: this is what makes a second sync succeed.
      if (fate != SyncFate::kCutShort) sector.dirty = false;
      in_device |= sector.unflushed;
    });
    bool flushed = fate == SyncFate::kDurable;
    if (by_luck) flushed = in_device && random->OneIn(1, 2);
    for_each([&](uint64_t i, Sector& sector) {
      if (flushed) Flush(sector);
      if (!sector.unflushed && !sector.dirty) block.pending &= static_cast<uint8_t>(~Mask(i, 1));
      const uint64_t index = number * kSectorsPerBlock + i;
      if (fate == SyncFate::kDurable && index * kSector >= size_) Erase(index);
    });
  });
  std::erase_if(pending_blocks_, [this](uint64_t number) {
    Block& block = *blocks_[number];
    block.listed = block.pending != 0;
    return !block.listed;
  });
  if (fate == SyncFate::kDurable) size_min_ = size_max_ = size_;
}

void SectorStore::DropCleanPages() {
  ForEach(0, sectors_end(), [](uint64_t, Sector& sector) {
    if (!sector.dirty) sector.cache = sector.device;
  });
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
  VisitPendingUnits([&](Block& block, uint64_t, uint8_t pending) {
    const uint64_t version = random.Below(3);
    for (uint64_t i = 0; i < kSectorsPerBlock; ++i) {
      if ((pending >> i & 1) == 0) continue;
      if (version == 2) WriteBack(block.sectors[i]);
      if (version >= 1) Flush(block.sectors[i]);
    }
  });
  for (const uint64_t number : std::exchange(pending_blocks_, {})) {
    blocks_[number]->listed = false;
    blocks_[number]->pending = 0;
  }
  ForEach((size + kSector - 1) / kSector, sectors_end(),
          [this](uint64_t index, Sector&) { Erase(index); });
  ForEach(0, sectors_end(), [size](uint64_t index, Sector& sector) {
    const uint64_t start = index * kSector;
    if (size - start < kSector) {
      char* bytes = sector.durable.Own();
      std::fill(bytes + (size - start), bytes + kSector, '\0');
    }
    sector.cache = sector.device = sector.durable;
    sector.dirty = sector.unflushed = false;
  });
  GiveBackFrom(BlocksFor(size));
  size_ = size_min_ = size_max_ = size;
}

bool SectorStore::Fails(uint64_t index) const {
  const Sector* const sector = Find(index);
  return sector != nullptr && sector->broken && !sector->dirty;
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
  Sector* const sector = Find(offset / kSector);
  if (sector == nullptr) return false;
  sector->broken = ever_broken_ = true;
  return true;
}

bool SectorStore::Rot(uint64_t offset, uint8_t mask) {
  Sector* const sector = Find(offset / kSector);
  if (sector == nullptr) return false;
  for (Version* layer : {&sector->device, &sector->durable}) {
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
  ForEach(first, last + 1, [&](uint64_t index, Sector& sector) {
    if (!sector.dirty) return;
    const Version sent = sector.cache;
    sector.dirty = false;
    if (!sector.unflushed) {
      FindBlock(index / kSectorsPerBlock)->pending &=
          static_cast<uint8_t>(~Mask(index % kSectorsPerBlock, 1));
    }
    Sector* const hit = target.Find(target_offset / kSector + (index - first));
    if (hit != nullptr) hit->device = hit->durable = sent;
  });
}

}  // namespace tidelog
