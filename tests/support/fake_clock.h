#pragma once

// A clock that stands still until it is told otherwise, and identifiers that follow from a seed. Both safe from any thread.

#include <atomic>
#include <cstdint>

#include "forge/events/id.h"
#include "forge/events/time.h"

namespace forge {

class FakeClock : public Clock {
 public:
  explicit FakeClock(Time start = Time{1'795'000'000'000'000}) : micros_(start.micros) {}  // 2026-11-18

  Time now() override { return Time{micros_.load()}; }
  void set(Time time) { micros_ = time.micros; }
  // Forward, or back where `micros` is negative.
  void advance(std::int64_t micros) { micros_ += micros; }

 private:
  std::atomic<std::int64_t> micros_;
};

// UUIDv7: the time in milliseconds, then bits that follow from the seed and the number of the call.
class SeededIds : public IdSource {
 public:
  explicit SeededIds(std::uint64_t seed) : seed_(seed) {}

  Uuid next(Time now) override {
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

 private:
  // The finalizer of SplitMix64.
  static std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
  }

  const std::uint64_t seed_;
  std::atomic<std::uint64_t> calls_{0};
};

}  // namespace forge
