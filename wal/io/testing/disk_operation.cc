#include "wal/io/testing/disk_operation.h"

namespace tidelog {

std::string_view DiskOperationName(DiskOperation operation) {
  switch (operation) {
    case DiskOperation::kOpen:
      return "open";
    case DiskOperation::kRead:
      return "pread";
    case DiskOperation::kReadDirect:
      return "pread(O_DIRECT)";
    case DiskOperation::kWrite:
      return "pwritev";
    case DiskOperation::kSync:
    case DiskOperation::kSyncWord:
      return "fdatasync";
    case DiskOperation::kStartWriteBack:
      return "sync_file_range";
    case DiskOperation::kAllocate:
      return "fallocate";
    case DiskOperation::kTruncate:
      return "ftruncate";
    case DiskOperation::kSize:
      return "fstat";
    case DiskOperation::kMapWord:
      return "mmap";
    case DiskOperation::kTryLock:
      return "fcntl(F_OFD_SETLK)";
    case DiskOperation::kIsLocked:
      return "fcntl(F_OFD_GETLK)";
    case DiskOperation::kLink:
      return "link";
    case DiskOperation::kUnlink:
      return "unlink";
    case DiskOperation::kList:
      return "readdir";
    case DiskOperation::kCreateDirectory:
      return "mkdir";
    case DiskOperation::kSyncDirectory:
      return "fsync";
    case DiskOperation::kInfo:
      return "statfs";
    case DiskOperation::kWatch:
      return "inotify_add_watch";
  }
  return "unknown operation";
}

}  // namespace tidelog
