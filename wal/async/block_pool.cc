#include "wal/async/block_pool.h"

#include <atomic>
#include <cstdint>
#include <utility>

#include "absl/base/no_destructor.h"
#include "absl/base/thread_annotations.h"
#include "absl/log/check.h"
#include "absl/synchronization/mutex.h"

namespace tidelog {

#ifdef TIDELOG_NO_POOL

void* PoolNew(size_t size) { return ::operator new(size); }
void PoolDelete(void* block, size_t size) { ::operator delete(block, size); }
void BypassBlockPool() {}

#else

namespace {

constexpr size_t kGrain = kPooledBlockGrain;
constexpr size_t kClassCount = kPooledBlockSizeMax / kGrain;

// Blocks in a full magazine.  Large ones come in fewer, as a magazine of a rare size is memory
// that nobody else gets.
constexpr uint32_t Capacity(size_t size_class) { return size_class < 8 ? 64 : 16; }

// Class 0 is 1 to 64 bytes.  Nothing asks for 0 bytes; if so it wraps round and is not pooled.
constexpr size_t SizeClass(size_t size) { return (size - 1) / kGrain; }

// A free block.  The first one of a magazine also describes that, while it is in the depot.
struct FreeBlock {
  FreeBlock* next;
  FreeBlock* next_magazine;
  uint32_t count;
};

// One thread's blocks of one size class.
//
// INVARIANT: `loaded` holds Capacity() - room blocks, unless the thread has not begun (or has
// ended, or the pool is bypassed): then it is null, room is 0, and both paths are the slow one.
struct Magazines {
  FreeBlock* loaded;
  FreeBlock* spare;  // Full, or null.
  uint32_t room;
};

// Trivial, so that the fast path needs no guard.  Only functions that are not inlined may name
// them: see executor.cc.
constinit thread_local Magazines magazines[kClassCount] = {};
constinit thread_local bool thread_ended = false;

std::atomic<bool> bypassed{false};
std::atomic<bool> pooled{false};

class Depot {
 public:
  void Give(size_t size_class, FreeBlock* magazine, uint32_t count) {
    magazine->count = count;
    Shelf& shelf = shelves_[size_class];
    absl::MutexLock lock(&shelf.mutex);
    magazine->next_magazine = std::exchange(shelf.top, magazine);
  }

  // A magazine, with at least one block; null if there is none.
  FreeBlock* Take(size_t size_class) {
    Shelf& shelf = shelves_[size_class];
    absl::MutexLock lock(&shelf.mutex);
    FreeBlock* magazine = shelf.top;
    if (magazine != nullptr) shelf.top = magazine->next_magazine;
    return magazine;
  }

 private:
  struct Shelf {
    absl::Mutex mutex;
    FreeBlock* top ABSL_GUARDED_BY(mutex) = nullptr;
  };
  Shelf shelves_[kClassCount];
};

Depot& TheDepot() {
  static absl::NoDestructor<Depot> depot;
  return *depot;
}

// A new full magazine.  Its memory is never given back.
FreeBlock* NewMagazine(size_t size_class) {
  pooled.store(true, std::memory_order_relaxed);
  const size_t block_size = (size_class + 1) * kGrain;
  const uint32_t count = Capacity(size_class);
  auto* slab = static_cast<char*>(::operator new (block_size* count, std::align_val_t{kGrain}));
  FreeBlock* list = nullptr;
  for (uint32_t i = count; i > 0; --i) {
    list = ::new (slab + (i - 1) * block_size) FreeBlock{list, nullptr, 0};
  }
  list->count = count;
  return list;
}

constexpr size_t LargeClass(size_t size) {
  constexpr auto kIndex = [](size_t of) {
    return 8 * internal::LargeShift(of) + internal::LargeEighths(of);
  };
  return kIndex(size) - kIndex(kPooledBlockSizeMax + 1);
}

// Free large blocks.  They have no magazines: who fills a large block is not held up by a lock.
class LargeBlocks {
 public:
  void* Take(size_t size) {
    Shelf& shelf = ShelfOf(size);
    {
      absl::MutexLock lock(&shelf.mutex);
      if (FreeBlock* block = shelf.top; block != nullptr) {
        shelf.top = block->next;
        kept_bytes_.fetch_sub(PooledSize(size), std::memory_order_relaxed);
        return block;
      }
    }
    pooled.store(true, std::memory_order_relaxed);
    return ::operator new(PooledSize(size));
  }

