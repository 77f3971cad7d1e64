// How a failed operation on a file becomes a status, whichever FileSystem it is of.
#ifndef TIDELOG_WAL_IO_IO_ERROR_H_
#define TIDELOG_WAL_IO_IO_ERROR_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace tidelog {

// "fdatasync a/b.seg: No space left on device", with the code of absl::ErrnoToStatus().
// `operation` is the system call's name: what a person looks up, and greps a trace for.
absl::Status IoError(std::string_view operation, std::string_view path, int error_number);

// Whether File::MapWord() may map the word at `offset` of a file of this size.  `written`: there
// is a block under it that was written.
absl::Status CheckWordPlace(std::string_view path, uint64_t offset, uint64_t size, bool written);

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_IO_ERROR_H_
