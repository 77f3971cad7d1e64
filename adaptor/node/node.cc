#include "adaptor/node/node.h"

#include <utility>

#include "adaptor/node_manager/node_manager.h"
#include "adaptor/opener_builder.h"
#include "impls/checkpoint/file/file_checkpoint_store.h"
#include "registry/registry.h"
#include "wal/checkpoint_store.h"
#include "wal/environment.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/opener.h"

namespace tidelog {
namespace {

// Beside the log, so that they go where it goes.
absl::StatusOr<std::unique_ptr<CheckpointStore>> MakeFileCheckpointStore(
    const Environment& environment, const Config& config) {
  const auto directory = config.find("dir");
  if (directory == config.end()) {
    return WalError(WalErrorCode::kInvalidArgument, "backend file has no setting dir");
  }
  return std::make_unique<impls::checkpoint::FileCheckpointStore>(environment.files,
                                                                  directory->second);
}

}  // namespace

absl::StatusOr<std::unique_ptr<OpenerBuilder>> MakeOpenerBuilder(
    std::string_view backend, std::vector<adaptor::InterceptorBuilder*> interceptors) {
  const absl::StatusOr<walimpls::OpenerBuilderImpls*> builder = registry::GetBuilder(backend);
  if (!builder.ok()) return builder.status();
  adaptor::MakeCheckpointStore checkpoints;
  if (backend == "file") checkpoints = MakeFileCheckpointStore;
  return adaptor::MakeOpenerBuilder(*builder, std::move(interceptors), std::move(checkpoints),
                                    registry::GetBuilder);
}

std::unique_ptr<NodeManager> MakeNodeManager(
    const Environment& environment, std::vector<adaptor::InterceptorBuilder*> interceptors) {
  return adaptor::MakeNodeManager(
      environment, [interceptors = std::move(interceptors)](std::string_view backend) {
        return MakeOpenerBuilder(backend, interceptors);
      });
}

}  // namespace tidelog
