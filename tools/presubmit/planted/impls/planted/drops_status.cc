#include "absl/status/status.h"

absl::Status Append();

void AppendAndHope() { Append(); }
