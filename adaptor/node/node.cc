#include "adaptor/node/node.h"

#include <utility>

#include "adaptor/opener_builder.h"
#include "registry/registry.h"
#include "wal/base/status_macros.h"

namespace tidelog::adaptor {

absl::StatusOr<std::unique_ptr<OpenerBuilder>> MakeOpenerBuilder(
    std::string_view backend, std::vector<InterceptorBuilder*> interceptors) {
  TIDELOG_ASSIGN_OR_RETURN(walimpls::OpenerBuilderImpls * builder, registry::GetBuilder(backend));
  return MakeOpenerBuilder(builder, std::move(interceptors));
}

}  // namespace tidelog::adaptor
