// MakeOpenerBuilder: a whole log out of a backend.
//
//   std::unique_ptr<OpenerBuilder> builder = adaptor::MakeOpenerBuilder(&backend, {});
//   absl::StatusOr<std::unique_ptr<Opener>> opener = builder->Build(Environment{}, config);
//
// By the name of a registered backend: adaptor/node/node.h.
#ifndef TIDELOG_ADAPTOR_OPENER_BUILDER_H_
#define TIDELOG_ADAPTOR_OPENER_BUILDER_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "adaptor/chain/link_backends.h"
#include "adaptor/interceptors/interceptor.h"
#include "wal/checkpoint_store.h"
#include "wal/environment.h"
#include "wal/opener.h"
#include "wal/types.h"
#include "walimpls/opener.h"

namespace tidelog::adaptor {

// Makes the store of checkpoints that a backend brings (G2), of the environment and its part of the
// config, without I/O.
using MakeCheckpointStore = std::function<absl::StatusOr<std::unique_ptr<CheckpointStore>>(
    const Environment& environment, const Config& config)>;

// `backend` outlives the builder and its openers.  `interceptors`, outermost first, come between
// those of the log itself and the time tick (C6), and outlive the openers too.  `checkpoints` is
// called where the environment names no store.
//
// A log has one store of checkpoints, whoever opens it: an opener for writing with another store,
// or none, sees no checkpoint of the first, and truncates past them.  Tools count: walctl takes the
// one that a backend brings.
//
// `source` finds the backends that logs are switched to (G6); without one they can only be switched
// between places of `backend`.  What it yields outlives the openers too.
std::unique_ptr<OpenerBuilder> MakeOpenerBuilder(walimpls::OpenerBuilderImpls* backend,
                                                 std::vector<InterceptorBuilder*> interceptors,
                                                 MakeCheckpointStore checkpoints = nullptr,
                                                 BackendSource source = nullptr);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_OPENER_BUILDER_H_
