// SectorStore: the bytes of one simulated file, on the three layers where a write can be.
//
//   cache    what every process reads: the page cache
//   device   what a direct read sees: written back, but perhaps only in the device's volatile cache
//   durable  what a machine crash leaves, at the least
//
// A sector is the unit of loss and is never torn itself; with a tear unit of more than one sector,
// those of a unit are lost or kept together, as on a disk with 4 KiB sectors.  Bytes that were
// never written, or written as zeros, cost next to nothing: a file may have its production size.
#ifndef TIDELOG_WAL_IO_TESTING_SECTOR_STORE_H_
#define TIDELOG_WAL_IO_TESTING_SECTOR_STORE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "wal/async/block_pool.h"
#include "wal/async/random_stream.h"

namespace tidelog {

// What a sync really does, whatever it reports.
enum class SyncFate {
  kDurable,   // All it should.
  kSome,      // Of each unit: durable, in the device's volatile cache, or lost; by luck.
  kLost,      // What is dirty never leaves the page cache, where it counts as clean from now on.
  kVolatile,  // All reaches the device's volatile cache, and waits there for an honest sync.
  // Of each unit: durable, in the device's volatile cache, or dirty as before; by luck.  So it is
  // with a process that dies in a sync.  Not of directories.
  kCutShort,
};

// Thread-compatible.  Draws come from the stream that is handed in, in a fixed order.
class SectorStore {
 public:
  static constexpr uint64_t kSectorSize = 512;
  static constexpr uint64_t kBlockSize = 4096;  // The unit in which space is taken.

  // `tear_bytes` is the unit that a crash does not tear: kSectorSize times a power of two, up to
  // kBlockSize.
  explicit SectorStore(uint64_t tear_bytes = kSectorSize);

  // As the page cache has it.
  uint64_t size() const { return size_; }
  uint64_t blocks_used() const { return reserved_blocks_ + taken_blocks_; }

  // From the page cache; how many bytes there were.
  size_t Read(uint64_t offset, std::span<char> into) const;

  // Writes the dirty sectors of the range back, and flushes nothing.
  void StartWriteBack(uint64_t offset, uint64_t size);

  // Writes the dirty sectors of the range back, then reads from the device.
  size_t ReadDirect(uint64_t offset, std::span<char> into);

  // Writes to the page cache as many bytes as blocks can be had for, and takes those from
  // `free_blocks`.  Returns the count.
  size_t Write(uint64_t offset, std::span<const char> data, uint64_t& free_blocks,
               RandomStream& random);

  // Reserves [0, size).  False, with nothing changed, if `free_blocks` are too few.
  bool Allocate(uint64_t size, uint64_t& free_blocks);

  void Truncate(uint64_t size, RandomStream& random);

  // True if the sector at `offset` was ever written and not cut off since.
  bool Written(uint64_t offset) const;

  // Everything in the page cache becomes durable, except what an earlier failure marked clean.
  void Sync() { SyncUnits(SyncFate::kDurable, nullptr); }

  // A sync with another fate.  Nothing is dirty after it, unless it was cut short.
  void FailSync(RandomStream& random, SyncFate fate = SyncFate::kSome) { SyncUnits(fate, &random); }

  // Memory pressure: clean sectors are read again from the device.
  void DropCleanPages();

  // The machine stops: each sector is left as it was durable, or as any later version that
  // happened to reach the medium; and so is the size.
  void Crash(RandomStream& random);

  // Damage to the medium below the page cache, which goes on to show what it holds.

  // False if the page cache must ask the device for a sector of the range that this cannot read.
  // For ReadDirect(), and for the parts of sectors of a Write(), just as for Read().
  bool Readable(uint64_t offset, uint64_t size) const;
  // False if a write there must first read a sector that is overwritten only in part, and cannot.
  bool Writable(uint64_t offset, uint64_t size) const;

  // The sector at `offset` cannot be read any more, until a version of it is written back.  It
  // leaves the page cache, if it is clean.  False if there is none: it was never written.
  bool BreakSector(uint64_t offset);

  // Flips the bits of `mask` in a byte of the medium.  False if it was never written.
  bool Rot(uint64_t offset, uint8_t mask);

