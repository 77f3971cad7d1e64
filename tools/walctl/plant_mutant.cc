// Linked into the walctl that tests of tests run: switches on the bug that TIDELOG_MUTANT names.

#include <cstdlib>

#include "absl/log/check.h"
#include "sim/mutant/catalog.h"

namespace tidelog::walctl {
namespace {

// Before main(), which is the same as in the walctl that people run.
[[maybe_unused]] const bool planted = [] {
  const char* name = std::getenv("TIDELOG_MUTANT");
  if (name == nullptr) return false;
  CHECK_OK(sim::PlantMutant(name));
  return true;
}();

}  // namespace
}  // namespace tidelog::walctl
