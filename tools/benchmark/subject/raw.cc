#include "tools/benchmark/subject/raw.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
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
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "wal/async/runtime.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"

namespace tidelog::benchmark {
namespace {

constexpr size_t kPiece = 1u << 20;
constexpr size_t kFrameHeader = 32;

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

// What producer and flusher of the asynchronous model share.
class Groups {
 public:
  explicit Groups(size_t in_flight) : in_flight_(in_flight) {}

  void Add(std::string_view payload) {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Groups::HasRoom));
    AppendFrame(payload, submitted_++, &gathering_);
  }
  // Nothing will be added any more, or be written.
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
  void Fail(absl::Status why) {
    absl::MutexLock lock(&mutex_);
    status_ = std::move(why);
  }
  bool failed() {
    absl::MutexLock lock(&mutex_);
    return !status_.ok();
  }
  absl::StatusOr<uint64_t> durable() {
    absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return status_;
    return durable_;
  }

 private:
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return submitted_ - durable_ < in_flight_ || !status_.ok();
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
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

RawMachine::~RawMachine() {
  if (descriptor_ >= 0) close(descriptor_);
}

const Facts& RawMachine::facts() const {
  static constexpr Facts kFacts = {
      .name = "raw",
      .durable = true,
      .peer = false,
      .groups_commits = true,
      .verifies = true,
      .how =
          "framed records with a CRC32C, pwrite and fdatasync over a file of 256 MiB of zeros; "
          "in flight: one thread gathers, another writes and syncs what has gathered; a scan "
          "is pread of 1 MiB at a time and the CRC32C of each record",
  };
  return kFacts;
}

absl::Status RawMachine::Open(const std::string& directory) {
  const std::string path = directory + "/raw";
  descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) return absl::ErrnoToStatus(errno, "open " + path);
  const std::vector<char> zeros(kPiece);
  for (size_t offset = 0; offset < file_bytes_; offset += zeros.size()) {
    if (pwrite(descriptor_, zeros.data(), zeros.size(), static_cast<off_t>(offset)) < 0) {
      return absl::ErrnoToStatus(errno, "fill " + path);
    }
  }
  if (fsync(descriptor_) != 0) return absl::ErrnoToStatus(errno, "fsync " + path);
  return absl::OkStatus();
}

absl::Status RawMachine::WriteDurably(const std::vector<char>& bytes) {
  if (offset_ + bytes.size() > file_bytes_) offset_ = 0;
  const ssize_t written =
      pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset_));
  if (written < 0) return absl::ErrnoToStatus(errno, "pwrite");
  if (written != static_cast<ssize_t>(bytes.size())) return absl::InternalError("a short pwrite");
  if (fdatasync(descriptor_) != 0) return absl::ErrnoToStatus(errno, "fdatasync");
  offset_ += bytes.size();
  return absl::OkStatus();
}

absl::Status RawMachine::Append(std::string_view payload) { return AppendBatch(payload, 1); }

absl::Status RawMachine::AppendBatch(std::string_view payload, size_t count) {
  frames_.clear();
  for (size_t i = 0; i < count; ++i) AppendFrame(payload, sequence_++, &frames_);
  return WriteDurably(frames_);
}

absl::StatusOr<uint64_t> RawMachine::AppendInFlight(std::string_view payload, size_t in_flight,
                                                    Limit limit) {
  Groups groups(in_flight);
  std::thread flusher([this, &groups] {
    std::vector<char> group;
    uint64_t last = 0;
    while (groups.Take(&group, &last)) {
      absl::Status written = WriteDurably(group);
      if (!written.ok()) return groups.Fail(std::move(written));
      groups.Acknowledge(last);
    }
  });
  const Runtime* runtime = DefaultRuntime();
  for (uint64_t i = 0; i < limit.count_max && runtime->Now() < limit.deadline; ++i) {
    groups.Add(payload);
    if (i % 4096 == 0 && groups.failed()) break;
  }
  groups.Stop();
  flusher.join();
  return groups.durable();
}

absl::Status RawMachine::Scan(Visitor visit) {
  std::vector<char> piece(kPiece);
  const size_t record = std::min(FrameSize(scanned_payload_), piece.size());
  const size_t payload = std::min(scanned_payload_, record - kFrameHeader);
  for (size_t offset = 0; offset < file_bytes_; offset += piece.size()) {
    const ssize_t got = pread(descriptor_, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (got < 0) return absl::ErrnoToStatus(errno, "pread");
    if (got != static_cast<ssize_t>(piece.size())) return absl::InternalError("a short pread");
    for (size_t at = 0; at + record <= piece.size(); at += record) {
      const absl::crc32c_t sum = absl::ComputeCrc32c(std::string_view(piece.data() + at, record));
      // Into the frame, so that it is not optimized away.
      std::memcpy(piece.data() + at, &sum, sizeof(sum));
      visit(std::string_view(piece.data() + at + kFrameHeader, payload));
    }
  }
  return absl::OkStatus();
}

absl::Status RawMachine::Close() {
  const int closed = close(std::exchange(descriptor_, -1));
  return closed == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "close");
}

}  // namespace tidelog::benchmark
