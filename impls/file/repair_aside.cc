#include "impls/file/repair_aside.h"

#include "impls/file/file_ops.h"
#include "wal/base/status_macros.h"

namespace tidelog::impls::file {

namespace {

constexpr char kNoteName[] = "README";

}  // namespace

std::string RepairAside::path() const { return PathOf(directory_, name_); }

Future<absl::Status> RepairAside::Make() {
  absl::Status made = co_await files_->CreateDirectory(path());
  if (!made.ok() && !absl::IsAlreadyExists(made)) co_return made;
  absl::Status synced = co_await files_->SyncDirectory(directory_);
  co_return synced;
}

Future<absl::Status> RepairAside::Keep(std::vector<std::string> names) {
  for (const std::string& name : names) {
    absl::Status linked = co_await files_->Link(PathOf(directory_, name), PathOf(path(), name));
    // A repair of the same term that was interrupted has kept it already.
    if (!linked.ok() && !absl::IsAlreadyExists(linked)) co_return linked;
  }
  absl::Status synced = co_await files_->SyncDirectory(path());
  co_return synced;
}

Future<absl::Status> RepairAside::KeepAs(std::string from, std::string name) {
  absl::Status linked = co_await files_->Link(std::move(from), PathOf(path(), name));
  if (!linked.ok() && !absl::IsAlreadyExists(linked)) co_return linked;
  absl::Status synced = co_await files_->SyncDirectory(path());
  co_return synced;
}

Future<Unit> RepairAside::LeaveNote(std::string text) {
  (void)co_await WriteNewFile(files_, PathOf(path(), kNoteName), std::move(text));
  co_return Unit{};
}

}  // namespace tidelog::impls::file
