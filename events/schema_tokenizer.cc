// The tokens are those of FlatBuffers' parser: what it takes is taken here, so that both read a file alike. Numbers are cut out
// by their characters alone; whether they are well-formed is left to it.

#include "schema_tokenizer.h"

#include <optional>

#include "forge/events/json.h"

namespace forge::internal {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}

class SchemaTokenizer {
 public:
  SchemaTokenizer(std::size_t file, SchemaFindings& findings)
      : file_(file), findings_(findings), text_(findings.files()[file].text) {}

  std::vector<SchemaToken> run() {
    if (text_.starts_with(kByteOrderMark)) offset_ = kByteOrderMark.size();
    while (!failed_) {
      skip_blanks();
      if (failed_) break;
      SchemaToken token = next();
      const bool end = token.kind == SchemaTokenKind::kEnd;
      tokens_.push_back(token);
      if (end) return std::move(tokens_);
    }
    return {};
  }

 private:
  char at(std::size_t offset) const { return offset < text_.size() ? text_[offset] : '\0'; }

  Position position_of(std::size_t offset) const { return {line_, static_cast<std::uint32_t>(offset - line_start_ + 1)}; }

  void fail(std::size_t offset, std::string what) {
    failed_ = true;
    findings_.add({file_, position_of(offset)}, Status(ErrorId::kSchemaSyntax, std::move(what)));
  }

  void skip_blanks() {
    while (offset_ < text_.size() && !failed_) {
      const char c = text_[offset_];
      if (c == '\n') {
        line_start_ = ++offset_;
        ++line_;
      } else if (c == ' ' || c == '\t' || c == '\r') {
        ++offset_;
      } else if (c == '/' && at(offset_ + 1) == '/') {
        while (offset_ < text_.size() && text_[offset_] != '\n' && text_[offset_] != '\r') ++offset_;
      } else if (c == '/' && at(offset_ + 1) == '*') {
        skip_comment();
      } else {
        return;
      }
    }
  }

  void skip_comment() {
    const std::size_t end = text_.find("*/", offset_ + 2);
    if (end == std::string_view::npos) return fail(offset_, "a comment does not end");
    for (; offset_ < end + 2; ++offset_) {
      if (text_[offset_] != '\n') continue;
      ++line_;
      line_start_ = offset_ + 1;
    }
  }

  SchemaToken cut(SchemaTokenKind kind, std::size_t end) {
    SchemaToken token{kind, text_.substr(offset_, end - offset_), offset_, position_of(offset_)};
    offset_ = end;
    return token;
  }

  SchemaToken next() {
    if (offset_ == text_.size()) return cut(SchemaTokenKind::kEnd, offset_);
    const char c = text_[offset_];
    std::size_t end = offset_ + 1;
    if (is_letter(c)) {
      while (is_letter(at(end)) || is_decimal(at(end))) ++end;
      return cut(SchemaTokenKind::kWord, end);
    }
    if (c == '"' || c == '\'') return text_token(c);
    const bool sign = c == '+' || c == '-';
    if (is_decimal(c) || ((sign || c == '.') && (is_decimal(at(end)) || (sign && at(end) == '.')))) {
      while (is_letter(at(end)) || is_decimal(at(end)) || at(end) == '.' || exponent_sign(end)) ++end;
      return cut(SchemaTokenKind::kNumber, end);
    }
    if (std::string_view("{}()[],:;=.+-").find(c) == std::string_view::npos) {
      fail(offset_, "a character that has no place in a schema");
    }
    return cut(SchemaTokenKind::kMark, end);
  }

  bool exponent_sign(std::size_t offset) const {
    const char before = at(offset - 1);
    return (at(offset) == '+' || at(offset) == '-') && (before == 'e' || before == 'E' || before == 'p' || before == 'P');
  }

  SchemaToken text_token(char quote) {
    std::size_t end = offset_ + 1;
    for (; at(end) != quote; ++end) {
      if (at(end) == '\\') ++end;
      if (static_cast<unsigned char>(at(end)) >= ' ') continue;
      fail(offset_, "a text does not end on its line");
      break;
    }
    return cut(SchemaTokenKind::kText, std::min(end + 1, text_.size()));
  }

