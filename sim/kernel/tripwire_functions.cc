// The functions of libc that trip.  The dynamic linker finds these first, whoever calls.
#ifndef TIDELOG_SANITIZE

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdint>
#include <cstdlib>

#include "sim/kernel/tripwire.h"

namespace tidelog::sim::internal {
namespace {

// The function of libc behind the one here.
template <class F>
F* Behind(const char* name) {
  void* function = dlsym(RTLD_NEXT, name);
  if (function == nullptr) std::abort();
  return reinterpret_cast<F*>(function);
}

// The mode of open(), which is there only if a file may be made.
mode_t ModeOf(int flags, va_list rest) {
  const bool has_mode = (flags & (O_CREAT | O_TMPFILE)) != 0;
  return has_mode ? static_cast<mode_t>(va_arg(rest, int)) : mode_t{0};
}

}  // namespace

// Names of our own, so that they do not meet what the headers say of the real ones.

int TripClockGettime(clockid_t clock, timespec* time) __asm__("clock_gettime");
int TripClockGettime(clockid_t clock, timespec* time) {
  static auto* const behind = Behind<int(clockid_t, timespec*)>("clock_gettime");
  Trip("clock_gettime");
  return behind(clock, time);
}

int TripGettimeofday(timeval* time, void* zone) __asm__("gettimeofday");
int TripGettimeofday(timeval* time, void* zone) {
  static auto* const behind = Behind<int(timeval*, void*)>("gettimeofday");
  Trip("gettimeofday");
  return behind(time, zone);
}

time_t TripTime(time_t* time) __asm__("time");
time_t TripTime(time_t* time) {
  static auto* const behind = Behind<time_t(time_t*)>("time");
  Trip("time");
  return behind(time);
}

ssize_t TripGetrandom(void* buffer, size_t size, unsigned flags) __asm__("getrandom");
ssize_t TripGetrandom(void* buffer, size_t size, unsigned flags) {
  static auto* const behind = Behind<ssize_t(void*, size_t, unsigned)>("getrandom");
  Trip("getrandom");
  return behind(buffer, size, flags);
}

int TripGetentropy(void* buffer, size_t size) __asm__("getentropy");
int TripGetentropy(void* buffer, size_t size) {
  static auto* const behind = Behind<int(void*, size_t)>("getentropy");
  Trip("getentropy");
  return behind(buffer, size);
}

uint32_t TripArc4random() __asm__("arc4random");
uint32_t TripArc4random() {
  static auto* const behind = Behind<uint32_t()>("arc4random");
  Trip("arc4random");
  return behind();
}

// How /dev/urandom is reached, and what a simulated disk is there to replace.
int TripOpen(const char* path, int flags, ...) __asm__("open");
int TripOpen(const char* path, int flags, ...) {
  static auto* const behind = Behind<int(const char*, int, ...)>("open");
  Trip("open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = ModeOf(flags, rest);
  va_end(rest);
  return behind(path, flags, mode);
}

int TripOpen64(const char* path, int flags, ...) __asm__("open64");
int TripOpen64(const char* path, int flags, ...) {
  static auto* const behind = Behind<int(const char*, int, ...)>("open64");
  Trip("open64");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = ModeOf(flags, rest);
  va_end(rest);
  return behind(path, flags, mode);
}

int TripOpenat(int directory, const char* path, int flags, ...) __asm__("openat");
int TripOpenat(int directory, const char* path, int flags, ...) {
  static auto* const behind = Behind<int(int, const char*, int, ...)>("openat");
  Trip("openat");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = ModeOf(flags, rest);
  va_end(rest);
  return behind(directory, path, flags, mode);
}

int TripPthreadCreate(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                      void* argument) __asm__("pthread_create");
int TripPthreadCreate(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                      void* argument) {
  static auto* const behind =
      Behind<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  Trip("pthread_create");
  return behind(thread, attributes, start, argument);
}

int TripNanosleep(const timespec* duration, timespec* left) __asm__("nanosleep");
int TripNanosleep(const timespec* duration, timespec* left) {
  static auto* const behind = Behind<int(const timespec*, timespec*)>("nanosleep");
  Trip("nanosleep");
  return behind(duration, left);
}

int TripClockNanosleep(clockid_t clock, int flags, const timespec* duration,
                       timespec* left) __asm__("clock_nanosleep");
int TripClockNanosleep(clockid_t clock, int flags, const timespec* duration, timespec* left) {
  static auto* const behind =
      Behind<int(clockid_t, int, const timespec*, timespec*)>("clock_nanosleep");
  Trip("clock_nanosleep");
  return behind(clock, flags, duration, left);
}

int TripUsleep(useconds_t duration) __asm__("usleep");
int TripUsleep(useconds_t duration) {
  static auto* const behind = Behind<int(useconds_t)>("usleep");
  Trip("usleep");
  return behind(duration);
}

unsigned TripSleep(unsigned seconds) __asm__("sleep");
unsigned TripSleep(unsigned seconds) {
  static auto* const behind = Behind<unsigned(unsigned)>("sleep");
  Trip("sleep");
  return behind(seconds);
}

int TripPoll(pollfd* files, nfds_t count, int timeout) __asm__("poll");
int TripPoll(pollfd* files, nfds_t count, int timeout) {
  static auto* const behind = Behind<int(pollfd*, nfds_t, int)>("poll");
  Trip("poll");
  return behind(files, count, timeout);
}

int TripSelect(int count, fd_set* in, fd_set* out, fd_set* other,
               timeval* timeout) __asm__("select");
int TripSelect(int count, fd_set* in, fd_set* out, fd_set* other, timeval* timeout) {
  static auto* const behind = Behind<int(int, fd_set*, fd_set*, fd_set*, timeval*)>("select");
  Trip("select");
  return behind(count, in, out, other, timeout);
}

int TripEpollWait(int epoll, epoll_event* events, int count, int timeout) __asm__("epoll_wait");
int TripEpollWait(int epoll, epoll_event* events, int count, int timeout) {
  static auto* const behind = Behind<int(int, epoll_event*, int, int)>("epoll_wait");
  Trip("epoll_wait");
  return behind(epoll, events, count, timeout);
}

}  // namespace tidelog::sim::internal

#endif  // TIDELOG_SANITIZE
