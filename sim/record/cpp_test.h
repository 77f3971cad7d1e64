// A record as a test in C++.
#ifndef TIDELOG_SIM_RECORD_CPP_TEST_H_
#define TIDELOG_SIM_RECORD_CPP_TEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "sim/record/run_record.h"

namespace tidelog::sim {

// A whole source file, with the stanza for its BUILD file as a comment on top, that runs the plan
// and wants no violation: it fails until what the record shows is mended.
//
// kInvalidArgument: the plan is too long for a source file: shrink the record first.
absl::StatusOr<std::string> CppTest(const RunRecord& record);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_RECORD_CPP_TEST_H_
