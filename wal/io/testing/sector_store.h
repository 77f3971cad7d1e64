// SectorStore: the bytes of one simulated file, on the three layers where a write can be.
//
//   cache    what every process reads: the page cache
//   device   what a direct read sees: written back, but perhaps only in the device's volatile cache
//   durable  what a machine crash leaves, at the least
//
// A sector is the unit of loss and is never torn itself.  Sectors that were never written read as
// zero and cost nothing, so a file may be allocated at its production size.
#ifndef TIDELOG_WAL_IO_TESTING_SECTOR_STORE_H_
#define TIDELOG_WAL_IO_TESTING_SECTOR_STORE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "wal/async/random_stream.h"

namespace tidelog {

// Thread-compatible.  Draws come from the stream that is handed in, in a fixed order.
class SectorStore {
 public:
  static constexpr uint64_t kSectorSize = 512;
  static constexpr uint64_t kBlockSize = 4096;  // The unit in which space is taken.

  // As the page cache has it.
  uint64_t size() const { return size_; }
  uint64_t blocks_used() const { return reserved_blocks_ + blocks_.size(); }

  // From the page cache; how many bytes there were.
  size_t Read(uint64_t offset, std::span<char> into) const;

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
  void Sync();

  // A sync that fails: each dirty sector reaches the device or never will, and all are clean.
  void FailSync(RandomStream& random);

  // Memory pressure: clean sectors are read again from the device.
  void DropCleanPages();

  // The machine stops: each sector is left as it was durable, or as any later version that
  // happened to reach the medium; and so is the size.
  void Crash(RandomStream& random);

 private:
  using Bytes = std::array<char, kSectorSize>;
  struct Sector {
    Bytes cache{};
    Bytes device{};
    Bytes durable{};
    bool dirty = false;      // `cache` is to be written back.
    bool unflushed = false;  // `device` may differ from `durable`.
  };
  enum class Layer { kCache, kDevice };

  size_t ReadLayer(Layer layer, uint64_t offset, std::span<char> into) const;
  Sector& SectorToChange(uint64_t index, RandomStream& random);
  void SetSize(uint64_t size);
  static void WriteBack(Sector& sector);

  uint64_t size_ = 0;
  // The durable size and all sizes since lie in this range; after a crash any in it may be found.
  uint64_t size_min_ = 0;
  uint64_t size_max_ = 0;
  absl::btree_map<uint64_t, Sector> sectors_;
  absl::btree_set<uint64_t> pending_;  // INVARIANT: those that are dirty or unflushed.
  uint64_t reserved_blocks_ = 0;       // Allocate() has these, from the start of the file on.
  absl::btree_set<uint64_t> blocks_;   // Written, and not below `reserved_blocks_`.
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_SECTOR_STORE_H_
