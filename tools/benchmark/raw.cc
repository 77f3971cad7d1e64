#include "tools/benchmark/raw.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "wal/async/thread_runtime.h"

namespace tidelog::benchmark {
namespace {

constexpr size_t kFileSize = 256u << 20;
constexpr size_t kFrameHeader = 32;

absl::Duration Now() { return DefaultRuntime()->Now(); }

size_t FrameSize(size_t payload) { return (kFrameHeader + payload + 7) & ~size_t{7}; }

// Appends one framed record, as a log would: a copy and a checksum.
void AppendFrame(std::string_view payload, uint64_t sequence, std::vector<char>* out) {
  const size_t at = out->size();
  out->resize(at + FrameSize(payload.size()));
  char* frame = out->data() + at;
  std::memcpy(frame + 8, &sequence, sizeof(sequence));
  std::memcpy(frame + kFrameHeader, payload.data(), payload.size());
  const uint32_t crc(
      absl::ComputeCrc32c(std::string_view(frame + 8, kFrameHeader - 8 + payload.size())));
  std::memcpy(frame, &crc, sizeof(crc));
}

void WriteDurably(int descriptor, const std::vector<char>& bytes, size_t* offset) {
  if (*offset + bytes.size() > kFileSize) *offset = 0;
  const ssize_t written =
      pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(*offset));
  CHECK_EQ(written, static_cast<ssize_t>(bytes.size())) << std::strerror(errno);
  CHECK_EQ(fdatasync(descriptor), 0) << std::strerror(errno);
  *offset += bytes.size();
}

// What producer and flusher of the asynchronous model share.
class Groups {
 public:
  explicit Groups(size_t in_flight) : in_flight_(in_flight) {}

  // False once the run is over.
  bool Add(std::string_view payload) {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Groups::HasRoom));
    AppendFrame(payload, submitted_++, &gathering_);
    return !stopping_;
  }
  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  // Takes what has gathered; false if nothing will come any more.
  bool Take(std::vector<char>* group, uint64_t* last) {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Groups::HasWork));
    group->clear();
    std::swap(*group, gathering_);
    *last = submitted_;
    return !group->empty();
  }
  void Acknowledge(uint64_t last) {
    absl::MutexLock lock(&mutex_);
    durable_ = last;
  }
  uint64_t durable() {
    absl::MutexLock lock(&mutex_);
    return durable_;
  }

 private:
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return submitted_ - durable_ < in_flight_;
  }
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !gathering_.empty();
  }
  const size_t in_flight_;
  absl::Mutex mutex_;
  std::vector<char> gathering_ ABSL_GUARDED_BY(mutex_);
  uint64_t submitted_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t durable_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<RawFile> RawFile::Create(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, "open " + path);
  RawFile file(descriptor);
  const std::vector<char> zeros(1u << 20);
  for (size_t offset = 0; offset < kFileSize; offset += zeros.size()) {
    if (pwrite(descriptor, zeros.data(), zeros.size(), static_cast<off_t>(offset)) < 0) {
      return absl::ErrnoToStatus(errno, "fill " + path);
    }
  }
  if (fsync(descriptor) != 0) return absl::ErrnoToStatus(errno, "fsync " + path);
  return file;
}

RawFile::RawFile(RawFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

RawFile::~RawFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

RawResult RawFile::WriteSingly(size_t payload, absl::Duration duration) {
  const std::string bytes(payload, 'x');
  std::vector<char> frame;
  RawResult result;
  size_t offset = 0;
  const absl::Duration started = Now();
  while (Now() - started < duration) {
    frame.clear();
    AppendFrame(bytes, result.records++, &frame);
    WriteDurably(descriptor_, frame, &offset);
  }
  result.elapsed = Now() - started;
  return result;
}

RawResult RawFile::WriteGroups(size_t payload, size_t in_flight, absl::Duration duration) {
  const std::string bytes(payload, 'x');
  Groups groups(in_flight);
  std::thread flusher([&] {
    std::vector<char> group;
    uint64_t last = 0;
    size_t offset = 0;
    while (groups.Take(&group, &last)) {
      WriteDurably(descriptor_, group, &offset);
      groups.Acknowledge(last);
    }
  });
  const absl::Duration started = Now();
  while (Now() - started < duration) groups.Add(bytes);
  groups.Stop();
  flusher.join();
  return RawResult{groups.durable(), Now() - started};
}

double RawFile::ScanBytesPerSecond(size_t payload, absl::Duration duration) {
  std::vector<char> piece(1u << 20);
  const size_t record = FrameSize(payload);
  uint64_t bytes = 0;
  uint32_t sum = 0;
  const absl::Duration started = Now();
  while (Now() - started < duration) {
    for (size_t offset = 0; offset < kFileSize; offset += piece.size()) {
      const ssize_t got =
          pread(descriptor_, piece.data(), piece.size(), static_cast<off_t>(offset));
      CHECK_EQ(got, static_cast<ssize_t>(piece.size()));
      for (size_t at = 0; at + record <= piece.size(); at += record) {
        sum ^= uint32_t(absl::ComputeCrc32c(std::string_view(piece.data() + at, record)));
        bytes += payload;
      }
    }
  }
  CHECK_NE(sum, 1u);  // So that nothing is optimised away.
  return static_cast<double>(bytes) / absl::ToDoubleSeconds(Now() - started);
}

}  // namespace tidelog::benchmark
