#include "sim/disk/sim_file_system.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/disk/sim_file.h"
#include "wal/io/io_error.h"
#include "wal/io/testing/disk_operation.h"

namespace tidelog::sim {
namespace {

absl::Status ErrorOf(DiskOperation operation, std::string_view path, const DiskCall& answer) {
  return IoError(DiskOperationName(operation), path, answer.reply.error_number);
}

}  // namespace

Future<absl::StatusOr<std::unique_ptr<File>>> SimFileSystem::Open(std::string path, OpenMode mode) {
  using Result = absl::StatusOr<std::unique_ptr<File>>;
  auto fill = [&](DiskRequest& request) {
    request.path.assign(path);
    request.mode = mode;
  };
  auto finish = [this, path, mode](const DiskCall& answer) -> Result {
    if (answer.reply.error_number != 0) return ErrorOf(DiskOperation::kOpen, path, answer);
    const bool writable = mode != OpenMode::kRead;
    return std::make_unique<SimFile>(&client_, answer.reply.value, path, writable);
  };
  return client_.Start<Result>(DiskOperation::kOpen, fill, std::move(finish));
}

Future<absl::Status> SimFileSystem::Link(std::string from, std::string to) {
  auto fill = [&](DiskRequest& request) {
    request.path.assign(from);
    request.to.assign(to);
  };
  auto finish = [from, to](const DiskCall& answer) {
    if (answer.reply.error_number == 0) return absl::OkStatus();
    return ErrorOf(DiskOperation::kLink, absl::StrCat(from, " as ", to), answer);
  };
  return client_.Start<absl::Status>(DiskOperation::kLink, fill, std::move(finish));
}

Future<absl::Status> SimFileSystem::StartOnName(DiskOperation operation, std::string path) {
  auto fill = [&](DiskRequest& request) { request.path.assign(path); };
  auto finish = [operation, path](const DiskCall& answer) {
    if (answer.reply.error_number == 0) return absl::OkStatus();
    return ErrorOf(operation, path, answer);
  };
  return client_.Start<absl::Status>(operation, fill, std::move(finish));
}

Future<absl::Status> SimFileSystem::Unlink(std::string path) {
  return StartOnName(DiskOperation::kUnlink, std::move(path));
}

Future<absl::Status> SimFileSystem::CreateDirectory(std::string path) {
  return StartOnName(DiskOperation::kCreateDirectory, std::move(path));
}

Future<absl::Status> SimFileSystem::SyncDirectory(std::string path) {
  return StartOnName(DiskOperation::kSyncDirectory, std::move(path));
}

Future<absl::StatusOr<std::vector<std::string>>> SimFileSystem::List(std::string path) {
  using Result = absl::StatusOr<std::vector<std::string>>;
  auto fill = [&](DiskRequest& request) { request.path.assign(path); };
  auto finish = [path](const DiskCall& answer) -> Result {
    if (answer.reply.error_number != 0) return ErrorOf(DiskOperation::kList, path, answer);
    return answer.reply.names;
  };
  return client_.Start<Result>(DiskOperation::kList, fill, std::move(finish));
}

Future<absl::StatusOr<FileSystemInfo>> SimFileSystem::Info(std::string path) {
  using Result = absl::StatusOr<FileSystemInfo>;
  auto fill = [&](DiskRequest& request) { request.path.assign(path); };
  auto finish = [path](const DiskCall& answer) -> Result {
    if (answer.reply.error_number != 0) return ErrorOf(DiskOperation::kInfo, path, answer);
    return FileSystemInfo{.type = "simulated",
                          .local = true,
                          .read_only = answer.reply.read_only,
                          .free_bytes = answer.reply.value};
  };
  return client_.Start<Result>(DiskOperation::kInfo, fill, std::move(finish));
}

Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> SimFileSystem::Watch(std::string path) {
  using Result = absl::StatusOr<std::unique_ptr<DirectoryWatcher>>;
  auto fill = [&](DiskRequest& request) { request.path.assign(path); };
  auto finish = [this, path](const DiskCall& answer) -> Result {
    if (answer.reply.error_number != 0) return ErrorOf(DiskOperation::kWatch, path, answer);
    return std::make_unique<SimWatcher>(&client_, answer.reply.value);
  };
  return client_.Start<Result>(DiskOperation::kWatch, fill, std::move(finish));
}

}  // namespace tidelog::sim
