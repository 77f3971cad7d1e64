// OpenerParts: what an opener and its logs share.
#ifndef TIDELOG_ADAPTOR_LOG_OPENER_PARTS_H_
#define TIDELOG_ADAPTOR_LOG_OPENER_PARTS_H_

#include <memory>
#include <string>
#include <vector>

#include "adaptor/chain/link_backends.h"
#include "adaptor/interceptors/interceptor.h"
#include "adaptor/options.h"
#include "wal/checkpoint_store.h"
#include "wal/environment.h"
#include "wal/types.h"
#include "walimpls/opener.h"

namespace tidelog::adaptor {

// Constant, but for the backend, which is safe from any thread.  Shared, so that it lives as long
// as a log that hangs in quarantine.
struct OpenerParts {
  Environment environment;  // In it `ticks`, `checkpoints` and `metrics` may be null.
  std::unique_ptr<CheckpointStore> own_checkpoints;  // What `checkpoints` is, if none was given.
  std::string backend_name;
  Config backend_config;
  LogOptions options;
  std::vector<InterceptorBuilder*> interceptors;   // Outermost first; live as long as the program.
  std::unique_ptr<walimpls::OpenerImpls> backend;  // Where epoch 0 of each channel lies (G6) ...
  std::unique_ptr<LinkBackends> links;             // ... and the others.
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_LOG_OPENER_PARTS_H_
