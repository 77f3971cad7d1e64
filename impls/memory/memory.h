// The memory backend: logs that live as long as their store, for tests and examples.
//
//   registry::MustGetBuilder("memory").Build(environment, {{"store", "shared"}});
//
// Settings:
//   store      Name of a store of the process, which every opener that gives this name shares and
//              which lives as long as the program.  Empty, the default: a store of the opener's
//              own.
//   bytes_max  How many bytes of records one log may hold; 0, the default: any number.  Above it
//              appends end with kResourceExhausted until the log is truncated.
#ifndef TIDELOG_IMPLS_MEMORY_MEMORY_H_
#define TIDELOG_IMPLS_MEMORY_MEMORY_H_

#include <memory>
#include <string_view>

#include "impls/memory/store.h"
#include "wal/environment.h"
#include "walimpls/opener.h"

namespace tidelog::impls::memory {

inline constexpr std::string_view kName = "memory";

std::unique_ptr<walimpls::OpenerBuilderImpls> MakeBuilder();

// For tests that keep the store themselves: several openers may share one, each as a process of its
// own.  Of `environment` the runtime is used.
std::unique_ptr<walimpls::OpenerImpls> MakeOpener(const Environment& environment,
                                                  std::shared_ptr<Store> store);

}  // namespace tidelog::impls::memory

#endif  // TIDELOG_IMPLS_MEMORY_MEMORY_H_
