// Arena: what one simulated process has allocated, so that a crash can take all of it away.
//
// Linking this target replaces the global operator new and delete of the program.  Each block
// carries a header that names its arena, so that it may be freed from anywhere: in another
// process's code or in none.  Memory of the simulated world is in no arena.  Reason and limits:
// wal/doc/adr/0003-simulated-crash.md.
//
// Under sanitizers, which bring their own operator new, the same is recorded in a table beside the
// heap, and what a crash takes away stays allocated.
//
// It also calls BypassBlockPool() before main(): no block may wait in a pool for another process.
#ifndef TIDELOG_SIM_KERNEL_ARENA_H_
#define TIDELOG_SIM_KERNEL_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <utility>

namespace tidelog::sim {

class Arena;

namespace internal {

// Whose code runs on this thread; null: the world's.
extern constinit thread_local Arena* current_arena;

// The place of a block in the list of its arena.
struct ArenaLinks {
  ArenaLinks* previous;
  ArenaLinks* next;
};

}  // namespace internal

struct ArenaUsage {
  int64_t bytes = 0;             // Live, as asked for.
  int64_t count = 0;             // Live blocks.
  int64_t bytes_max = 0;         // The most that was live at once.
  int64_t allocation_count = 0;  // Blocks ever allocated.
};

// Confined to one thread.  Lives in the memory of the world.
class Arena {
 public:
  Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // Frees every block and runs no destructor.  What still points there sees 0xdb bytes at first.
  void FreeAll();

  const ArenaUsage& usage() const { return usage_; }

  // That of the code that runs; null in the world.
  static Arena* Current() { return internal::current_arena; }

  // Of this thread's world: what it allocated there less what it freed.  Zeros under sanitizers.
  static const ArenaUsage& WorldUsage();

 private:
  friend class ArenaHeap;

  ArenaUsage usage_;
  internal::ArenaLinks blocks_;  // All of them, in a ring.
};

// While it lives, what this thread allocates belongs to `arena`; to the world if that is null.
class [[nodiscard]] ArenaScope {
 public:
  explicit ArenaScope(Arena* arena) : before_(std::exchange(internal::current_arena, arena)) {}
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;
  ~ArenaScope() { internal::current_arena = before_; }

 private:
  Arena* const before_;
};

// For a world model that is called by code of a process: what it keeps must be the world's.
class [[nodiscard]] WorldScope : public ArenaScope {
 public:
  WorldScope() : ArenaScope(nullptr) {}
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_ARENA_H_
