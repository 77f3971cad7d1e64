#include "wal/async/gate.h"

#include "absl/log/check.h"

namespace tidelog {

Gate::~Gate() {
  CHECK_EQ(count_, 0u) << "a gate was destroyed with passes out: close it and wait first";
}

Future<Unit> Gate::Close() {
  closed_ = true;
  if (count_ == 0) empty_.Close();
  return empty_.Wait();
}

void Gate::Leave() {
  CHECK_GT(count_, 0u);
  --count_;
  if (closed_ && count_ == 0) empty_.Close();
}

}  // namespace tidelog
