// Linked in, this puts the file backend into the program's registry.
#include "absl/log/check.h"
#include "impls/file/file_log.h"
#include "registry/registry.h"

namespace tidelog::impls::file {
namespace {

[[maybe_unused]] const bool registered = [] {
  CHECK_OK(registry::RegisterBuilder(MakeBuilder()));
  return true;
}();

}  // namespace
}  // namespace tidelog::impls::file
