#include "text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iterator>

#include "forge/events/json.h"

namespace forge::cli {
namespace {

struct Range {
  char32_t first, last;
};

// Characters that take no column of their own.
constexpr Range kCombining[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x1AB0, 0x1AFF},
                                {0x1DC0, 0x1DFF}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
// Characters that take two.
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x4DBF},   {0x4E00, 0xA4CF},  {0xA960, 0xA97F},
                           {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
                           {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
// Characters that steer a terminal or hide what follows: controls, and marks of the reading direction.
constexpr Range kSteering[] = {{0x00, 0x1F}, {0x7F, 0x9F}, {0x200E, 0x200F}, {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF}};

bool is_in(std::span<const Range> ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](const Range& range) { return c >= range.first && c <= range.last; });
}

// The next character of `text` at `at`, which moves on; a byte that begins no valid character gives `valid` false.
struct Character {
  char32_t code = 0;
  std::size_t size = 1;
  bool valid = false;
};

Character character_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1, true};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (at + size > text.size() || !is_utf8(text.substr(at, size))) return {first, 1, false};
  char32_t code = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  return {code, size, true};
}

std::string escape_of(const Character& c) {
  if (c.code == '\n' && c.valid) return "\\n";
  if (c.code == '\t' && c.valid) return "\\t";
  if (c.code == '\r' && c.valid) return "\\r";
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), c.valid ? "\\u%04x" : "\\x%02x", static_cast<unsigned>(c.code));
  return out.data();
}

template <typename Escapes>
std::string escaped(std::string_view text, Escapes escapes) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    if (escapes(c)) {
      out += escape_of(c);
    } else {
      out += text.substr(at, c.size);
    }
    at += c.size;
  }
  return out;
}

std::size_t width_of(const Character& c) {
  if (is_in(kCombining, c.code)) return 0;
  return is_in(kWide, c.code) ? 2 : 1;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text, at);
    width += width_of(c);
    at += c.size;
  }
  return width;
}

std::string printable(std::string_view text) {
  return escaped(text, [](const Character& c) { return !c.valid || is_in(kSteering, c.code); });
}

std::string printable_json(std::string_view json) {
  return escaped(json, [](const Character& c) { return c.valid && c.code >= 0x7F && is_in(kSteering, c.code); });
}

std::string fitted(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::size_t width = 0, at = 0;
  while (at < text.size()) {
    const Character c = character_at(text, at);
    if (width + width_of(c) + 1 > columns) break;
    width += width_of(c);
    at += c.size;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string value_text(const Value& value) {
  if (value.is_null()) return {};
  if (const std::string* text = value.if_text()) return *text;
  if (const std::int64_t* number = value.if_int()) return std::to_string(*number);
  if (const Bytes* bytes = value.if_bytes()) return to_base64(*bytes);
  return to_json(value);
}

std::string value_shown(const Value& value) {
  if (value.is_null()) return "null";
  const std::string text = value_text(value);
  if (value.if_text() == nullptr) return text;
  if (!text.empty() && text.find_first_of(" '\"\t\n") == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

std::string time_text(Time time) {
  const std::string full = format_time(time);
  return full.substr(0, 10) + " " + full.substr(11, 8) + "Z";
}

std::string short_time_text(Time time) {
  return time_text(time).substr(5);
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), unit == 0 || size >= 10 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return out.data();
}

std::string elapsed_text(std::int64_t micros) {
  std::array<char, 48> out{};
  const double seconds = static_cast<double>(micros) / 1e6;
  if (seconds < 60) {
    std::snprintf(out.data(), out.size(), seconds < 10 ? "%.2f s" : "%.1f s", seconds);
  } else {
    const auto whole = static_cast<long long>(seconds);
    std::snprintf(out.data(), out.size(), "%lld min %lld s", whole / 60, whole % 60);
  }
  return out.data();
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return grouped(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

}  // namespace forge::cli
