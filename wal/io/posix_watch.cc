#include "wal/io/posix_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/io/io_error.h"

namespace tidelog {
namespace {

constexpr uint32_t kGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;
constexpr uint32_t kEvents = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

class PosixWatch::Watcher final : public DirectoryWatcher {
 public:
  Watcher(PosixWatch* owner, int number, std::string directory)
      : watch(number), owner_(owner), path_(std::move(directory)) {}
  ~Watcher() override { owner_->Remove(this); }

  Future<absl::Status> Next() override {
    Promise<absl::Status> promise("change of a directory");
    Future<absl::Status> future = promise.future();
    absl::Status status;
    {
      absl::MutexLock lock(&owner_->mutex_);
      CHECK(!waiting_.has_value()) << "two Next() of the watcher of " << path_;
      if (!changed_ && ended_.ok()) {
        waiting_.emplace(std::move(promise));
        return future;
      }
      changed_ = false;
      status = ended_;
    }
    promise.Set(std::move(status));
    return future;
  }

  void Stop() override {
    std::vector<Wake> wakes;
    {
      absl::MutexLock lock(&owner_->mutex_);
      End(absl::CancelledError(absl::StrCat("watch ", path_, ": stopped")), wakes);
    }
    for (Wake& wake : wakes) wake.promise.Set(std::move(wake.status));
  }

  // The rest requires the owner's mutex.
  bool idle() const { return !waiting_.has_value(); }

  void Notify(std::vector<Wake>& wakes) {
    if (!waiting_.has_value()) {
      changed_ = true;
      return;
    }
    wakes.push_back({*std::move(waiting_), ended_});
    waiting_.reset();
  }

  void EndGone(std::vector<Wake>& wakes) { End(IoError("watch", path_, ENOENT), wakes); }

  const int watch;

 private:
  void End(absl::Status status, std::vector<Wake>& wakes) {
    if (!ended_.ok()) return;
    ended_ = std::move(status);
    Notify(wakes);
  }

  PosixWatch* const owner_;
  const std::string path_;
  bool changed_ = false;
  absl::Status ended_;
  std::optional<Promise<absl::Status>> waiting_;
};

PosixWatch::~PosixWatch() {
  std::thread thread;
  {
    absl::MutexLock lock(&mutex_);
    CHECK(watchers_.empty()) << "a file system was destroyed under a watcher";
    if (!thread_.joinable()) return;
    const uint64_t one = 1;
    PCHECK(write(stop_.get(), &one, sizeof(one)) == sizeof(one));
    thread = std::move(thread_);
  }
  thread.join();
}

absl::Status PosixWatch::StartLocked() {
  if (thread_.joinable()) return absl::OkStatus();
  PosixDescriptor inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify.valid()) return IoError("inotify_init1", "for directory watchers", errno);
  PosixDescriptor stop(eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) return IoError("eventfd", "for directory watchers", errno);
  inotify_ = std::move(inotify);
  stop_ = std::move(stop);
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<DirectoryWatcher>> PosixWatch::Add(const std::string& path) {
  // Under the mutex from the call on: an event for a number that is not in the map yet would be
  // lost.
  absl::MutexLock lock(&mutex_);
  absl::Status started = StartLocked();
  if (!started.ok()) return started;
  const int watch = inotify_add_watch(inotify_.get(), path.c_str(), kEvents);
  if (watch < 0) return IoError("inotify_add_watch", path, errno);
  auto watcher = std::make_unique<Watcher>(this, watch, path);
  watchers_[watch].push_back(watcher.get());
  return watcher;
}

void PosixWatch::Remove(Watcher* watcher) {
  absl::MutexLock lock(&mutex_);
  CHECK(watcher->idle()) << "a DirectoryWatcher was destroyed with a Next() in flight";
  const auto found = watchers_.find(watcher->watch);
  if (found == watchers_.end()) return;  // The directory is gone.
  std::erase(found->second, watcher);
  if (!found->second.empty()) return;
  watchers_.erase(found);
  // EINVAL: the directory is gone, and the event that says so not yet read.
  PCHECK(inotify_rm_watch(inotify_.get(), watcher->watch) == 0 || errno == EINVAL);
}

void PosixWatch::Run() {
  std::array<pollfd, 2> polled{};
  {
    absl::MutexLock lock(&mutex_);
    polled[0] = {.fd = inotify_.get(), .events = POLLIN, .revents = 0};
    polled[1] = {.fd = stop_.get(), .events = POLLIN, .revents = 0};
  }
  while (true) {
    const int ready =
        RetryInterrupted([&] { return poll(polled.data(), polled.size(), /*timeout=*/-1); });
    PCHECK(ready > 0);
    if (polled[1].revents != 0) return;
    ReadEvents(polled[0].fd);
  }
}

void PosixWatch::ReadEvents(int fd) {
  alignas(inotify_event) std::array<char, 16 << 10> buffer;
  const ssize_t count = RetryInterrupted([&] { return read(fd, buffer.data(), buffer.size()); });
  if (count < 0 && errno == EAGAIN) return;  // They went with a watch that was removed.
  PCHECK(count > 0);

  std::vector<Wake> wakes;
  {
    absl::MutexLock lock(&mutex_);
    for (ssize_t at = 0; at < count;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      DispatchLocked(event.wd, event.mask, wakes);
      at += static_cast<ssize_t>(sizeof(event) + event.len);
    }
  }
  for (Wake& wake : wakes) wake.promise.Set(std::move(wake.status));
}

void PosixWatch::DispatchLocked(int watch, uint32_t mask, std::vector<Wake>& wakes) {
  if ((mask & IN_Q_OVERFLOW) != 0) {  // Whose events were dropped is not known.
    for (auto& [number, watchers] : watchers_) {
      for (Watcher* watcher : watchers) watcher->Notify(wakes);
    }
    return;
  }
  const auto found = watchers_.find(watch);
  if (found == watchers_.end()) return;
  for (Watcher* watcher : found->second) {
    if ((mask & kGone) != 0) {
      watcher->EndGone(wakes);
    } else {
      watcher->Notify(wakes);
    }
  }
  if ((mask & IN_IGNORED) != 0) watchers_.erase(found);
}

}  // namespace tidelog
