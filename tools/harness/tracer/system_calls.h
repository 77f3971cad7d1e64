// System calls by number, and how each names the file that it works on.
#ifndef TIDELOG_TOOLS_HARNESS_TRACER_SYSTEM_CALLS_H_
#define TIDELOG_TOOLS_HARNESS_TRACER_SYSTEM_CALLS_H_

#include <cstdint>
#include <string_view>

namespace tidelog::harness {

enum class Operand : uint8_t {
  kNoFile,
  kDescriptor,        // The first argument.
  kMappedDescriptor,  // The fifth, of mmap().
  kMemory,            // The first: an address that may lie in a file's mapping.
  kPath,              // The first.
  kSecondPath,        // The second: a new name.
  kPathAt,            // A directory and a path.
  kSecondPathAt,      // As kPathAt, behind another such pair: a new name.
  kHidden,            // It works on files that its arguments do not name.
};

struct SystemCall {
  uint64_t number;
  std::string_view name;
  Operand operand;
};

// Null: the table lacks it.
const SystemCall* FindSystemCall(uint64_t number);

}  // namespace tidelog::harness

#endif  // TIDELOG_TOOLS_HARNESS_TRACER_SYSTEM_CALLS_H_
