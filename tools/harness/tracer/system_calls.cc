#include "tools/harness/tracer/system_calls.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>

namespace tidelog::harness {
namespace {

// A call that is not here stops the tracer, so that none goes by unseen.
constexpr auto kSystemCalls = std::to_array<SystemCall>({
    // Files by descriptor.
    {SYS_close, "close", Operand::kDescriptor},
    {SYS_copy_file_range, "copy_file_range", Operand::kHidden},
    {SYS_dup, "dup", Operand::kDescriptor},
    {SYS_dup2, "dup2", Operand::kDescriptor},
    {SYS_dup3, "dup3", Operand::kDescriptor},
    {SYS_fadvise64, "fadvise64", Operand::kDescriptor},
    {SYS_fallocate, "fallocate", Operand::kDescriptor},
    {SYS_fchmod, "fchmod", Operand::kDescriptor},
    {SYS_fcntl, "fcntl", Operand::kDescriptor},
    {SYS_fdatasync, "fdatasync", Operand::kDescriptor},
    {SYS_flock, "flock", Operand::kDescriptor},
    {SYS_fstat, "fstat", Operand::kDescriptor},
    {SYS_fstatfs, "fstatfs", Operand::kDescriptor},
    {SYS_fsync, "fsync", Operand::kDescriptor},
    {SYS_ftruncate, "ftruncate", Operand::kDescriptor},
    {SYS_getdents64, "getdents64", Operand::kDescriptor},
    {SYS_ioctl, "ioctl", Operand::kDescriptor},
    {SYS_lseek, "lseek", Operand::kDescriptor},
    {SYS_pread64, "pread64", Operand::kDescriptor},
    {SYS_preadv, "preadv", Operand::kDescriptor},
    {SYS_preadv2, "preadv2", Operand::kDescriptor},
    {SYS_pwrite64, "pwrite64", Operand::kDescriptor},
    {SYS_pwritev, "pwritev", Operand::kDescriptor},
    {SYS_pwritev2, "pwritev2", Operand::kDescriptor},
    {SYS_read, "read", Operand::kDescriptor},
    {SYS_readahead, "readahead", Operand::kDescriptor},
    {SYS_readv, "readv", Operand::kDescriptor},
    {SYS_sync_file_range, "sync_file_range", Operand::kDescriptor},
    {SYS_syncfs, "syncfs", Operand::kDescriptor},
    {SYS_write, "write", Operand::kDescriptor},
    {SYS_writev, "writev", Operand::kDescriptor},
    // Files by path.  stat() and its like may name a descriptor, and an empty path.
    {SYS_access, "access", Operand::kPath},
    {SYS_chdir, "chdir", Operand::kPath},
    {SYS_creat, "creat", Operand::kPath},
    {SYS_faccessat, "faccessat", Operand::kPathAt},
    {SYS_faccessat2, "faccessat2", Operand::kPathAt},
    {SYS_link, "link", Operand::kSecondPath},
    {SYS_linkat, "linkat", Operand::kSecondPathAt},
    {SYS_lstat, "lstat", Operand::kPath},
    {SYS_mkdir, "mkdir", Operand::kPath},
    {SYS_mkdirat, "mkdirat", Operand::kPathAt},
    {SYS_newfstatat, "newfstatat", Operand::kPathAt},
    {SYS_open, "open", Operand::kPath},
    {SYS_openat, "openat", Operand::kPathAt},
    {SYS_openat2, "openat2", Operand::kPathAt},
    {SYS_readlink, "readlink", Operand::kPath},
    {SYS_readlinkat, "readlinkat", Operand::kPathAt},
    {SYS_rename, "rename", Operand::kSecondPath},
    {SYS_renameat, "renameat", Operand::kSecondPathAt},
    {SYS_renameat2, "renameat2", Operand::kSecondPathAt},
    {SYS_rmdir, "rmdir", Operand::kPath},
    {SYS_stat, "stat", Operand::kPath},
    {SYS_statfs, "statfs", Operand::kPath},
    {SYS_statx, "statx", Operand::kPathAt},
    {SYS_symlink, "symlink", Operand::kSecondPath},
    {SYS_truncate, "truncate", Operand::kPath},
    {SYS_unlink, "unlink", Operand::kPath},
    {SYS_unlinkat, "unlinkat", Operand::kPathAt},
    // Files by their mappings.
    {SYS_madvise, "madvise", Operand::kMemory},
    {SYS_mmap, "mmap", Operand::kMappedDescriptor},
    {SYS_mprotect, "mprotect", Operand::kMemory},
    {SYS_mremap, "mremap", Operand::kMemory},
    {SYS_msync, "msync", Operand::kMemory},
    {SYS_munmap, "munmap", Operand::kMemory},
    // Files that the arguments do not tell.
    {SYS_execveat, "execveat", Operand::kHidden},
    {SYS_fork, "fork", Operand::kHidden},
    {SYS_io_submit, "io_submit", Operand::kHidden},
    {SYS_io_uring_enter, "io_uring_enter", Operand::kHidden},
    {SYS_io_uring_register, "io_uring_register", Operand::kHidden},
    {SYS_io_uring_setup, "io_uring_setup", Operand::kHidden},
    {SYS_sendfile, "sendfile", Operand::kHidden},
    {SYS_splice, "splice", Operand::kHidden},
    {SYS_sync, "sync", Operand::kHidden},
    {SYS_vfork, "vfork", Operand::kHidden},
    // No files, or none of a log.
    {SYS_arch_prctl, "arch_prctl", Operand::kNoFile},
    {SYS_brk, "brk", Operand::kNoFile},
    {SYS_clock_getres, "clock_getres", Operand::kNoFile},
    {SYS_clock_gettime, "clock_gettime", Operand::kNoFile},
    {SYS_clock_nanosleep, "clock_nanosleep", Operand::kNoFile},
    {SYS_clone, "clone", Operand::kNoFile},
    {SYS_clone3, "clone3", Operand::kNoFile},
    {SYS_epoll_create1, "epoll_create1", Operand::kNoFile},
    {SYS_epoll_ctl, "epoll_ctl", Operand::kNoFile},
    {SYS_epoll_wait, "epoll_wait", Operand::kNoFile},
    {SYS_eventfd2, "eventfd2", Operand::kNoFile},
    {SYS_execve, "execve", Operand::kNoFile},
    {SYS_exit, "exit", Operand::kNoFile},
    {SYS_exit_group, "exit_group", Operand::kNoFile},
    {SYS_futex, "futex", Operand::kNoFile},
    {SYS_getcwd, "getcwd", Operand::kNoFile},
    {SYS_getegid, "getegid", Operand::kNoFile},
    {SYS_geteuid, "geteuid", Operand::kNoFile},
    {SYS_getgid, "getgid", Operand::kNoFile},
    {SYS_getpid, "getpid", Operand::kNoFile},
    {SYS_getppid, "getppid", Operand::kNoFile},
    {SYS_getrandom, "getrandom", Operand::kNoFile},
    {SYS_getrlimit, "getrlimit", Operand::kNoFile},
    {SYS_getrusage, "getrusage", Operand::kNoFile},
    {SYS_gettid, "gettid", Operand::kNoFile},
    {SYS_gettimeofday, "gettimeofday", Operand::kNoFile},
    {SYS_getuid, "getuid", Operand::kNoFile},
    {SYS_inotify_add_watch, "inotify_add_watch", Operand::kSecondPath},
    {SYS_inotify_init1, "inotify_init1", Operand::kNoFile},
    {SYS_inotify_rm_watch, "inotify_rm_watch", Operand::kNoFile},
    {SYS_kill, "kill", Operand::kNoFile},
    {SYS_membarrier, "membarrier", Operand::kNoFile},
    {SYS_mlock, "mlock", Operand::kNoFile},
    {SYS_nanosleep, "nanosleep", Operand::kNoFile},
    {SYS_pause, "pause", Operand::kNoFile},
    {SYS_pipe2, "pipe2", Operand::kNoFile},
    {SYS_poll, "poll", Operand::kNoFile},
    {SYS_ppoll, "ppoll", Operand::kNoFile},
    {SYS_prctl, "prctl", Operand::kNoFile},
    {SYS_prlimit64, "prlimit64", Operand::kNoFile},
    {SYS_restart_syscall, "restart_syscall", Operand::kNoFile},
    {SYS_rseq, "rseq", Operand::kNoFile},
    {SYS_rt_sigaction, "rt_sigaction", Operand::kNoFile},
    {SYS_rt_sigpending, "rt_sigpending", Operand::kNoFile},
    {SYS_rt_sigprocmask, "rt_sigprocmask", Operand::kNoFile},
    {SYS_rt_sigreturn, "rt_sigreturn", Operand::kNoFile},
    {SYS_rt_sigsuspend, "rt_sigsuspend", Operand::kNoFile},
    {SYS_sched_getaffinity, "sched_getaffinity", Operand::kNoFile},
    {SYS_sched_getparam, "sched_getparam", Operand::kNoFile},
    {SYS_sched_getscheduler, "sched_getscheduler", Operand::kNoFile},
    {SYS_sched_setaffinity, "sched_setaffinity", Operand::kNoFile},
    {SYS_sched_setscheduler, "sched_setscheduler", Operand::kNoFile},
    {SYS_sched_yield, "sched_yield", Operand::kNoFile},
    {SYS_set_robust_list, "set_robust_list", Operand::kNoFile},
    {SYS_set_tid_address, "set_tid_address", Operand::kNoFile},
    {SYS_sigaltstack, "sigaltstack", Operand::kNoFile},
    {SYS_sysinfo, "sysinfo", Operand::kNoFile},
    {SYS_tgkill, "tgkill", Operand::kNoFile},
    {SYS_umask, "umask", Operand::kNoFile},
    {SYS_uname, "uname", Operand::kNoFile},
});

constexpr bool NumbersDiffer() {
  for (size_t i = 0; i < kSystemCalls.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (kSystemCalls[i].number == kSystemCalls[j].number) return false;
    }
  }
  return true;
}
static_assert(NumbersDiffer());

}  // namespace

const SystemCall* FindSystemCall(uint64_t number) {
  const auto* found = std::find_if(kSystemCalls.begin(), kSystemCalls.end(),
                                   [number](const SystemCall& c) { return c.number == number; });
  return found == kSystemCalls.end() ? nullptr : found;
}

}  // namespace tidelog::harness
