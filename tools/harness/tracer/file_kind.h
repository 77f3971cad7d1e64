// What a file of a log is for, by its path: the same words for every term and number.
#ifndef TIDELOG_TOOLS_HARNESS_TRACER_FILE_KIND_H_
#define TIDELOG_TOOLS_HARNESS_TRACER_FILE_KIND_H_

#include <string_view>

namespace tidelog::harness {

// One word; empty if `path` is not `log`, the directory of a log, nor lies below it.  Both are
// absolute and without links.
std::string_view FileKind(std::string_view log, std::string_view path);

}  // namespace tidelog::harness

#endif  // TIDELOG_TOOLS_HARNESS_TRACER_FILE_KIND_H_
