#include "impls/file/read_ahead.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "wal/async/coroutine.h"
#include "wal/base/status_macros.h"

namespace tidelog::impls::file {

namespace {

Future<absl::StatusOr<size_t>> ReadFrom(File* file, bool direct, uint64_t offset,
                                        std::span<char> into) {
  absl::StatusOr<size_t> read = absl::UnimplementedError("not tried");
  if (direct) read = co_await file->ReadDirect(offset, into);
  if (absl::IsUnimplemented(read.status())) read = co_await file->Read(offset, into);
  co_return read;
}

uint64_t RoundUp(uint64_t size, uint64_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

// Not for keeping what it holds.
void Reserve(AlignedBuffer* memory, size_t size) {
  if (memory->size() < size) *memory = AlignedBuffer(size);
}

}  // namespace

ReadAhead::ReadAhead(File* file, const Options& options)
    : file_(file),
      options_(options),
      alignment_(options.direct ? kDirectAlignment : 1),
      chunk_bytes_(RoundUp(options.chunk_bytes, alignment_)) {}

std::string_view ReadAhead::Buffer::From(uint64_t place) const {
  return bytes.substr(std::min<uint64_t>(place - offset, bytes.size()));
}

// True: the chunk that was read ahead, with what is left of the current one, is what is wanted.
bool ReadAhead::Follows(uint64_t offset, uint64_t size, size_t read) const {
  if (offset < current_.offset || offset > current_.end()) return false;
  const uint64_t left = current_.end() - offset;
  const bool enough = left + read >= size || current_.end() + read >= options_.file_size;
  return left <= chunk_bytes_ && enough;
}

void ReadAhead::Join(uint64_t offset, size_t read) {
  const std::string_view left = current_.From(offset);
  char* const begin = next_.memory.data() + chunk_bytes_ - left.size();
  std::memcpy(begin, left.data(), left.size());
  next_.offset = offset;
  next_.bytes = std::string_view(begin, left.size() + read);
  std::swap(current_, next_);
}

// The read begins when the job at hand ends: whoever calls this yields before anybody looks at the
// bytes, or nothing would overlap.
void ReadAhead::ReadNext() {
  const uint64_t offset = current_.end();
  // The file may have ended at an odd place, before it should.
  if (offset >= options_.file_size || offset % alignment_ != 0) return;
  Reserve(&next_.memory, 2 * chunk_bytes_);
  const uint64_t rest = RoundUp(options_.file_size - offset, alignment_);
  const size_t size = std::min<uint64_t>(chunk_bytes_, rest);
  const std::span<char> into(next_.memory.data() + chunk_bytes_, size);
  reading_.emplace(ReadFrom(file_, options_.direct, offset, into));
}

Future<absl::StatusOr<std::string_view>> ReadAhead::Get(uint64_t offset, uint64_t size) {
  if (reading_.has_value()) {
    absl::StatusOr<size_t> ahead = co_await std::move(*reading_);
    reading_.reset();
    TIDELOG_CO_RETURN_IF_ERROR(ahead.status());
    if (Follows(offset, size, *ahead)) {
      Join(offset, *ahead);
      ReadNext();
      co_await Yield();
      co_return current_.bytes;
    }
  }
  const uint64_t begin = offset / alignment_ * alignment_;
  const uint64_t needed = std::max<uint64_t>(offset - begin + size, chunk_bytes_);
  // No room for what the file does not have.
  const uint64_t rest = options_.file_size - std::min(options_.file_size, begin);
  const size_t length = RoundUp(std::min(needed, rest), alignment_);
  Reserve(&current_.memory, std::max(length, 2 * chunk_bytes_));
  const std::span<char> into(current_.memory.data(), length);
  absl::StatusOr<size_t> read = co_await ReadFrom(file_, options_.direct, begin, into);
  TIDELOG_CO_RETURN_IF_ERROR(read.status());
  current_.offset = begin;
  current_.bytes = std::string_view(current_.memory.data(), *read);
  ReadNext();
  co_await Yield();
  co_return current_.From(offset);
}

Future<Unit> ReadAhead::Finish() {
  if (!reading_.has_value()) co_return Unit{};
  (void)co_await std::move(*reading_);
  reading_.reset();
  co_return Unit{};
}

}  // namespace tidelog::impls::file
