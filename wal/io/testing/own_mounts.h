// File systems mounted for one test, which nobody else sees.
#ifndef TIDELOG_WAL_IO_TESTING_OWN_MOUNTS_H_
#define TIDELOG_WAL_IO_TESTING_OWN_MOUNTS_H_

#include <string>

#include "absl/status/status.h"

namespace tidelog {

// Gives the process mounts of its own, and the rights to change them if it has not: the kernel
// gives them to any user, unless it was told not to.  Requires: one thread only.
absl::Status TakeOwnMounts();

// Mounts a file system of `type` ("tmpfs") with `options` ("size=4m") on `path`, which is made.
// Requires: TakeOwnMounts().
absl::Status MountAt(const std::string& path, const char* type, const std::string& options);

// Makes it read-only, or writable again.  UNAVAILABLE: a file there is open for writing.
absl::Status RemountReadOnly(const std::string& path, bool read_only);

// The main of such a test: mounts with `mount_all`, and runs all tests.
// TIDELOG_TEST_WITHOUT_MOUNT=1 in the environment (bazel test --test_env=...) leaves them out, on a
// machine that does not let users mount; else that is a failure.
int RunAllTestsWithMounts(int argc, char** argv, absl::Status (*mount_all)());

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_OWN_MOUNTS_H_
