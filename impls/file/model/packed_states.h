// PackedStates: states in the order they came, without their zeros, of which most of a state is
// made.
#ifndef TIDELOG_IMPLS_FILE_MODEL_PACKED_STATES_H_
#define TIDELOG_IMPLS_FILE_MODEL_PACKED_STATES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace tidelog::impls::file::model {

template <typename State>
class PackedStates {
  static_assert(std::is_trivially_copyable_v<State>);

 public:
  bool empty() const { return packed_.empty(); }

  void Add(const State& state) {
    Words words = {};
    std::memcpy(words.data(), &state, sizeof(state));
    const size_t masks_at = packed_.size();
    packed_.resize(masks_at + kMasks);
    for (size_t i = 0; i < kWords; ++i) {
      if (words[i] == 0) continue;
      packed_[masks_at + i / 64] |= uint64_t{1} << i % 64;
      packed_.push_back(words[i]);
    }
  }

  // Calls `f` with each, until that yields false.
  template <typename F>
  void ForEach(const F& f) const {
    for (size_t at = 0; at < packed_.size();) {
      const size_t masks_at = at;
      at += kMasks;
      Words words = {};
      for (size_t i = 0; i < kWords; ++i) {
        if ((packed_[masks_at + i / 64] >> i % 64 & 1) != 0) words[i] = packed_[at++];
      }
      State state;
      std::memcpy(static_cast<void*>(&state), words.data(), sizeof(state));
      if (!f(state)) return;
    }
  }

 private:
  static constexpr size_t kWords = (sizeof(State) + 7) / 8;
  static constexpr size_t kMasks = (kWords + 63) / 64;
  using Words = std::array<uint64_t, kWords>;

  std::vector<uint64_t> packed_;  // Of each state: which words are not zero, and those.
};

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_PACKED_STATES_H_
