#pragma once

// The first bytes of a key as numbers of the same order: who sorts many keys seldom has to go to the keys themselves.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "forge/events/key.h"

namespace forge::internal {

struct KeyStart {
  std::uint64_t first = 0, second = 0;

  static KeyStart of(std::string_view key) {
    char start[16] = {};
    std::memcpy(start, key.data(), std::min(key.size(), sizeof(start)));
    return {read_u64(start), read_u64(start + 8)};
  }
  // Below: its key is. Neither is below: the keys decide.
  bool operator<(const KeyStart& other) const { return first != other.first ? first < other.first : second < other.second; }
  bool operator==(const KeyStart&) const = default;
};

}  // namespace forge::internal
