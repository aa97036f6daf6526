// Base64 with padding (RFC 4648, section 4).

#include <array>

#include "forge/events/json.h"
#include "quote.h"

namespace forge {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> digit_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kDigits.size(); ++i) values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = digit_values();

Status refused(std::string_view text, std::string why) {
  return Status(ErrorId::kArgumentType, internal::quoted(text) + " is not base64").why(std::move(why));
}

}  // namespace

std::string to_base64(const Bytes& bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t given = std::min<std::size_t>(bytes.size() - at, 3);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8 | (i < given ? bytes[at + i] : 0u);
    for (std::size_t i = 0; i < 4; ++i) out += i <= given ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return refused(text, "its length is " + std::to_string(text.size()) + ", not a multiple of 4");
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  const std::string_view digits = text.substr(0, text.size() - padding);
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(digits[at])];
    if (value == kNoDigit) return refused(text, "byte " + std::to_string(at + 1) + " is " + internal::quoted(digits.substr(at, 1)));
    bits = (bits << 6 | value) & 0xffffff;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> bit_count));
  }
  if ((bits & ((1u << bit_count) - 1)) != 0) return refused(text, "its last digit has bits that belong to no byte");
  return bytes;
}

}  // namespace forge
