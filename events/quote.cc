#include "quote.h"

#include "utf8.h"

namespace forge::internal {
namespace {

constexpr std::size_t kBytesMax = 60;

void append_escaped(std::string& out, char byte) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out += "\\x";
  out += kDigits[value >> 4];
  out += kDigits[value & 15];
}

bool is_control(char byte) {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string_view rest = text.substr(0, kBytesMax);
  if (rest.size() < text.size()) {
    while (!rest.empty() && (text[rest.size()] & 0xC0) == 0x80) rest.remove_suffix(1);  // not inside a character
  }
  const bool is_cut = rest.size() < text.size();
  std::string out = "'";
  while (!rest.empty()) {
    const std::size_t valid = valid_utf8_prefix(rest);
    for (const char byte : rest.substr(0, valid)) {
      if (is_control(byte)) {
        append_escaped(out, byte);
      } else {
        out += byte;
      }
    }
    rest.remove_prefix(valid);
    if (rest.empty()) break;
    append_escaped(out, rest.front());
    rest.remove_prefix(1);
  }
  return out += is_cut ? "…'" : "'";
}

}  // namespace forge::internal
