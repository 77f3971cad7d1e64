// Integers of the file format: little-endian, at any address.
#ifndef TIDELOG_IMPLS_FILE_LITTLE_ENDIAN_H_
#define TIDELOG_IMPLS_FILE_LITTLE_ENDIAN_H_

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace tidelog::impls::file {

// Compilers make one move of either loop on a little-endian machine.
template <std::unsigned_integral T>
constexpr void StoreLittleEndian(char* to, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<char>(static_cast<uint8_t>(value >> (8 * i)));
  }
}

template <std::unsigned_integral T>
constexpr T LoadLittleEndian(const char* from) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<uint8_t>(from[i])) << (8 * i));
  }
  return value;
}

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_LITTLE_ENDIAN_H_
