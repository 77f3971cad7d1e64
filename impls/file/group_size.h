// GroupSize: how large a group is that is written before its writer has nothing else to do.
#ifndef TIDELOG_IMPLS_FILE_GROUP_SIZE_H_
#define TIDELOG_IMPLS_FILE_GROUP_SIZE_H_

#include <algorithm>
#include <cstddef>

namespace tidelog::impls::file {

// From this size on a write starts before the acknowledgements of the one before it, and on another
// thread: so much copying and waiting is worth overlapping.
inline constexpr size_t kEarlyBytes = 256u << 10;

// A sync costs little beside the writing of so much.
inline constexpr size_t kEarlyBytesMax = 4u << 20;

// Large groups are halves of what is outstanding: while one is written the clients of the other are
// answered and append again.  A fixed size would not do: with a quarter in one group and three in
// the other, in turn, the disk waits for one and the clients for the other, for ever.
class GroupSize {
 public:
  // A group of `settled` bytes is done, and `open` bytes wait for the next.
  void OnSettled(size_t settled, size_t open) {
    half_ = std::clamp((settled + open) / 2, kEarlyBytes, kEarlyBytesMax);
  }

  // True: to be handed over at once, with the last append of it.
  bool IsReached(size_t open) const { return open >= half_; }

  // True: to be handed over before who waited for the last group is answered.  Not quite a half
  // is better than a disk that waits for the rest.
  bool IsNearlyReached(size_t open) const { return open >= std::max(kEarlyBytes, half_ / 4 * 3); }

 private:
  size_t half_ = kEarlyBytes;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_GROUP_SIZE_H_
