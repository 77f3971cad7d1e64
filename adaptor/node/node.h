// Node: whole logs by the name of a backend, and all channels of a node.
//
//   absl::StatusOr<std::unique_ptr<OpenerBuilder>> builder = MakeOpenerBuilder("file");
//   absl::StatusOr<std::unique_ptr<Opener>> opener =
//       (*builder)->Build(Environment{}, {{"dir", "/var/lib/log"}});
//
// A program that links //:node, which this is part of, has every backend of this repository
// registered, and may link more.
#ifndef TIDELOG_ADAPTOR_NODE_NODE_H_
#define TIDELOG_ADAPTOR_NODE_NODE_H_

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "adaptor/interceptors/interceptor.h"
#include "wal/environment.h"
#include "wal/node_manager.h"
#include "wal/opener.h"

namespace tidelog {

// A builder of logs over the backend that is registered as `backend`; adaptor/opener_builder.h says
// the rest.  It lives as long as the program needs to make openers of it.  NOT_FOUND: there is none
// of that name; the message names those there are.
absl::StatusOr<std::unique_ptr<OpenerBuilder>> MakeOpenerBuilder(
    std::string_view backend, std::vector<adaptor::InterceptorBuilder*> interceptors = {});

// Holds the channels of a node, over the backends that are registered (H1).  All its logs have the
// `interceptors`, which outlive it.
std::unique_ptr<NodeManager> MakeNodeManager(
    const Environment& environment, std::vector<adaptor::InterceptorBuilder*> interceptors = {});

}  // namespace tidelog

#endif  // TIDELOG_ADAPTOR_NODE_NODE_H_
