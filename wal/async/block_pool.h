// Pooled memory for what the append path allocates all the time: futures' states, coroutine
// frames, messages.
//
// A thread has two magazines of free blocks for each size class; full ones go through a
// depot that all threads share.  The depot matters: a future's state is made by the caller
// and freed by the executor, so with lists of the threads' own one side would always
// allocate and the other hoard.  Memory goes back to the pool, never to the system.
//
// Large blocks are messages with large payloads.  They come from the system and are kept, up to
// a bound, when they are freed: else malloc gives their pages back at each ebb, and the next
// flood faults every page in again, which costs more than what is written to it.
//
// A pool hides use after free.  With TIDELOG_NO_POOL defined (the ASan build) all of this
// is plain operator new.
#ifndef TIDELOG_WAL_ASYNC_BLOCK_POOL_H_
#define TIDELOG_WAL_ASYNC_BLOCK_POOL_H_

#include <bit>
#include <cstddef>
#include <new>
#include <utility>

namespace tidelog {

// Larger blocks are large ones ...
inline constexpr size_t kPooledBlockSizeMax = 2560;
// A cache line, so that blocks that two threads use do not share one.
inline constexpr size_t kPooledBlockGrain = 64;
// ... and still larger ones come from operator new.
inline constexpr size_t kLargeBlockSizeMax = size_t{2} << 20;
// So many bytes of free large blocks are kept, for the whole process.
inline constexpr size_t kLargeBytesKeptMax = size_t{64} << 20;

namespace internal {
// Large blocks have eight sizes between one power of two and the next.
constexpr int LargeShift(size_t size) { return std::bit_width(size - 1) - 4; }
constexpr size_t LargeEighths(size_t size) { return ((size - 1) >> LargeShift(size)) + 1; }
}  // namespace internal

// What a block of `size` bytes occupies.
constexpr size_t PooledSize(size_t size) {
  if (size > kLargeBlockSizeMax) return size;
  if (size > kPooledBlockSizeMax) return internal::LargeEighths(size) << internal::LargeShift(size);
  return (size + kPooledBlockGrain - 1) / kPooledBlockGrain * kPooledBlockGrain;
}

// A block of `size` bytes, aligned as operator new aligns.  Safe from any thread.
void* PoolNew(size_t size);

// Frees `block`, from any thread.  Requires: `size` is what PoolNew() was asked for.
void PoolDelete(void* block, size_t size);

// An object in a pooled block, and its end.
template <class T, class... Args>
T* PoolMake(Args&&... args) {
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  return ::new (PoolNew(sizeof(T))) T(std::forward<Args>(args)...);
}
template <class T>
void PoolDestroy(T* object) {
  object->~T();
  PoolDelete(object, sizeof(T));
}

// From now on every block comes from operator new and goes to operator delete, for the
// rest of the process.  The simulator needs it: it frees what a crashed process had
// allocated, all of it, and no block of that may wait in a magazine for the next one
// (doc/adr/0003-simulated-crash.md).
// Requires: nothing has been pooled yet.  May be called again.
void BypassBlockPool();

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_BLOCK_POOL_H_
