// Pooled memory for what the append path allocates all the time: futures' states, coroutine
// frames, messages.
//
// A thread has two magazines of free blocks for each size class; full ones go through a
// depot that all threads share.  The depot matters: a future's state is made by the caller
// and freed by the executor, so with lists of the threads' own one side would always
// allocate and the other hoard.  Memory goes back to the pool, never to the system.
//
// A pool hides use after free.  With TIDELOG_NO_POOL defined (the ASan build) all of this
// is plain operator new.
#ifndef TIDELOG_WAL_ASYNC_BLOCK_POOL_H_
#define TIDELOG_WAL_ASYNC_BLOCK_POOL_H_

#include <cstddef>
#include <new>
#include <utility>

namespace tidelog {

// Larger blocks come from operator new.
inline constexpr size_t kPooledBlockSizeMax = 2560;
// A cache line, so that blocks that two threads use do not share one.
inline constexpr size_t kPooledBlockGrain = 64;

// What a block of `size` bytes occupies.
constexpr size_t PooledSize(size_t size) {
  if (size > kPooledBlockSizeMax) return size;
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