  // What is dirty of [offset, offset + size) is written back to the place `target_offset` of
  // `target`, in whole sectors and durably, and not to its own, which never gets it.  Where
  // `target` was never written it belongs to nobody, and nothing happens.
  void Misdirect(uint64_t offset, uint64_t size, SectorStore& target, uint64_t target_offset);

 private:
  using Bytes = std::array<char, kSectorSize>;
  // One version of a sector, shared by the layers that have it; null: zeros.
  class Version {
   public:
    Version() : counted_(nullptr) {}
    Version(const Version& other) : counted_(other.counted_) {
      if (counted_ != nullptr) ++counted_->references;
    }
    Version& operator=(Version other) {
      std::swap(counted_, other.counted_);
      return *this;
    }
    ~Version() {
      if (counted_ != nullptr && --counted_->references == 0) PoolDestroy(counted_);
    }
    const char* data() const {
      return counted_ == nullptr ? kZeros.data() : counted_->bytes.data();
    }
    // To be changed: nobody else has it from now on.
    char* Own();
    void Clear() { *this = Version(); }

   private:
    struct Counted {
      uint64_t references = 1;
      Bytes bytes;
    };
    static const Bytes kZeros;
    Counted* counted_;
  };
  struct Sector {
    Version cache;
    Version device;
    Version durable;
    bool dirty = false;      // `cache` is to be written back.
    bool unflushed = false;  // `device` may differ from `durable`.
    bool broken = false;  // The device cannot read it, and `cache` counts only while it is dirty.
  };
  // The sectors of a block of the disk, a bit for each in the masks.
  struct Block {
    std::array<Sector, kBlockSize / kSectorSize> sectors;
    uint8_t written = 0;  // Once, and not cut off since.
    uint8_t pending = 0;  // INVARIANT: those that are dirty or unflushed.
    bool listed = false;  // In pending_blocks_.
    bool taken = false;   // Counts as used, and is not below reserved_blocks_.
  };
  static constexpr uint64_t kSectorsPerBlock = kBlockSize / kSectorSize;
  enum class Layer { kCache, kDevice };

  Block* FindBlock(uint64_t number) const {
    return number < blocks_.size() ? blocks_[number].get() : nullptr;
  }
  Block& MakeBlock(uint64_t number);
  // Null: it was never written, or cut off since.
  Sector* Find(uint64_t index) const;
  // For each sector of [begin, end) that there is, in order.
  template <class Visit>
  void ForEach(uint64_t begin, uint64_t end, Visit visit) const;
  uint64_t sectors_end() const { return blocks_.size() * kSectorsPerBlock; }
  void Erase(uint64_t index);
  void SetDirty(uint64_t index);
  void GiveBack(Block& block);
  void GiveBackFrom(uint64_t first);

  size_t ReadLayer(Layer layer, uint64_t offset, std::span<char> into) const;
  bool Fails(uint64_t index) const;
  void MoveOn(uint64_t unit, RandomStream& random);
  // For each unit that has some, with its block and their mask; the units in order.
  template <class Visit>
  void VisitPendingUnits(Visit visit);
  void SyncUnits(SyncFate fate, RandomStream* random);
  void SetSize(uint64_t size);
  static void WriteBack(Sector& sector);
  static void Flush(Sector& sector);
  static void Store(Sector& sector, uint64_t within, std::span<const char> data);

  uint64_t unit_;             // Sectors in a unit; no more than in a block.
  bool ever_broken_ = false;  // A sector was; so that reads of good disks need not look.
  uint64_t size_ = 0;
  // The durable size and all sizes since lie in this range; after a crash any in it may be found.
  uint64_t size_min_ = 0;
  uint64_t size_max_ = 0;
  std::vector<std::unique_ptr<Block>> blocks_;  // By number; null: nothing of it was ever written.
  std::vector<uint64_t> pending_blocks_;        // All that have pending sectors; in no order.
  uint64_t reserved_blocks_ = 0;  // Allocate() has these, from the start of the file on.
  uint64_t taken_blocks_ = 0;     // How many are `taken`.
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_SECTOR_STORE_H_
