#include "wal/io/posix_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/io/blocking_call.h"
#include "wal/io/io_error.h"

namespace tidelog {
namespace {

// Pieces a pwritev().  Well below IOV_MAX: the array lies on the stack, maybe of a lent thread.
constexpr size_t kPiecesMax = 256;

// Reads until `into` is full or the file ends; -1 with errno.
ssize_t ReadFully(int fd, uint64_t offset, std::span<char> into, size_t alignment) {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = RetryInterrupted([&] {
      return pread(fd, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    });
    if (n < 0) return -1;
    done += static_cast<size_t>(n);
    // A direct read that ends off the alignment has met the end, and must not go on from there.
    if (n == 0 || static_cast<size_t>(n) % alignment != 0) break;
  }
  return static_cast<ssize_t>(done);
}

bool IsAligned(uint64_t offset, std::span<const char> memory) {
  return offset % kDirectAlignment == 0 && memory.size() % kDirectAlignment == 0 &&
         reinterpret_cast<uintptr_t>(memory.data()) % kDirectAlignment == 0;
}

// Some file systems take O_DIRECT and then read through the page cache after all (ext4 with
// data=journal, encrypted files).  Since Linux 6.1 most say so.
bool DeniesDirectReads(int fd) {
#ifdef STATX_DIOALIGN
  struct statx facts;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &facts) != 0) return false;
  if ((facts.stx_mask & STATX_DIOALIGN) == 0) return false;
  return facts.stx_dio_offset_align == 0 || facts.stx_dio_offset_align > kDirectAlignment ||
         facts.stx_dio_mem_align > kDirectAlignment;
#else
  return false;
#endif
}

bool IsHole(int fd, uint64_t offset) {
  const off_t data = lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
  // ENXIO: no data from here to the end.  Any other failure: the file system cannot tell.
  return data < 0 ? errno == ENXIO : static_cast<uint64_t>(data) > offset;
}

class PosixWord final : public MappedWord {
 public:
  PosixWord(File* file, void* page, size_t page_size, uint64_t* word, bool writable)
      : file_(file), page_(page), page_size_(page_size), word_(word), writable_(writable) {}
  ~PosixWord() override { PCHECK(munmap(page_, page_size_) == 0); }

  uint64_t Load() const override { return std::atomic_ref<uint64_t>(*word_).load(); }

  bool CompareExchange(uint64_t& expected, uint64_t desired) override {
    CHECK(writable_) << "exchange in " << file_->path() << ", which was opened to read";
    return std::atomic_ref<uint64_t>(*word_).compare_exchange_strong(expected, desired);
  }

  // On Linux a shared mapping is the page cache, so there is no need of msync().
  Future<absl::Status> Sync() override { return file_->Sync(); }

 private:
  static_assert(std::atomic_ref<uint64_t>::is_always_lock_free, "other processes see no lock");

  File* const file_;
  void* const page_;
  const size_t page_size_;
  uint64_t* const word_;
  const bool writable_;
};

}  // namespace

PosixFile::PosixFile(Runtime* runtime, std::string path, PosixDescriptor descriptor, bool writable)
    : runtime_(runtime),
      path_(std::move(path)),
      descriptor_(std::move(descriptor)),
      writable_(writable) {}

absl::Status PosixFile::Error(std::string_view operation) const {
  return IoError(operation, path_, errno);
}

template <class Call>
auto PosixFile::Start(Call call) {
  return BlockingCall(runtime_, Runtime::Urgency::kWhenIdle, std::move(call));
}

Future<absl::StatusOr<size_t>> PosixFile::Read(uint64_t offset, std::span<char> into) {
  return Start([this, offset, into]() -> absl::StatusOr<size_t> {
    const ssize_t count = ReadFully(descriptor_.get(), offset, into, /*alignment=*/1);
    if (count < 0) return Error("pread");
    return static_cast<size_t>(count);
  });
}

Future<absl::StatusOr<size_t>> PosixFile::ReadDirect(uint64_t offset, std::span<char> into) {
  // Large, and its caller may have something to do meanwhile.
  return BlockingCall(runtime_, Runtime::Urgency::kNow,
                      [this, offset, into] { return ReadDirectNow(offset, into); });
}