  void Give(void* block, size_t size) {
    const size_t bytes = PooledSize(size);
    if (kept_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > kLargeBytesKeptMax) {
      kept_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      return ::operator delete(block);
    }
    Shelf& shelf = ShelfOf(size);
    absl::MutexLock lock(&shelf.mutex);
    shelf.top = ::new (block) FreeBlock{shelf.top, nullptr, 0};
  }

 private:
  struct Shelf {
    absl::Mutex mutex;
    FreeBlock* top ABSL_GUARDED_BY(mutex) = nullptr;
  };
  Shelf& ShelfOf(size_t size) { return shelves_[LargeClass(size)]; }

  std::atomic<size_t> kept_bytes_{0};
  Shelf shelves_[LargeClass(kLargeBlockSizeMax) + 1];
};

LargeBlocks& TheLargeBlocks() {
  static absl::NoDestructor<LargeBlocks> large_blocks;
  return *large_blocks;
}

// Also for no bytes, as SizeClass() says.
constexpr bool IsKept(size_t size) { return size - 1 < kLargeBlockSizeMax; }

void* NewLarge(size_t size) {
  if (!IsKept(size) || bypassed.load(std::memory_order_relaxed)) {
    return ::operator new(size);
  }
  return TheLargeBlocks().Take(size);
}

void DeleteLarge(void* block, size_t size) {
  if (!IsKept(size) || bypassed.load(std::memory_order_relaxed)) {
    return ::operator delete(block);
  }
  TheLargeBlocks().Give(block, size);
}

// Gives what the thread holds to the depot when it ends.
class ThreadEnd {
 public:
  ~ThreadEnd() {
    thread_ended = true;
    for (size_t i = 0; i < kClassCount; ++i) {
      Magazines& m = magazines[i];
      if (m.loaded != nullptr) TheDepot().Give(i, m.loaded, Capacity(i) - m.room);
      if (m.spare != nullptr) TheDepot().Give(i, m.spare, Capacity(i));
      m = {};
    }
  }
  void Watch() {}
};

void WatchThreadEnd() {
  static thread_local ThreadEnd thread_end;
  thread_end.Watch();
}

void* NewSlowly(size_t size_class, size_t size) {
  if (bypassed.load(std::memory_order_relaxed)) return ::operator new(size);
  Magazines& m = magazines[size_class];
  if (m.spare != nullptr) {
    m.loaded = std::exchange(m.spare, nullptr);
    m.room = 0;
  } else {
    FreeBlock* magazine = TheDepot().Take(size_class);
    if (magazine == nullptr) magazine = NewMagazine(size_class);
    if (thread_ended) {  // Destructors of other thread-local objects still run.
      if (magazine->next != nullptr) {
        TheDepot().Give(size_class, magazine->next, magazine->count - 1);
      }
      return magazine;
    }
    WatchThreadEnd();
    m.loaded = magazine;
    m.room = Capacity(size_class) - magazine->count;
  }
  ++m.room;
  return std::exchange(m.loaded, m.loaded->next);
}

void DeleteSlowly(size_t size_class, void* block) {
  if (bypassed.load(std::memory_order_relaxed)) return ::operator delete(block);
  auto* free_block = ::new (block) FreeBlock{nullptr, nullptr, 0};
  if (thread_ended) return TheDepot().Give(size_class, free_block, 1);
  WatchThreadEnd();
  Magazines& m = magazines[size_class];
  if (m.loaded != nullptr) {
    if (m.spare != nullptr) TheDepot().Give(size_class, m.spare, Capacity(size_class));
    m.spare = m.loaded;
  }
  m.loaded = free_block;
  m.room = Capacity(size_class) - 1;
}

}  // namespace

void* PoolNew(size_t size) {
  const size_t size_class = SizeClass(size);
  if (size_class >= kClassCount) return NewLarge(size);
  Magazines& m = magazines[size_class];
  if (m.loaded == nullptr) return NewSlowly(size_class, size);
  ++m.room;
  return std::exchange(m.loaded, m.loaded->next);
}

void PoolDelete(void* block, size_t size) {
  const size_t size_class = SizeClass(size);
  if (size_class >= kClassCount) return DeleteLarge(block, size);
  Magazines& m = magazines[size_class];
  if (m.room == 0) return DeleteSlowly(size_class, block);
  --m.room;
  m.loaded = ::new (block) FreeBlock{m.loaded, nullptr, 0};
}

void BypassBlockPool() {
  CHECK(!pooled.load(std::memory_order_relaxed))
      << "BypassBlockPool() comes too late: blocks have been pooled already";
  bypassed.store(true, std::memory_order_relaxed);
}

#endif  // TIDELOG_NO_POOL

}  // namespace tidelog
