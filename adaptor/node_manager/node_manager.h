// MakeNodeManager: a NodeManager over any source of backends.  With those that are registered:
// adaptor/node/node.h.
#ifndef TIDELOG_ADAPTOR_NODE_MANAGER_NODE_MANAGER_H_
#define TIDELOG_ADAPTOR_NODE_MANAGER_NODE_MANAGER_H_

#include <memory>

#include "adaptor/node_manager/opener_cache.h"
#include "wal/environment.h"
#include "wal/node_manager.h"

namespace tidelog::adaptor {

// `environment`: as for OpenerBuilder::Build().  Each backend, with each of its configurations, is
// built when it is first asked for.
std::unique_ptr<NodeManager> MakeNodeManager(const Environment& environment,
                                             BuilderSource builders);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_NODE_MANAGER_NODE_MANAGER_H_
