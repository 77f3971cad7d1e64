#include "adaptor/node/node.h"

#include <utility>

#include "adaptor/opener_builder.h"
#include "registry/registry.h"
#include "walimpls/opener.h"

namespace tidelog {

absl::StatusOr<std::unique_ptr<OpenerBuilder>> MakeOpenerBuilder(
    std::string_view backend, std::vector<adaptor::InterceptorBuilder*> interceptors) {
  const absl::StatusOr<walimpls::OpenerBuilderImpls*> builder = registry::GetBuilder(backend);
  if (!builder.ok()) return builder.status();
  return adaptor::MakeOpenerBuilder(*builder, std::move(interceptors));
}

}  // namespace tidelog
