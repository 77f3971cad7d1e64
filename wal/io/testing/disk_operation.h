// DiskOperation: the operations on a simulated disk, where faults are put.
#ifndef TIDELOG_WAL_IO_TESTING_DISK_OPERATION_H_
#define TIDELOG_WAL_IO_TESTING_DISK_OPERATION_H_

#include <cstddef>
#include <string_view>

namespace tidelog {

// WriteAndSync() is a kWrite and, if that succeeds, a kSync.
enum class DiskOperation {
  kOpen,
  kRead,
  kReadDirect,
  kWrite,
  kSync,
  kStartWriteBack,
  kAllocate,
  kTruncate,
  kSize,
  kMapWord,
  kSyncWord,
  kTryLock,
  kIsLocked,
  kLink,
  kUnlink,
  kList,
  kCreateDirectory,
  kSyncDirectory,
  kInfo,
  kWatch,
};

inline constexpr size_t kDiskOperationCount = static_cast<size_t>(DiskOperation::kWatch) + 1;

// The system call's name, as in the messages of errors.
std::string_view DiskOperationName(DiskOperation operation);

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_DISK_OPERATION_H_
