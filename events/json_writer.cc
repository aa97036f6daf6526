#include <charconv>
#include <cmath>

#include "forge/events/json.h"
#include "utf8.h"

namespace forge {
namespace {

// The largest integer up to which every reader that keeps numbers as doubles keeps them exactly.
constexpr std::int64_t kExactMax = std::int64_t{1} << 53;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escape(std::string& out, char character) {
  static constexpr char kDigits[] = "0123456789abcdef";
  switch (character) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += kDigits[static_cast<unsigned char>(character) >> 4];
  out += kDigits[character & 15];
}

// Runs without a character to escape are appended in one piece.
void append_escaped(std::string& out, std::string_view text) {
  std::size_t run = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char character = text[at];
    if (static_cast<unsigned char>(character) >= 0x20 && character != '"' && character != '\\') continue;
    out.append(text, run, at - run);
    append_escape(out, character);
    run = at + 1;
  }
  out.append(text, run);
}

void append_int(std::string& out, std::int64_t value) {
  const bool as_text = value > kExactMax || value < -kExactMax;
  if (as_text) out += '"';
  out += std::to_string(value);
  if (as_text) out += '"';
}

// The shortest text that reads back as the same double, and as a double.
void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char digits[32];
  const std::to_chars_result result = std::to_chars(digits, digits + sizeof digits, value);
  const std::string_view text(digits, static_cast<std::size_t>(result.ptr - digits));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_list(std::string& out, const List& list) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    append_json(out, list[i]);
  }
  out += ']';
}

void append_object(std::string& out, const Object& object) {
  out += '{';
  bool is_first = true;
  for (const auto& [name, value] : object.members()) {
    if (!is_first) out += ',';
    is_first = false;
    append_json_string(out, name);
    out += ':';
    append_json(out, value);
  }
  out += '}';
}

}  // namespace

// A byte that is not UTF-8 becomes U+FFFD, so that what is written is always JSON.
void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (;;) {
    const std::size_t valid = internal::valid_utf8_prefix(text);
    append_escaped(out, text.substr(0, valid));
    if (valid == text.size()) break;
    out += kReplacement;
    text.remove_prefix(valid + 1);
  }
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  if (const bool* boolean = value.if_bool()) {
    out += *boolean ? "true" : "false";
  } else if (const std::int64_t* integer = value.if_int()) {
    append_int(out, *integer);
  } else if (const double* number = value.if_double()) {
    append_double(out, *number);
  } else if (const std::string* text = value.if_text()) {
    append_json_string(out, *text);
  } else if (const Bytes* bytes = value.if_bytes()) {
    append_json_string(out, to_base64(*bytes));
  } else if (const List* list = value.if_list()) {
    append_list(out, *list);
  } else if (const Object* object = value.if_object()) {
    append_object(out, *object);
  } else {
    out += "null";
  }
}

std::string to_json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace forge
