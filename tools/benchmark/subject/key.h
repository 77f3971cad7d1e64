// Key: what peers that need one keep a payload under: a number, big-endian, so that the order of
// the keys is that of the appends.
#ifndef TIDELOG_TOOLS_BENCHMARK_SUBJECT_KEY_H_
#define TIDELOG_TOOLS_BENCHMARK_SUBJECT_KEY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tidelog::benchmark {

class Key {
 public:
  explicit Key(uint64_t number) {
    for (size_t i = 0; i < bytes_.size(); ++i) {
      bytes_[i] = static_cast<char>(number >> (8 * (bytes_.size() - 1 - i)));
    }
  }
  std::string_view bytes() const { return std::string_view(bytes_.data(), bytes_.size()); }

 private:
  std::array<char, 8> bytes_;
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SUBJECT_KEY_H_
