// ReadAhead: a file read from front to back, one chunk ahead of whoever looks at the bytes.
#ifndef TIDELOG_IMPLS_FILE_READ_AHEAD_H_
#define TIDELOG_IMPLS_FILE_READ_AHEAD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "impls/file/aligned_buffer.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// Holds two chunks, or the longest piece asked for.  Confined to one executor; one operation at a
// time.
class ReadAhead {
 public:
  struct Options {
    uint64_t file_size = 0;  // Nothing behind is read ahead.
    size_t chunk_bytes = 1;  // Rounded up for direct reads.
    // Past the page cache, where the file has direct reads; those overlap with what the owner of
    // this does.
    bool direct = false;
  };

  // `file` must outlive this.
  ReadAhead(File* file, const Options& options);
  // Requires: Finish() has completed since the last Get().
  ~ReadAhead() = default;

  // At least `size` bytes from `offset` on, fewer only at the end of the file.  Valid until the
  // next operation.  Errors: the file system's.
  Future<absl::StatusOr<std::string_view>> Get(uint64_t offset, uint64_t size);

  // Waits for what is being read ahead.
  Future<Unit> Finish();

 private:
  struct Buffer {
    AlignedBuffer memory;
    uint64_t offset = 0;  // In the file.
    std::string_view bytes;
    uint64_t end() const { return offset + bytes.size(); }
    std::string_view From(uint64_t place) const;
  };

  bool Follows(uint64_t offset, uint64_t size, size_t read) const;
  void Join(uint64_t offset, size_t read);
  void ReadNext();

  File* const file_;
  const Options options_;
  const uint64_t alignment_;  // Of what is read.
  const size_t chunk_bytes_;
  Buffer current_;
  Buffer next_;  // Its chunk lies behind room for what is left of the current one.
  std::optional<Future<absl::StatusOr<size_t>>> reading_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_READ_AHEAD_H_
