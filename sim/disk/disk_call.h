// DiskCall: one operation on a simulated disk as the world keeps it: what was asked, copied, and
// what is answered.
#ifndef TIDELOG_SIM_DISK_DISK_CALL_H_
#define TIDELOG_SIM_DISK_DISK_CALL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/disk/disk_fault.h"
#include "sim/kernel/remote_calls.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/disk_operation.h"

namespace tidelog::sim {

// Bytes on their way, whose memory is used again.
class CallBytes {
 public:
  // Makes room for `size` bytes, with any contents.
  void Resize(size_t size) {
    if (size > capacity_ || capacity_ > kKeptMax) {
      bytes_ = std::make_unique_for_overwrite<char[]>(size);
      capacity_ = size;
    }
    size_ = size;
  }
  std::span<char> span() { return {bytes_.get(), size_}; }
  std::span<const char> span() const { return {bytes_.get(), size_}; }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kKeptMax = size_t{1} << 18;

  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

struct DiskRequest {
  DiskOperation operation{};
  uint32_t client = 0;   // Whose, as the disk counts its processes.
  uint32_t slot = 0;     // Of the call.
  CallToken token;       // Who waits.
  bool on_file = false;  // An open one, by number; else on names.
  uint64_t file = 0;
  uint64_t offset = 0;
  uint64_t size = 0;       // Of a read or write, or what Allocate() and Truncate() ask for.
  bool aligned = true;     // Of a direct read: offset, size and memory are.
  bool then_sync = false;  // Of a write.
  OpenMode mode{};         // Of kOpen.
  std::string path;        // For operations on names.
  std::string to;          // Of kLink.
  CallBytes bytes;         // To be written, or what was read.
};

struct DiskReply {
  int error_number = 0;
  int sync_error_number = 0;       // Of a write with `then_sync`.
  uint64_t value = 0;              // A file's number, a watch's, a count, a size, or yes.
  bool written = false;            // Of kMapWord: there are bytes under the word.
  bool read_only = false;          // Of kInfo.
  std::vector<std::string> names;  // Of kList.
};

// One in flight.
struct DiskCall {
  enum class State { kFree, kPlanned, kHung, kHeld, kAnswered };

  DiskRequest request;
  DiskReply reply;
  DiskVerdict verdict;
  State state = State::kFree;
  uint32_t slot = 0;
  uint32_t generation = 0;  // Counts the uses of the slot.
  uint64_t index = 0;       // Of its site, once the hook was asked.
  uint64_t done = 0;        // Of a write that takes effect in two steps: bytes that are written.
  bool asked = false;
  bool began = false;     // The first of two steps is done.
  bool syncing = false;   // It is the sync behind a write.
  bool effected = false;  // Only the answer is missing.
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_DISK_DISK_CALL_H_
