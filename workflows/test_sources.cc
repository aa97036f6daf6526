#include "forge/testing.h"

namespace forge::testing {
namespace {

// The finalizer of SplitMix64.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

}  // namespace

Uuid SeededIds::next(Time now) {
  const std::uint64_t call = calls_.fetch_add(1);
  const std::uint64_t high = static_cast<std::uint64_t>(now.micros / 1000) << 16 | (mix(seed_ + 2 * call) & 0xfff) | 0x7000;
  const std::uint64_t low = (mix(seed_ + 2 * call + 1) >> 2) | std::uint64_t{1} << 63;
  Uuid id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    id.bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return id;
}

}  // namespace forge::testing
