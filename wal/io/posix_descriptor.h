// A file descriptor with an owner.
#ifndef TIDELOG_WAL_IO_POSIX_DESCRIPTOR_H_
#define TIDELOG_WAL_IO_POSIX_DESCRIPTOR_H_

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace tidelog {

// Thread-compatible.
class PosixDescriptor {
 public:
  PosixDescriptor() = default;
  explicit PosixDescriptor(int fd) : fd_(fd) {}
  PosixDescriptor(PosixDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  PosixDescriptor& operator=(PosixDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  // What close() would report, Sync() has reported or nobody asked for.
  ~PosixDescriptor() {
    if (fd_ >= 0) (void)close(fd_);
  }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// Calls `call` until it was not interrupted by a signal.  Not for fsync() and its like: what they
// report they may report once.
template <class Call>
auto RetryInterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// open(2), close-on-exec.  Not valid, with errno set, if it failed.
inline PosixDescriptor OpenDescriptor(const std::string& path, int flags) {
  constexpr mode_t kMode = 0644;  // Less the umask, if the file is created.
  return PosixDescriptor(
      RetryInterrupted([&] { return open(path.c_str(), flags | O_CLOEXEC, kMode); }));
}

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_POSIX_DESCRIPTOR_H_
