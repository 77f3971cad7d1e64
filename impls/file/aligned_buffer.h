// AlignedBuffer: memory at an address that File::ReadDirect() takes.
#ifndef TIDELOG_IMPLS_FILE_ALIGNED_BUFFER_H_
#define TIDELOG_IMPLS_FILE_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// Its bytes begin as anything.  Thread-compatible.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size)
      : memory_(std::make_unique_for_overwrite<char[]>(size + kDirectAlignment)), size_(size) {
    const auto address = reinterpret_cast<uintptr_t>(memory_.get());
    begin_ = memory_.get() + (kDirectAlignment - address % kDirectAlignment) % kDirectAlignment;
  }

  char* data() const { return begin_; }
  size_t size() const { return size_; }

 private:
  std::unique_ptr<char[]> memory_;
  char* begin_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_ALIGNED_BUFFER_H_
