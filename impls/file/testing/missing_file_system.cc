#include "impls/file/testing/missing_file_system.h"

#include <utility>

namespace tidelog::impls::file {

MissingFileSystem::MissingFileSystem(FileSystem* files, Miss miss)
    : files_(files), miss_(std::move(miss)) {}

Future<absl::StatusOr<std::vector<std::string>>> MissingFileSystem::List(std::string path) {
  const int number = list_count_++;
  if (number == 0 && miss_.meanwhile) {
    absl::Status done = co_await miss_.meanwhile();
    if (!done.ok()) co_return done;
  }
  absl::StatusOr<std::vector<std::string>> names = co_await files_->List(std::move(path));
  if (!names.ok() || number >= miss_.listings) co_return names;
  std::erase_if(
      *names, [this](const std::string& name) { return miss_.name.empty() || name == miss_.name; });
  co_return names;
}

Future<absl::StatusOr<std::unique_ptr<File>>> MissingFileSystem::Open(std::string path,
                                                                      OpenMode mode) {
  return files_->Open(std::move(path), mode);
}

Future<absl::Status> MissingFileSystem::Link(std::string from, std::string to) {
  return files_->Link(std::move(from), std::move(to));
}

Future<absl::Status> MissingFileSystem::Unlink(std::string path) {
  return files_->Unlink(std::move(path));
}

Future<absl::Status> MissingFileSystem::CreateDirectory(std::string path) {
  return files_->CreateDirectory(std::move(path));
}

Future<absl::Status> MissingFileSystem::SyncDirectory(std::string path) {
  return files_->SyncDirectory(std::move(path));
}

Future<absl::StatusOr<FileSystemInfo>> MissingFileSystem::Info(std::string path) {
  return files_->Info(std::move(path));
}

Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> MissingFileSystem::Watch(
    std::string path) {
  return files_->Watch(std::move(path));
}

}  // namespace tidelog::impls::file
