#include "impls/file/file_ops.h"

#include <memory>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

std::string PathOf(std::string_view directory, std::string_view name) {
  return absl::StrCat(directory, "/", name);
}

absl::Status StorageError(std::string_view what, const absl::Status& cause) {
  if (GetWalErrorCode(cause) == WalErrorCode::kCorrupt) {
    return WalErrorFrom(WalErrorCode::kCorrupt, what, cause);
  }
  switch (cause.code()) {
    case absl::StatusCode::kResourceExhausted:
      return WalErrorFrom(WalErrorCode::kResourceExhausted, what, cause);
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kCancelled:
      return WalErrorFrom(WalErrorCode::kInner, what, cause);
    default:
      return WalErrorFrom(WalErrorCode::kUnavailable, what, cause);
  }
}

absl::Status ReadError(std::string_view what, const absl::Status& cause) {
  if (!absl::IsResourceExhausted(cause)) return StorageError(what, cause);
  return WalErrorFrom(WalErrorCode::kUnavailable, what, cause);
}

Future<absl::StatusOr<std::string>> ReadWholeFile(FileSystem* files, std::string path,
                                                  uint64_t bytes_max) {
  absl::StatusOr<std::unique_ptr<File>> file = co_await files->Open(path, OpenMode::kRead);
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  absl::StatusOr<uint64_t> size = co_await (*file)->Size();
  TIDELOG_CO_RETURN_IF_ERROR(size.status());
  if (*size > bytes_max) {
    co_return WalError(WalErrorCode::kCorrupt,
                       absl::StrCat(path, ": ", *size, " bytes, expected at most ", bytes_max));
  }
  std::string bytes(*size, '\0');
  absl::StatusOr<size_t> read = co_await (*file)->Read(0, std::span<char>(bytes));
  TIDELOG_CO_RETURN_IF_ERROR(read.status());
  bytes.resize(*read);
  co_return bytes;
}

Future<absl::Status> WriteNewFile(FileSystem* files, std::string path, std::string bytes) {
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await files->Open(path, OpenMode::kCreateExclusive);
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  const std::span<const char> pieces[] = {std::span<const char>(bytes)};
  WriteSyncResult result = co_await (*file)->WriteAndSync(0, pieces, Runtime::Urgency::kWhenIdle);
  TIDELOG_CO_RETURN_IF_ERROR(result.write);
  co_return result.sync;
}

Future<absl::Status> PublishFile(FileSystem* files, std::string directory, std::string private_path,
                                 std::string path, std::string bytes) {
  absl::Status written = co_await WriteNewFile(files, private_path, std::move(bytes));
  if (absl::IsAlreadyExists(written)) co_return written;
  if (written.ok()) {
    absl::Status linked = co_await files->Link(private_path, path);
    if (!absl::IsAlreadyExists(linked)) written.Update(linked);
  }
  // What is left of a private name harms nobody.
  (void)co_await files->Unlink(private_path);
  TIDELOG_CO_RETURN_IF_ERROR(written);
  absl::Status synced = co_await files->SyncDirectory(directory);
  co_return synced;
}

}  // namespace tidelog::impls::file
