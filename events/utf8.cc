#include "utf8.h"

#include <cstdint>
#include <cstring>

#include "forge/events/json.h"

namespace forge {
namespace internal {
namespace {

// The bytes of the well-formed sequence at `data`, or 0. The second byte's range excludes overlong forms (after E0 and F0),
// surrogates (after ED) and what is above U+10FFFF (after F4).
std::size_t sequence_size(const unsigned char* data, std::size_t available) {
  const unsigned char lead = data[0];
  if (lead < 0x80) return 1;
  const std::size_t size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (size == 0 || size > available) return 0;
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (data[1] < low || data[1] > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if ((data[i] & 0xC0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) {
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 8) {
      std::uint64_t eight;
      std::memcpy(&eight, data + at, sizeof eight);
      if ((eight & 0x8080808080808080) == 0) {
        at += 8;
        continue;
      }
    }
    const std::size_t size = sequence_size(data + at, text.size() - at);
    if (size == 0) break;
    at += size;
  }
  return at;
}

}  // namespace internal

bool is_utf8(std::string_view text) {
  return internal::valid_utf8_prefix(text) == text.size();
}

}  // namespace forge
