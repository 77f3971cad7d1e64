// RepairAside: the directory that keeps what a repair replaces.
#ifndef TIDELOG_IMPLS_FILE_REPAIR_ASIDE_H_
#define TIDELOG_IMPLS_FILE_REPAIR_ASIDE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "impls/file/names.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// What it is given gets a second name there: no byte is copied, and none is lost if its first name
// goes.  Confined to one executor; outlived by the FileSystem.
class RepairAside {
 public:
  // Of a channel in `directory`.
  RepairAside(FileSystem* files, std::string directory, AsideName name)
      : files_(files), directory_(std::move(directory)), name_(name.FileName()) {}

  const std::string& name() const { return name_; }

  // Makes the directory, if it is not there.  Errors: the file system's, here and below.
  Future<absl::Status> Make();
  // Keeps files of the channel's directory, under their names, durably.
  Future<absl::Status> Keep(std::vector<std::string> names);
  // Keeps the file at `path` as `name`, durably.
  Future<absl::Status> KeepAs(std::string path, std::string name);
  // Leaves a text for people; a failure does no harm.
  Future<Unit> LeaveNote(std::string text);

 private:
  std::string path() const;

  FileSystem* const files_;
  const std::string directory_;
  const std::string name_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_REPAIR_ASIDE_H_
