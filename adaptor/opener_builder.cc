#include "adaptor/opener_builder.h"

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "adaptor/log/opener_parts.h"
#include "adaptor/log_opener.h"
#include "adaptor/options.h"
#include "wal/base/status_macros.h"
#include "walimpls/default_environment.h"

namespace tidelog::adaptor {
namespace {

class LogOpenerBuilder : public OpenerBuilder {
 public:
  LogOpenerBuilder(walimpls::OpenerBuilderImpls* backend,
                   std::vector<InterceptorBuilder*> interceptors, MakeCheckpointStore checkpoints,
                   BackendSource source)
      : backend_(*backend),
        interceptors_(std::move(interceptors)),
        checkpoints_(std::move(checkpoints)),
        source_(std::move(source)) {}

  std::string_view name() const override { return backend_.name(); }

  absl::StatusOr<std::unique_ptr<Opener>> Build(const Environment& environment,
                                                const Config& config) override {
    TIDELOG_ASSIGN_OR_RETURN(SplitConfig split, ParseConfig(config));
    auto parts = std::make_shared<OpenerParts>();
    parts->environment = walimpls::CompleteEnvironment(environment);
    parts->backend_name = backend_.name();
    parts->backend_config = split.backend;
    parts->options = split.log;
    parts->interceptors = interceptors_;
    TIDELOG_ASSIGN_OR_RETURN(parts->backend, backend_.Build(parts->environment, split.backend));
    if (parts->environment.checkpoints == nullptr && checkpoints_ != nullptr) {
      TIDELOG_ASSIGN_OR_RETURN(parts->own_checkpoints,
                               checkpoints_(parts->environment, split.backend));
      parts->environment.checkpoints = parts->own_checkpoints.get();
    }
    parts->links = std::make_unique<LinkBackends>(parts->environment,
                                                  source_ != nullptr ? source_ : OnlyThis());
    return std::make_unique<LogOpener>(std::move(parts));
  }

 private:
  BackendSource OnlyThis() const {
    walimpls::OpenerBuilderImpls* const backend = &backend_;
    return [backend](std::string_view name) -> absl::StatusOr<walimpls::OpenerBuilderImpls*> {
      if (name == backend->name()) return backend;
      return absl::NotFoundError(
          absl::StrCat("there is no backend ", name, " here, only ", backend->name()));
    };
  }

  walimpls::OpenerBuilderImpls& backend_;
  const std::vector<InterceptorBuilder*> interceptors_;
  const MakeCheckpointStore checkpoints_;
  const BackendSource source_;
};

}  // namespace

std::unique_ptr<OpenerBuilder> MakeOpenerBuilder(walimpls::OpenerBuilderImpls* backend,
                                                 std::vector<InterceptorBuilder*> interceptors,
                                                 MakeCheckpointStore checkpoints,
                                                 BackendSource source) {
  return std::make_unique<LogOpenerBuilder>(backend, std::move(interceptors),
                                            std::move(checkpoints), std::move(source));
}

}  // namespace tidelog::adaptor
