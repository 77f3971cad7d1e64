// The arena under sanitizers: their hooks tell of every block, and a table keeps it.
#include "sim/kernel/arena.h"

#ifdef TIDELOG_SANITIZE

#include <algorithm>

#include "absl/base/no_destructor.h"
#include "absl/container/flat_hash_map.h"
#include "wal/async/block_pool.h"

// As in <sanitizer/allocator_interface.h>.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const void*, size_t),
                                                         void (*free_hook)(const void*));

namespace tidelog::sim {

namespace internal {

constinit thread_local Arena* current_arena = nullptr;

}  // namespace internal

namespace {

constinit thread_local ArenaUsage world_usage;

// The table's own allocations, and those of threads that run no simulation, are not for it.
constinit thread_local bool in_hook = false;

struct Block {
  Arena* arena;  // Null once that is gone: the block is kept reachable, as no leak.
  int64_t size;
};

using Table = absl::flat_hash_map<const void*, Block>;

Table& TheTable() {
  static absl::NoDestructor<Table> table;
  return *table;
}

}  // namespace

class ArenaHeap {
 public:
  static void OnMalloc(const void* block, size_t size) {
    Arena* arena = internal::current_arena;
    if (arena == nullptr || in_hook) return;
    in_hook = true;
    TheTable()[block] = {arena, static_cast<int64_t>(size)};
    in_hook = false;
    ArenaUsage& usage = arena->usage_;
    usage.bytes += static_cast<int64_t>(size);
    ++usage.count;
    ++usage.allocation_count;
    usage.bytes_max = std::max(usage.bytes_max, usage.bytes);
  }

  static void OnFree(const void* block) {
    if (in_hook || !installed_thread) return;
    in_hook = true;
    const auto found = TheTable().find(block);
    if (found != TheTable().end()) {
      if (Arena* arena = found->second.arena; arena != nullptr) {
        arena->usage_.bytes -= found->second.size;
        --arena->usage_.count;
      }
      TheTable().erase(found);
    }
    in_hook = false;
  }

  static void Forget(Arena* arena) {
    for (auto& [block, entry] : TheTable()) {
      if (entry.arena == arena) entry.arena = nullptr;
    }
  }

  // A table without a lock is for one thread: that which made the first arena.
  static constinit thread_local bool installed_thread;
};

constinit thread_local bool ArenaHeap::installed_thread = false;

Arena::Arena() : blocks_{&blocks_, &blocks_} {
  [[maybe_unused]] static const int installed = [] {
    BypassBlockPool();
    TheTable();
    ArenaHeap::installed_thread = true;
    return __sanitizer_install_malloc_and_free_hooks(&ArenaHeap::OnMalloc, &ArenaHeap::OnFree);
  }();
}

Arena::~Arena() { FreeAll(); }

void Arena::FreeAll() {
  if (usage_.count != 0) ArenaHeap::Forget(this);
  usage_.bytes = 0;
  usage_.count = 0;
}

const ArenaUsage& Arena::WorldUsage() { return world_usage; }

}  // namespace tidelog::sim

#endif  // TIDELOG_SANITIZE
