#include "sim/shrink/minimize.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace tidelog::sim {
namespace {

using Indices = std::vector<size_t>;

Indices Without(const Indices& items, size_t begin, size_t end) {
  Indices kept;
  kept.reserve(items.size() - (end - begin));
  kept.insert(kept.end(), items.begin(), items.begin() + static_cast<ptrdiff_t>(begin));
  kept.insert(kept.end(), items.begin() + static_cast<ptrdiff_t>(end), items.end());
  return kept;
}

// Keeps the shortest head that a search by halves finds.  What comes after the failure goes with
// a handful of tests, before anything else is tried.
void CutTail(Indices* items, KeepsFailing fails, ShrinkBudget* budget) {
  size_t short_of = 0;  // So few were too few, or are not yet tested.
  size_t enough = items->size();
  while (short_of < enough) {
    const size_t middle = short_of + (enough - short_of) / 2;
    if (!budget->Spend()) break;
    const Indices head(items->begin(), items->begin() + static_cast<ptrdiff_t>(middle));
    if (fails(head)) {
      enough = middle;
    } else {
      short_of = middle + 1;
    }
  }
  items->resize(enough);
}

// Tries to leave out each piece of `size` items, from the end.  True: something went.
bool CutPieces(Indices* items, size_t size, KeepsFailing fails, ShrinkBudget* budget) {
  bool is_shorter = false;
  size_t end = items->size();
  while (end > 0) {
    const size_t begin = end > size ? end - size : 0;
    if (!budget->Spend()) break;
    Indices fewer = Without(*items, begin, end);
    if (fails(fewer)) {
      *items = std::move(fewer);
      is_shorter = true;
    }
    end = begin;
  }
  return is_shorter;
}

}  // namespace

bool ShrinkBudget::Spend() {
  if (left_ <= 0) return false;
  if (out_of_time_ != nullptr && out_of_time_()) {
    left_ = 0;
    return false;
  }
  --left_;
  ++runs_;
  return true;
}

std::vector<size_t> Minimize(size_t count, KeepsFailing fails, ShrinkBudget* budget) {
  Indices items(count);
  std::iota(items.begin(), items.end(), size_t{0});
  CutTail(&items, fails, budget);
  for (size_t size = items.size() / 2; size > 1; size = std::min(size, items.size()) / 2) {
    CutPieces(&items, size, fails, budget);
  }
  // What one item needed may have gone after it was tried: again, until a round finds nothing.
  while (CutPieces(&items, 1, fails, budget)) {
  }
  return items;
}

int64_t MinimizeNumber(int64_t value, int64_t target, absl::FunctionRef<bool(int64_t)> fails,
                       ShrinkBudget* budget) {
  int64_t good = value;
  int64_t short_of = target;  // Not tested, or did not fail.
  bool is_target_tested = false;
  while (good != short_of) {
    const int64_t middle = is_target_tested ? short_of + (good - short_of) / 2 : target;
    if (is_target_tested && middle == short_of) break;
    if (!budget->Spend()) break;
    is_target_tested = true;
    if (fails(middle)) {
      good = middle;
    } else {
      short_of = middle;
    }
  }
  return good;
}

}  // namespace tidelog::sim
