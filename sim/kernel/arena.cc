#include "sim/kernel/arena.h"

#ifndef TIDELOG_SANITIZE

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

#include "wal/async/block_pool.h"

namespace tidelog::sim {

namespace internal {

constinit thread_local Arena* current_arena = nullptr;

}  // namespace internal

namespace {

using internal::ArenaLinks;

constinit thread_local ArenaUsage world_usage;

// In front of every block.
struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) Header {
  ArenaLinks links;  // Only if there is an arena.
  Arena* arena;
  uint64_t size_and_alignment;  // size << 8 | log2 of the alignment.
};

constexpr size_t kSizeMax = SIZE_MAX >> 9;

constexpr size_t kUsualAlignment = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

// From what malloc gave to the block: the header lies at its end.
constexpr size_t Offset(size_t alignment) { return std::max(sizeof(Header), alignment); }

Header* HeaderOf(void* block) { return static_cast<Header*>(block) - 1; }

size_t SizeOf(const Header& header) { return header.size_and_alignment >> 8; }

void Free(Header* header) {
  const size_t alignment = size_t{1} << (header->size_and_alignment & 0xff);
  std::free(reinterpret_cast<char*>(header + 1) - Offset(alignment));
}

void Count(ArenaUsage& usage, int64_t size) {
  usage.bytes += size;
  ++usage.count;
  ++usage.allocation_count;
  usage.bytes_max = std::max(usage.bytes_max, usage.bytes);
}

void Uncount(ArenaUsage& usage, int64_t size) {
  usage.bytes -= size;
  --usage.count;
}

// Before main(), when nothing has been pooled yet.
[[maybe_unused]] const bool pool_bypassed = [] {
  BypassBlockPool();
  return true;
}();

}  // namespace

class ArenaHeap {
 public:
  // Null if there is no memory.
  static void* Allocate(size_t size, size_t alignment) {
    if (size > kSizeMax) return nullptr;
    const size_t offset = Offset(alignment);
    void* memory = nullptr;
    if (alignment <= kUsualAlignment) {
      memory = std::malloc(offset + size);
    } else {
      memory = std::aligned_alloc(alignment, (offset + size + alignment - 1) & ~(alignment - 1));
    }
    if (memory == nullptr) return nullptr;
    auto* header = reinterpret_cast<Header*>(static_cast<char*>(memory) + offset) - 1;
    Arena* arena = internal::current_arena;
    header->arena = arena;
    header->size_and_alignment = size << 8 | static_cast<uint64_t>(std::countr_zero(alignment));
    if (arena == nullptr) {
      Count(world_usage, static_cast<int64_t>(size));
    } else {
      Count(arena->usage_, static_cast<int64_t>(size));
      ArenaLinks* first = arena->blocks_.next;
      header->links = {&arena->blocks_, first};
      first->previous = &header->links;
      arena->blocks_.next = &header->links;
    }
    return header + 1;
  }

  static void* AllocateOrDie(size_t size, size_t alignment) {
    void* block = Allocate(size, alignment);
    if (block == nullptr) std::abort();
    return block;
  }

  static void Deallocate(void* block) {
    if (block == nullptr) return;
    Header* header = HeaderOf(block);
    if (header->arena == nullptr) {
      Uncount(world_usage, static_cast<int64_t>(SizeOf(*header)));
    } else {
      Uncount(header->arena->usage_, static_cast<int64_t>(SizeOf(*header)));
      header->links.previous->next = header->links.next;
      header->links.next->previous = header->links.previous;
    }
    Free(header);
  }
};

Arena::Arena() : blocks_{&blocks_, &blocks_} {}

Arena::~Arena() { FreeAll(); }

void Arena::FreeAll() {
  while (blocks_.next != &blocks_) {
    auto* header = reinterpret_cast<Header*>(blocks_.next);
    blocks_.next = blocks_.next->next;
    std::memset(static_cast<void*>(header + 1), 0xdb, SizeOf(*header));
    Free(header);
  }
  blocks_.previous = &blocks_;
  usage_.bytes = 0;
  usage_.count = 0;
}

const ArenaUsage& Arena::WorldUsage() { return world_usage; }

}  // namespace tidelog::sim

// The replacements.  Those of arrays without an alignment or nothrow call these.

using tidelog::sim::ArenaHeap;

void* operator new(size_t size) {
  return ArenaHeap::AllocateOrDie(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(size_t size, std::align_val_t alignment) {
  return ArenaHeap::AllocateOrDie(
      size, std::max<size_t>(static_cast<size_t>(alignment), __STDCPP_DEFAULT_NEW_ALIGNMENT__));
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return ArenaHeap::Allocate(size, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return ArenaHeap::Allocate(
      size, std::max<size_t>(static_cast<size_t>(alignment), __STDCPP_DEFAULT_NEW_ALIGNMENT__));
}
void* operator new[](size_t size) { return ::operator new(size); }
void* operator new[](size_t size, std::align_val_t alignment) {
  return ::operator new(size, alignment);
}
void* operator new[](size_t size, const std::nothrow_t& nothrow) noexcept {
  return ::operator new(size, nothrow);
}
void* operator new[](size_t size, std::align_val_t alignment,
                     const std::nothrow_t& nothrow) noexcept {
  return ::operator new(size, alignment, nothrow);
}

void operator delete(void* block) noexcept { ArenaHeap::Deallocate(block); }
void operator delete(void* block, size_t) noexcept { ArenaHeap::Deallocate(block); }
void operator delete(void* block, std::align_val_t) noexcept { ArenaHeap::Deallocate(block); }
void operator delete(void* block, size_t, std::align_val_t) noexcept {
  ArenaHeap::Deallocate(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept { ArenaHeap::Deallocate(block); }
void operator delete(void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  ArenaHeap::Deallocate(block);
}
void operator delete[](void* block) noexcept { ArenaHeap::Deallocate(block); }
void operator delete[](void* block, size_t) noexcept { ArenaHeap::Deallocate(block); }
void operator delete[](void* block, std::align_val_t) noexcept { ArenaHeap::Deallocate(block); }
void operator delete[](void* block, size_t, std::align_val_t) noexcept {
  ArenaHeap::Deallocate(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
  ArenaHeap::Deallocate(block);
}
void operator delete[](void* block, std::align_val_t, const std::nothrow_t&) noexcept {
  ArenaHeap::Deallocate(block);
}

#endif  // TIDELOG_SANITIZE
