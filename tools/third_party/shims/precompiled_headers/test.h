// What library.h has, and what tests include. Precompiled: see flags.bzl.
#ifndef TIDELOG_TOOLS_THIRD_PARTY_SHIMS_PRECOMPILED_HEADERS_TEST_H_
#define TIDELOG_TOOLS_THIRD_PARTY_SHIMS_PRECOMPILED_HEADERS_TEST_H_

#include "absl/status/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "library.h"

#endif  // TIDELOG_TOOLS_THIRD_PARTY_SHIMS_PRECOMPILED_HEADERS_TEST_H_
