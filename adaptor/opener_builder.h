// MakeOpenerBuilder: a whole log out of a backend.
//
//   std::unique_ptr<OpenerBuilder> builder = adaptor::MakeOpenerBuilder(&backend, {});
//   absl::StatusOr<std::unique_ptr<Opener>> opener = builder->Build(Environment{}, config);
//
// By the name of a registered backend: adaptor/node/node.h.
#ifndef TIDELOG_ADAPTOR_OPENER_BUILDER_H_
#define TIDELOG_ADAPTOR_OPENER_BUILDER_H_

#include <memory>
#include <vector>

#include "adaptor/interceptors/interceptor.h"
#include "wal/opener.h"
#include "walimpls/opener.h"

namespace tidelog::adaptor {

// `backend` outlives the builder and its openers.  `interceptors`, outermost first, come between
// those of the log itself and the time tick (C6), and outlive the openers too.
std::unique_ptr<OpenerBuilder> MakeOpenerBuilder(walimpls::OpenerBuilderImpls* backend,
                                                 std::vector<InterceptorBuilder*> interceptors);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_OPENER_BUILDER_H_
