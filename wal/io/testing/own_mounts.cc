#include "wal/io/testing/own_mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tidelog {

namespace {

absl::Status WriteFile(const std::string& path, std::string_view contents) {
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool written = fd >= 0 && write(fd, contents.data(), contents.size()) ==
                                      static_cast<ssize_t>(contents.size());
  absl::Status status;
  if (!written) status = absl::ErrnoToStatus(errno, absl::StrCat("write ", path));
  if (fd >= 0) close(fd);
  return status;
}

absl::Status TakeNamespaces() {
  const uid_t user = getuid();
  const gid_t group = getgid();
  if (unshare(CLONE_NEWNS) == 0) return absl::OkStatus();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return absl::ErrnoToStatus(errno, "unshare");
  absl::Status status = WriteFile("/proc/self/setgroups", "deny");  // Before gid_map.
  if (status.ok()) status = WriteFile("/proc/self/uid_map", absl::StrCat("0 ", user, " 1"));
  if (status.ok()) status = WriteFile("/proc/self/gid_map", absl::StrCat("0 ", group, " 1"));
  return status;
}

}  // namespace

absl::Status TakeOwnMounts() {
  absl::Status status = TakeNamespaces();
  // Else what is mounted here would be so for everybody.
  if (status.ok() && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    status = absl::ErrnoToStatus(errno, "make mounts private");
  }
  return status;
}

absl::Status MountAt(const std::string& path, const char* type, const std::string& options) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("mkdir ", path));
  }
  if (mount("none", path.c_str(), type, 0, options.c_str()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("mount ", type, " on ", path));
  }
  return absl::OkStatus();
}

absl::Status RemountReadOnly(const std::string& path, bool read_only) {
  const int result = mount("none", path.c_str(), nullptr,
                           read_only ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT, nullptr);
  if (result == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("remount ", path));
}

int RunAllTestsWithMounts(int argc, char** argv, absl::Status (*mount_all)()) {
  testing::InitGoogleTest(&argc, argv);
  if (std::getenv("TIDELOG_TEST_WITHOUT_MOUNT") != nullptr) {
    std::puts("left out: TIDELOG_TEST_WITHOUT_MOUNT is set");
    return EXIT_SUCCESS;
  }
  // Here, as a thread must not have been started.
  absl::Status mounted = TakeOwnMounts();
  if (mounted.ok()) mounted = mount_all();
  CHECK_OK(mounted) << "; if this machine allows no user namespaces, run with "
                       "--test_env=TIDELOG_TEST_WITHOUT_MOUNT=1";
  return RUN_ALL_TESTS();
}

}  // namespace tidelog
