// The contract of walimpls as a model: whatever is done to a log, in whatever order, it answers and
// holds what the model does.  What fails is told as the shortest list of commands that fails.
//
// A backend that runs the conformance suite runs this one too, with a runtime of virtual time:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, WalImplsModelProperty,
//                            ::testing::Values(BackendParam{"seeded", &MakeSeeded}),
//                            BackendParam::NameOf);
//
// One command at a time; what races is for the conformance suite and for the simulator.
#ifndef TIDELOG_WALIMPLS_TESTING_MODEL_PROPERTY_H_
#define TIDELOG_WALIMPLS_TESTING_MODEL_PROPERTY_H_

#include "gtest/gtest.h"
#include "walimpls/testing/conformance.h"

namespace tidelog::walimpls {

class WalImplsModelProperty : public ::testing::TestWithParam<BackendParam> {};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_MODEL_PROPERTY_H_
