#include "wal/io/io_error.h"

#include "absl/strings/str_cat.h"

namespace tidelog {

absl::Status IoError(std::string_view operation, std::string_view path, int error_number) {
  return absl::ErrnoToStatus(error_number, absl::StrCat(operation, " ", path));
}

absl::Status CheckWordPlace(std::string_view path, uint64_t offset, uint64_t size, bool written) {
  if (offset % sizeof(uint64_t) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("mmap ", path, ": offset ", offset, " is not a multiple of 8"));
  }
  if (size < sizeof(uint64_t) || offset > size - sizeof(uint64_t)) {
    return absl::OutOfRangeError(
        absl::StrCat("mmap ", path, ": no eight bytes at ", offset, " in a file of ", size));
  }
  if (!written) {
    return absl::FailedPreconditionError(
        absl::StrCat("mmap ", path, ": the eight bytes at ", offset, " were never written"));
  }
  return absl::OkStatus();
}

}  // namespace tidelog
