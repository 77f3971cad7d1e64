#include "wal/async/random_stream.h"

#include <bit>

#include "absl/log/check.h"

namespace tidelog {
namespace {

// FNV-1a, 64 bits.
uint64_t HashName(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

uint64_t SplitMix64(uint64_t& state) {
  state += 0x9e3779b97f4a7c15;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

RandomStream::RandomStream(uint64_t seed, std::string_view name) {
  // The seed is mixed before the name comes in: else two pairs with the same exclusive-or
  // would share a stream.
  uint64_t seed_state = seed;
  uint64_t state = SplitMix64(seed_state) ^ HashName(name);
  for (uint64_t& word : state_) word = SplitMix64(state);
}

RandomStream RandomStream::FromStateForTest(const std::array<uint64_t, 4>& state) {
  RandomStream stream(0, "");
  stream.state_ = state;
  return stream;
}

uint64_t RandomStream::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t RandomStream::Below(uint64_t bound) {
  CHECK_GT(bound, 0u);
  // Numbers under 2^64 mod bound are thrown away: what is left is a multiple of the bound.
  const uint64_t threshold = (0 - bound) % bound;
  uint64_t number = Next();
  while (number < threshold) number = Next();
  return number % bound;
}

}  // namespace tidelog
