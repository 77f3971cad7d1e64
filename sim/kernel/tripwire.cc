#include "sim/kernel/tripwire.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/debugging/stacktrace.h"
#include "absl/debugging/symbolize.h"
#include "absl/log/log.h"

namespace tidelog::sim::internal {

constinit thread_local bool tripwires_armed = false;

namespace {

// Whether the code around `address` is that of a log message.
bool IsLogging(const void* address) {
  char symbol[512];
  // The address is that of a return: the call before it may be the last of its function.
  const void* call = static_cast<const char*>(address) - 1;
  if (!absl::Symbolize(call, symbol, sizeof(symbol))) return false;
  return std::string_view(symbol).find("log_internal::") != std::string_view::npos;
}

// As IsLogging().  Remembers, as symbols are looked up in the program's file.
bool IsLoggingCached(const void* address) {
  struct Known {
    const void* address;
    bool logging;
  };
  static constinit thread_local std::array<Known, 256> known = {};
  Known& entry = known[reinterpret_cast<uintptr_t>(address) % known.size()];
  if (entry.address != address) entry = {address, IsLogging(address)};
  return entry.logging;
}

bool CalledByLogging() {
  std::array<void*, 16> stack;
  const int depth = absl::GetStackTrace(stack.data(), static_cast<int>(stack.size()), 2);
  for (int i = 0; i < depth; ++i) {
    if (IsLoggingCached(stack[static_cast<size_t>(i)])) return true;
  }
  return false;
}

}  // namespace

void Trip(const char* function) {
  if (!tripwires_armed) return;
  const TripwiresOff off;
  if (CalledByLogging()) return;
  LOG(FATAL) << function << "() was called inside a step of a simulation: its answer, or the wait, "
             << "would not be the same in a second run.  Ask the Runtime instead";
}

}  // namespace tidelog::sim::internal