absl::StatusOr<size_t> PosixFile::ReadDirectNow(uint64_t offset, std::span<char> into) {
  if (!IsAligned(offset, into)) return IoError("pread(O_DIRECT)", path_, EINVAL);
  const absl::StatusOr<int> fd = DirectDescriptor();
  if (!fd.ok()) return fd.status();
  const ssize_t count = ReadFully(*fd, offset, into, kDirectAlignment);
  if (count >= 0) return static_cast<size_t>(count);
  // It was aligned, so it is the file system that cannot.
  return IoError("pread(O_DIRECT)", path_, errno == EINVAL ? EOPNOTSUPP : errno);
}

absl::StatusOr<int> PosixFile::DirectDescriptor() {
  absl::MutexLock lock(&direct_mutex_);
  if (direct_.valid()) return direct_.get();
  if (DeniesDirectReads(descriptor_.get())) return IoError("open(O_DIRECT)", path_, EOPNOTSUPP);
  // Not by its path: the file may have lost that name, or another taken it.
  const std::string same = absl::StrCat("/proc/self/fd/", descriptor_.get());
  PosixDescriptor direct = OpenDescriptor(same, O_RDONLY | O_DIRECT);
  if (!direct.valid()) {
    const int error = errno == EINVAL ? EOPNOTSUPP : errno;
    return IoError("open(O_DIRECT)", absl::StrCat(path_, " by ", same), error);
  }
  direct_ = std::move(direct);
  return direct_.get();
}

Future<absl::Status> PosixFile::Write(uint64_t offset,
                                      std::span<const std::span<const char>> pieces) {
  return Start([this, offset, pieces] { return WriteNow(offset, pieces); });
}

absl::Status PosixFile::WriteNow(uint64_t offset,
                                 std::span<const std::span<const char>> pieces) const {
  std::array<iovec, kPiecesMax> vectors;
  size_t next = 0;   // The piece to go on with,
  size_t begun = 0;  // of which so many bytes are written.
  while (next < pieces.size()) {
    int count = 0;
    size_t skip = begun;
    for (size_t i = next; i < pieces.size() && count < static_cast<int>(kPiecesMax); ++i) {
      const std::span<const char> rest = pieces[i].subspan(std::exchange(skip, 0));
      vectors[count++] = {const_cast<char*>(rest.data()), rest.size()};
    }
    const ssize_t n = RetryInterrupted([&] {
      return pwritev(descriptor_.get(), vectors.data(), count, static_cast<off_t>(offset));
    });
    if (n < 0) return Error("pwritev");
    offset += static_cast<size_t>(n);
    begun += static_cast<size_t>(n);
    const size_t before = next;
    while (next < pieces.size() && begun >= pieces[next].size()) begun -= pieces[next++].size();
    // Never seen on a file, but without this it would be an endless loop.
    if (n == 0 && next == before) return IoError("pwritev", path_, EIO);
  }
  return absl::OkStatus();
}

Future<absl::Status> PosixFile::Sync() {
  syncing_.Enter("syncs", path_);
  return Start([this] {
    absl::Status status = SyncNow();
    syncing_.Leave();
    return status;
  });
}

absl::Status PosixFile::SyncNow() const {
  // Not tried again, not even after EINTR: a second one may succeed without having written.
  return fdatasync(descriptor_.get()) == 0 ? absl::OkStatus() : Error("fdatasync");
}

Future<WriteSyncResult> PosixFile::WriteAndSync(uint64_t offset,
                                                std::span<const std::span<const char>> pieces,
                                                Runtime::Urgency urgency) {
  syncing_.Enter("syncs", path_);
  auto call = [this, offset, pieces] {
    WriteSyncResult result;
    result.write = WriteNow(offset, pieces);
    if (result.write.ok()) result.sync = SyncNow();
    syncing_.Leave();
    return result;
  };
  return BlockingCall(runtime_, urgency, std::move(call));
}

Future<Unit> PosixFile::StartWriteBack(uint64_t offset, uint64_t size) {
  return Start([this, offset, size] {
    (void)sync_file_range(descriptor_.get(), static_cast<off_t>(offset), static_cast<off_t>(size),
                          SYNC_FILE_RANGE_WRITE);
    return Unit{};
  });
}

