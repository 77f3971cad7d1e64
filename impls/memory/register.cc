// Linked in, this puts the memory backend into the program's registry.
#include "absl/log/check.h"
#include "impls/memory/memory.h"
#include "registry/registry.h"

namespace tidelog::impls::memory {
namespace {

[[maybe_unused]] const bool registered = [] {
  CHECK_OK(registry::RegisterBuilder(MakeBuilder()));
  return true;
}();

}  // namespace
}  // namespace tidelog::impls::memory
