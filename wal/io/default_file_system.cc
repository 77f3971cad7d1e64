#include "absl/base/no_destructor.h"
#include "wal/async/thread_runtime.h"
#include "wal/io/posix_file_system.h"

namespace tidelog {

FileSystem* DefaultFileSystem() {
  static absl::NoDestructor<PosixFileSystem> files(DefaultRuntime());
  return files.get();
}

}  // namespace tidelog
