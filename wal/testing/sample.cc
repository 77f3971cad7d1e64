#include "wal/testing/sample.h"

#include <cstdlib>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"

namespace tidelog {

uint64_t SampleStride() {
  const char* const text = std::getenv("TIDELOG_SAMPLE_STRIDE");
  if (text == nullptr) return 1;
  uint64_t stride = 0;
  CHECK(absl::SimpleAtoi(text, &stride) && stride > 0) << "TIDELOG_SAMPLE_STRIDE is " << text;
  return stride;
}

}  // namespace tidelog
