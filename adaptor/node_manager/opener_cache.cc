#include "adaptor/node_manager/opener_cache.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::adaptor {

absl::StatusOr<std::shared_ptr<Opener>> OpenerCache::Get(const BackendChoice& backend) {
  std::pair<std::string, Config> key(backend.name, backend.config);
  const auto found = entries_.find(key);
  if (found != entries_.end()) return found->second.opener;
  Entry entry;
  absl::StatusOr<std::unique_ptr<OpenerBuilder>> builder = builders_(backend.name);
  if (!builder.ok()) {
    return WalError(WalErrorCode::kInvalidArgument, builder.status().message());
  }
  entry.builder = *std::move(builder);
  absl::StatusOr<std::unique_ptr<Opener>> opener =
      entry.builder->Build(environment_, backend.config);
  if (!opener.ok()) return opener.status();
  entry.opener = *std::move(opener);
  return entries_.emplace(std::move(key), std::move(entry)).first->second.opener;
}

Future<absl::Status> OpenerCache::CloseAll() {
  std::vector<Future<absl::Status>> closing;
  for (auto& [key, entry] : entries_) closing.push_back(entry.opener->Close());
  std::string hung;
  for (Future<absl::Status>& future : closing) {
    absl::Status closed = co_await std::move(future);
    if (!closed.ok()) absl::StrAppend(&hung, hung.empty() ? "" : "; ", closed.message());
  }
  if (hung.empty()) co_return absl::OkStatus();
  co_return WalError(WalErrorCode::kUnavailable, absl::StrCat("close the node: ", hung));
}

}  // namespace tidelog::adaptor
