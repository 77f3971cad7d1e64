#include "walimpls/opener.h"

#include "walimpls/default_environment.h"

namespace tidelog::walimpls {

absl::StatusOr<std::unique_ptr<OpenerImpls>> OpenerBuilderImpls::Build() {
  return Build(CompleteEnvironment(Environment{}), Config{});
}

}  // namespace tidelog::walimpls
