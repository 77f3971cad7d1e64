#include "adaptor/chain/link_backends.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::adaptor {

LinkBackends::LinkBackends(const Environment& environment, BackendSource source)
    : environment_(environment), source_(std::move(source)) {}

absl::StatusOr<walimpls::OpenerImpls*> LinkBackends::Get(const BackendTarget& target) {
  absl::MutexLock lock(&mutex_);
  if (closed_) return WalError(WalErrorCode::kOnShutdown, "the opener is closed");
  std::unique_ptr<walimpls::OpenerImpls>& opener = openers_[{target.backend, target.config}];
  if (opener != nullptr) return opener.get();
  absl::StatusOr<walimpls::OpenerBuilderImpls*> builder = source_(target.backend);
  absl::Status why = builder.status();
  if (builder.ok()) {
    absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> built =
        (*builder)->Build(environment_, target.config);
    if (built.ok()) {
      opener = *std::move(built);
      return opener.get();
    }
    why = built.status();
  }
  openers_.erase({target.backend, target.config});
  return WalErrorFrom(WalErrorCode::kInvalidArgument, absl::StrCat("backend ", target.backend),
                      why);
}

Future<absl::Status> LinkBackends::Close() {
  std::vector<Future<absl::Status>> closing;
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    for (auto& [target, opener] : openers_) closing.push_back(opener->Close());
  }
  absl::Status closed;
  for (Future<absl::Status>& future : closing) {
    absl::Status status = co_await std::move(future);
    closed.Update(status);
  }
  co_return closed;
}

}  // namespace tidelog::adaptor
