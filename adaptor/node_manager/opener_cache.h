// OpenerCache: the openers of a node, one for each backend and its settings.
#ifndef TIDELOG_ADAPTOR_NODE_MANAGER_OPENER_CACHE_H_
#define TIDELOG_ADAPTOR_NODE_MANAGER_OPENER_CACHE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/environment.h"
#include "wal/node_manager.h"
#include "wal/opener.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// The builder of a backend, by the name under which it is registered; NOT_FOUND names those there
// are.  Called on an executor.
using BuilderSource =
    absl::AnyInvocable<absl::StatusOr<std::unique_ptr<OpenerBuilder>>(std::string_view backend)>;

// A client of a broker, or the lock of a directory, is there once for all channels that lie there.
// Confined to one executor.  Requires: CloseAll() has completed when it is destroyed, if it made
// any.
class OpenerCache {
 public:
  OpenerCache(const Environment& environment, BuilderSource builders)
      : environment_(environment), builders_(std::move(builders)) {}

  // Made if missing; shared, so that it outlives its logs, whoever holds these.  kInvalidArgument:
  // there is no such backend, or its settings are wrong.
  absl::StatusOr<std::shared_ptr<Opener>> Get(const BackendChoice& backend);

  // Closes all at once.  kUnavailable: names what hung.
  Future<absl::Status> CloseAll();

 private:
  struct Entry {
    std::unique_ptr<OpenerBuilder> builder;
    std::shared_ptr<Opener> opener;
  };

  const Environment environment_;
  BuilderSource builders_;
  absl::btree_map<std::pair<std::string, Config>, Entry> entries_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_NODE_MANAGER_OPENER_CACHE_H_
