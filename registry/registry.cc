#include "registry/registry.h"

#include <utility>

#include "absl/base/no_destructor.h"
#include "absl/log/check.h"
#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tidelog::registry {
namespace {

// Made at the first call, which may come from a static initialiser of any file, and never
// destroyed: builders live as long as the program.
Registry& ProgramRegistry() {
  static absl::NoDestructor<Registry> registry;
  return *registry;
}

}  // namespace

absl::Status Registry::RegisterBuilder(std::unique_ptr<walimpls::OpenerBuilderImpls> builder) {
  CHECK(builder != nullptr);
  std::string name(builder->name());
  absl::MutexLock lock(&mutex_);
  if (builders_.contains(name)) {
    return absl::AlreadyExistsError(
        absl::StrCat("register backend \"", name, "\": there is one of that name"));
  }
  builders_.emplace(std::move(name), std::move(builder));
  return absl::OkStatus();
}

absl::StatusOr<walimpls::OpenerBuilderImpls*> Registry::GetBuilder(std::string_view name) const {
  absl::ReaderMutexLock lock(&mutex_);
  const auto found = builders_.find(name);
  if (found != builders_.end()) return found->second.get();
  const auto append_name = [](std::string* out, const auto& entry) { out->append(entry.first); };
  return absl::NotFoundError(
      absl::StrCat("no backend \"", name, "\" is linked in; there are: ",
                   builders_.empty() ? "none" : absl::StrJoin(builders_, ", ", append_name)));
}

std::vector<std::string> Registry::Names() const {
  absl::ReaderMutexLock lock(&mutex_);
  std::vector<std::string> names;
  for (const auto& [name, builder] : builders_) names.push_back(name);
  return names;
}

absl::Status RegisterBuilder(std::unique_ptr<walimpls::OpenerBuilderImpls> builder) {
  return ProgramRegistry().RegisterBuilder(std::move(builder));
}

absl::StatusOr<walimpls::OpenerBuilderImpls*> GetBuilder(std::string_view name) {
  return ProgramRegistry().GetBuilder(name);
}

std::vector<std::string> BuilderNames() { return ProgramRegistry().Names(); }

walimpls::OpenerBuilderImpls& MustGetBuilder(std::string_view name) {
  const absl::StatusOr<walimpls::OpenerBuilderImpls*> builder = GetBuilder(name);
  if (!builder.ok()) LOG(FATAL) << builder.status().message();
  return **builder;
}

}  // namespace tidelog::registry