Future<absl::Status> PosixFile::Allocate(uint64_t size) {
  return Start([this, size] { return AllocateNow(size); });
}

absl::Status PosixFile::AllocateNow(uint64_t size) const {
  if (size == 0) return absl::OkStatus();  // EINVAL.
  const int result = RetryInterrupted(
      [&] { return fallocate(descriptor_.get(), /*mode=*/0, 0, static_cast<off_t>(size)); });
  if (result == 0) return absl::OkStatus();
  return errno == EOPNOTSUPP ? WriteZeros(size) : Error("fallocate");
}

// Not posix_fallocate(), which rewrites a byte of each block and so races with writers.
absl::Status PosixFile::WriteZeros(uint64_t size) const {
  static constexpr std::array<char, 64 << 10> kZeros{};
  struct stat facts;
  if (fstat(descriptor_.get(), &facts) != 0) return Error("fstat");
  for (uint64_t at = static_cast<uint64_t>(facts.st_size); at < size;) {
    const std::span<const char> piece(kZeros.data(), std::min<uint64_t>(kZeros.size(), size - at));
    absl::Status written = WriteNow(at, {&piece, 1});
    if (!written.ok()) return written;
    at += piece.size();
  }
  return absl::OkStatus();
}

Future<absl::Status> PosixFile::Truncate(uint64_t size) {
  return Start([this, size] {
    const int result =
        RetryInterrupted([&] { return ftruncate(descriptor_.get(), static_cast<off_t>(size)); });
    return result == 0 ? absl::OkStatus() : Error("ftruncate");
  });
}

Future<absl::StatusOr<uint64_t>> PosixFile::Size() {
  return Start([this]() -> absl::StatusOr<uint64_t> {
    struct stat facts;
    if (fstat(descriptor_.get(), &facts) != 0) return Error("fstat");
    return static_cast<uint64_t>(facts.st_size);
  });
}

Future<absl::StatusOr<std::unique_ptr<MappedWord>>> PosixFile::MapWord(uint64_t offset) {
  return Start([this, offset] { return MapWordNow(offset); });
}

absl::StatusOr<std::unique_ptr<MappedWord>> PosixFile::MapWordNow(uint64_t offset) {
  struct stat facts;
  if (fstat(descriptor_.get(), &facts) != 0) return Error("fstat");
  absl::Status refused = CheckWordPlace(path_, offset, static_cast<uint64_t>(facts.st_size),
                                        !IsHole(descriptor_.get(), offset));
  if (!refused.ok()) return refused;

  const size_t page_size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const uint64_t within = offset % page_size;
  const int protection = writable_ ? PROT_READ | PROT_WRITE : PROT_READ;
  void* page = mmap(nullptr, page_size, protection, MAP_SHARED, descriptor_.get(),
                    static_cast<off_t>(offset - within));
  if (page == MAP_FAILED) return Error("mmap");
  auto* word = reinterpret_cast<uint64_t*>(static_cast<char*>(page) + within);
  auto mapped = std::make_unique<PosixWord>(this, page, page_size, word, writable_);
  // Faults the page in: a bad block becomes an error now, not SIGBUS later.  EINVAL: before 5.14.
  const int advice = writable_ ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
  const int result = RetryInterrupted([&] { return madvise(page, page_size, advice); });
  if (result != 0 && errno != EINVAL) return Error("madvise(MADV_POPULATE)");
  return mapped;
}

Future<absl::StatusOr<bool>> PosixFile::TryLock() {
  CHECK(writable_) << "lock of " << path_ << ", which was opened to read";
  return Start([this]() -> absl::StatusOr<bool> {
    struct flock lock = {};  // All of the file.
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(descriptor_.get(), F_OFD_SETLK, &lock) == 0) return true;
    if (errno == EAGAIN || errno == EACCES) return false;
    return Error("fcntl(F_OFD_SETLK)");
  });
}

Future<absl::StatusOr<bool>> PosixFile::IsLocked() {
  return Start([this]() -> absl::StatusOr<bool> {
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(descriptor_.get(), F_OFD_GETLK, &lock) != 0) return Error("fcntl(F_OFD_GETLK)");
    return lock.l_type != F_UNLCK;
  });
}

}  // namespace tidelog
