// A repair plan in words.
#ifndef TIDELOG_IMPLS_FILE_REPAIR_TEXT_H_
#define TIDELOG_IMPLS_FILE_REPAIR_TEXT_H_

#include <string>
#include <vector>

#include "impls/file/repair_plan.h"

namespace tidelog::impls::file {

// Lines, in the order of the log: what is wrong, what of each segment is kept and what is lost,
// what goes aside.  Segments that are kept as they are take one line together.
std::vector<std::string> DescribeRepair(const RepairPlan& plan);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_REPAIR_TEXT_H_
