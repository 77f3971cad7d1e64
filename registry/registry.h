// Registry: backends by name.
//
// A backend registers itself when it is linked in (impls/x:register).  The functions below work on
// one registry that lives as long as the program; tests make their own.
#ifndef TIDELOG_REGISTRY_REGISTRY_H_
#define TIDELOG_REGISTRY_REGISTRY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "walimpls/opener.h"

namespace tidelog::registry {

// Safe from any thread.  Builders are never removed.
class Registry {
 public:
  // ALREADY_EXISTS: the name is taken; `builder` is dropped.
  absl::Status RegisterBuilder(std::unique_ptr<walimpls::OpenerBuilderImpls> builder);

  // NOT_FOUND: names those there are.  The builder lives as long as the registry.
  absl::StatusOr<walimpls::OpenerBuilderImpls*> GetBuilder(std::string_view name) const;

  // Sorted.
  std::vector<std::string> Names() const;

 private:
  mutable absl::Mutex mutex_;
  absl::btree_map<std::string, std::unique_ptr<walimpls::OpenerBuilderImpls>, std::less<>> builders_
      ABSL_GUARDED_BY(mutex_);
};

// Over the program's registry.
absl::Status RegisterBuilder(std::unique_ptr<walimpls::OpenerBuilderImpls> builder);
absl::StatusOr<walimpls::OpenerBuilderImpls*> GetBuilder(std::string_view name);
std::vector<std::string> BuilderNames();

// As GetBuilder(); aborts with its message.  MustGetBuilder("file").Build() makes a backend's
// opener with default settings; to get a whole log of it, see adaptor/node/node.h.
walimpls::OpenerBuilderImpls& MustGetBuilder(std::string_view name);

}  // namespace tidelog::registry

#endif  // TIDELOG_REGISTRY_REGISTRY_H_
