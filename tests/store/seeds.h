#pragma once

// What a run of random tests can be told from outside.

#include <cstdint>
#include <cstdlib>
#include <random>

namespace forge::testing_support {

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Another one in every run, unless FORGE_SEED names it.
inline std::uint64_t seed_of_run() {
  static const std::uint64_t seed = from_environment("FORGE_SEED", std::random_device{}());
  return seed;
}

}  // namespace forge::testing_support