  std::size_t file_;
  SchemaFindings& findings_;
  std::string_view text_;
  std::vector<SchemaToken> tokens_;
  std::size_t offset_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
  bool failed_ = false;
};

void append_utf8(std::uint32_t code_point, std::string& out) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) return add(code_point);
  if (code_point < 0x800) {
    add(0xC0 | code_point >> 6);
  } else if (code_point < 0x10000) {
    add(0xE0 | code_point >> 12);
    add(0x80 | (code_point >> 6 & 0x3F));
  } else {
    add(0xF0 | code_point >> 18);
    add(0x80 | (code_point >> 12 & 0x3F));
    add(0x80 | (code_point >> 6 & 0x3F));
  }
  add(0x80 | (code_point & 0x3F));
}

std::optional<std::uint32_t> hex(std::string_view digits, std::size_t count) {
  if (digits.size() < count) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : digits.substr(0, count)) {
    const char lower = static_cast<char>(c | 0x20);
    if (!is_decimal(c) && (lower < 'a' || lower > 'f')) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(is_decimal(c) ? c - '0' : lower - 'a' + 10);
  }
  return value;
}

// The code point of a `\u` escape whose digits begin `rest`, and how many bytes of `rest` it takes.
std::optional<std::pair<std::uint32_t, std::size_t>> unicode_escape(std::string_view rest) {
  const auto first = hex(rest, 4);
  if (!first) return std::nullopt;
  if (*first < 0xD800 || *first > 0xDFFF) return std::pair(*first, std::size_t{4});
  if (*first > 0xDBFF || rest.substr(4, 2) != "\\u") return std::nullopt;
  const auto second = hex(rest.substr(6), 4);
  if (!second || *second < 0xDC00 || *second > 0xDFFF) return std::nullopt;
  return std::pair(0x10000 + ((*first & 0x3FF) << 10) + (*second & 0x3FF), std::size_t{10});
}

// Appends what the escape at the front of `rest` (after the backslash) stands for; the bytes it takes, or 0 when it is none.
std::size_t decode_escape(std::string_view rest, std::string& out) {
  if (rest.empty()) return 0;
  constexpr std::string_view kNames = "ntrbf\"'\\/";
  constexpr std::string_view kValues = "\n\t\r\b\f\"'\\/";
  const std::size_t simple = kNames.find(rest.front());
  if (simple != std::string_view::npos) return out += kValues[simple], 1;
  if (rest.front() == 'x') {
    const auto byte = hex(rest.substr(1), 2);
    if (!byte || *byte == 0) return 0;
    return out += static_cast<char>(*byte), 3;
  }
  if (rest.front() != 'u') return 0;
  const auto escape = unicode_escape(rest.substr(1));
  if (!escape || escape->first == 0) return 0;
  append_utf8(escape->first, out);
  return escape->second + 1;
}

}  // namespace

std::vector<SchemaToken> tokenize_schema(std::size_t file, SchemaFindings& findings) {
  return SchemaTokenizer(file, findings).run();
}

bool decode_text(const SchemaToken& token, std::size_t file, SchemaFindings& findings, SchemaText& out) {
  const std::string_view body = token.text.substr(1, token.text.size() - 2);
  const auto position_of = [&](std::size_t offset) {
    return Position{token.position.line, token.position.column + 1 + static_cast<std::uint32_t>(offset)};
  };
  for (std::size_t i = 0; i < body.size();) {
    std::size_t size = 1;
    if (body[i] == '\\') {
      size += decode_escape(body.substr(i + 1), out.text);
      if (size == 1) {
        findings.add({file, position_of(i)}, Status(ErrorId::kSchemaSyntax, "an escape in a text is not known"));
        return false;
      }
    } else {
      out.text += body[i];
    }
    out.positions.resize(out.text.size(), position_of(i));
    i += size;
  }
  out.positions.push_back(position_of(body.size()));
  if (is_utf8(out.text)) return true;
  findings.add({file, token.position}, Status(ErrorId::kSchemaSyntax, "a text is not valid UTF-8"));
  return false;
}

}  // namespace forge::internal
