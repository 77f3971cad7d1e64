#include "wal/io/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/io/blocking_call.h"
#include "wal/io/io_error.h"
#include "wal/io/posix_descriptor.h"
#include "wal/io/posix_file.h"
#include "wal/io/posix_watch.h"

namespace tidelog {
namespace {

struct FileSystemType {
  uint64_t magic;
  std::string_view name;
  bool local;
};

// The numbers of statfs(2).  Those that <linux/magic.h> lacks are from the file systems' sources.
constexpr auto kFileSystemTypes = std::to_array<FileSystemType>({
    {EXT4_SUPER_MAGIC, "ext4", true},
    {XFS_SUPER_MAGIC, "xfs", true},
    {BTRFS_SUPER_MAGIC, "btrfs", true},
    {F2FS_SUPER_MAGIC, "f2fs", true},
    {0x2FC12FC1, "zfs", true},
    {0xCA451A4E, "bcachefs", true},
    {0x3153464A, "jfs", true},
    {REISERFS_SUPER_MAGIC, "reiserfs", true},
    {NILFS_SUPER_MAGIC, "nilfs2", true},
    {TMPFS_MAGIC, "tmpfs", true},
    {RAMFS_MAGIC, "ramfs", true},
    // What containers have.  Files made in one lie in its upper directory, which is local.
    {OVERLAYFS_SUPER_MAGIC, "overlay", true},
    {NFS_SUPER_MAGIC, "nfs", false},
    {SMB_SUPER_MAGIC, "smb", false},
    {CIFS_SUPER_MAGIC, "cifs", false},
    {SMB2_SUPER_MAGIC, "smb2", false},
    {FUSE_SUPER_MAGIC, "fuse", false},
    {V9FS_MAGIC, "9p", false},
    {CEPH_SUPER_MAGIC, "ceph", false},
    {AFS_FS_MAGIC, "afs", false},
    {CODA_SUPER_MAGIC, "coda", false},
    {OCFS2_SUPER_MAGIC, "ocfs2", false},
    {0x01161970, "gfs2", false},
    {0x0BD00BD0, "lustre", false},
    {0x47504653, "gpfs", false},
    {0x786F4256, "vboxsf", false},
});

FileSystemInfo DescribeFileSystem(const struct statfs& facts) {
  // The kernel's field is signed, and as wide as its word.
  const uint64_t magic = static_cast<uint32_t>(facts.f_type);
  FileSystemInfo info;
  info.read_only = (facts.f_flags & ST_RDONLY) != 0;
  const auto unit = static_cast<uint64_t>(facts.f_frsize != 0 ? facts.f_frsize : facts.f_bsize);
  info.free_bytes = static_cast<uint64_t>(facts.f_bavail) * unit;
  const auto* known = std::find_if(kFileSystemTypes.begin(), kFileSystemTypes.end(),
                                   [&](const FileSystemType& t) { return t.magic == magic; });
  if (known != kFileSystemTypes.end()) {
    info.type = std::string(known->name);
    info.local = known->local;
  } else {
    info.type = absl::StrCat("0x", absl::Hex(magic));
  }
  return info;
}

int OpenFlags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreateExclusive:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

absl::StatusOr<std::vector<std::string>> ListNow(const std::string& path) {
  PosixDescriptor descriptor = OpenDescriptor(path, O_RDONLY | O_DIRECTORY);
  if (!descriptor.valid()) return IoError("open", path, errno);
  DIR* opened = fdopendir(descriptor.get());
  if (opened == nullptr) return IoError("fdopendir", path, errno);
  descriptor.Release();  // The stream has it.
  const auto close_stream = [](DIR* stream) { (void)closedir(stream); };
  const std::unique_ptr<DIR, decltype(close_stream)> stream(opened, close_stream);

  std::vector<std::string> names;
  while (true) {
    errno = 0;  // The end and an error look alike.
    const dirent* entry = readdir(stream.get());
    if (entry == nullptr && errno != 0) return IoError("readdir", path, errno);
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

absl::Status SyncDirectoryNow(const std::string& path) {
  const PosixDescriptor descriptor = OpenDescriptor(path, O_RDONLY | O_DIRECTORY);
  if (!descriptor.valid()) return IoError("open", path, errno);
  return fsync(descriptor.get()) == 0 ? absl::OkStatus() : IoError("fsync", path, errno);
}

}  // namespace

PosixFileSystem::PosixFileSystem(Runtime* runtime)
    : runtime_(runtime), watch_(std::make_unique<PosixWatch>()) {}

PosixFileSystem::~PosixFileSystem() = default;

template <class Call>
auto PosixFileSystem::Start(Call call) {
  return BlockingCall(runtime_, Runtime::Urgency::kWhenIdle, std::move(call));
}

Future<absl::StatusOr<std::unique_ptr<File>>> PosixFileSystem::Open(std::string path,
                                                                    OpenMode mode) {
  return Start([this, path = std::move(path), mode]() -> absl::StatusOr<std::unique_ptr<File>> {
    PosixDescriptor descriptor = OpenDescriptor(path, OpenFlags(mode));
    if (!descriptor.valid()) return IoError("open", path, errno);
    struct stat facts;
    if (fstat(descriptor.get(), &facts) != 0) return IoError("fstat", path, errno);
    if (S_ISDIR(facts.st_mode)) return IoError("open", path, EISDIR);
    return std::make_unique<PosixFile>(runtime_, path, std::move(descriptor),
                                       mode != OpenMode::kRead);
  });
}

Future<absl::Status> PosixFileSystem::Link(std::string from, std::string to) {
  return Start([from = std::move(from), to = std::move(to)] {
    if (link(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    return IoError("link", absl::StrCat(from, " as ", to), errno);
  });
}

Future<absl::Status> PosixFileSystem::Unlink(std::string path) {
  return Start([path = std::move(path)] {
    return unlink(path.c_str()) == 0 ? absl::OkStatus() : IoError("unlink", path, errno);
  });
}

Future<absl::StatusOr<std::vector<std::string>>> PosixFileSystem::List(std::string path) {
  return Start([path = std::move(path)] { return ListNow(path); });
}

Future<absl::Status> PosixFileSystem::CreateDirectory(std::string path) {
  return Start([path = std::move(path)] {
    constexpr mode_t kMode = 0755;  // Less the umask.
    return mkdir(path.c_str(), kMode) == 0 ? absl::OkStatus() : IoError("mkdir", path, errno);
  });
}

Future<absl::Status> PosixFileSystem::SyncDirectory(std::string path) {
  return Start([path = std::move(path)] { return SyncDirectoryNow(path); });
}

Future<absl::StatusOr<FileSystemInfo>> PosixFileSystem::Info(std::string path) {
  return Start([path = std::move(path)]() -> absl::StatusOr<FileSystemInfo> {
    struct statfs facts;
    const int result = RetryInterrupted([&] { return statfs(path.c_str(), &facts); });
    if (result != 0) return IoError("statfs", path, errno);
    return DescribeFileSystem(facts);
  });
}

Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> PosixFileSystem::Watch(std::string path) {
  return Start([this, path = std::move(path)] { return watch_->Add(path); });
}

}  // namespace tidelog
