// LinkBackends: the backends that the links of chains lie in, beside the one that an opener was
// built with (G6).
#ifndef TIDELOG_ADAPTOR_CHAIN_LINK_BACKENDS_H_
#define TIDELOG_ADAPTOR_CHAIN_LINK_BACKENDS_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "wal/async/future.h"
#include "wal/backend_switch.h"
#include "wal/environment.h"
#include "walimpls/opener.h"

namespace tidelog::adaptor {

// Finds a backend by its name.  NOT_FOUND: there is none; the message names those there are.
using BackendSource =
    std::function<absl::StatusOr<walimpls::OpenerBuilderImpls*>(std::string_view name)>;

// Safe from any thread.  One opener a target, whichever channels lie there; kept until Close().
class LinkBackends {
 public:
  // What `environment` points to, and what `source` yields, outlives this.
  LinkBackends(const Environment& environment, BackendSource source);

  // Lives as long as this.  kInvalidArgument: there is no such backend here, or it does not take
  // these settings.  kOnShutdown: it is closed.
  absl::StatusOr<walimpls::OpenerImpls*> Get(const BackendTarget& target);

  // Closes all.  Requires: as OpenerImpls::Close().
  Future<absl::Status> Close();

 private:
  const Environment environment_;
  const BackendSource source_;
  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // By what tells targets apart.
  absl::btree_map<std::pair<std::string, Config>, std::unique_ptr<walimpls::OpenerImpls>> openers_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_CHAIN_LINK_BACKENDS_H_
