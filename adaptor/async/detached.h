// Detached: a coroutine that nobody waits for.  What it owes somebody it says by a Promise.
#ifndef TIDELOG_ADAPTOR_ASYNC_DETACHED_H_
#define TIDELOG_ADAPTOR_ASYNC_DETACHED_H_

#include <coroutine>
#include <cstddef>
#include <exception>

#include "wal/async/block_pool.h"

namespace tidelog::adaptor {

// Starts at once; its frame goes when it ends.  What it uses must be kept alive by its own
// arguments, or wait for it: an Entries::Entry (entries.h) sees to the latter.
struct Detached {
  struct promise_type {
    static void* operator new(size_t size) { return PoolNew(size); }
    static void operator delete(void* frame, size_t size) { PoolDelete(frame, size); }

    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_ASYNC_DETACHED_H_
