#pragma once

// Cuts the text of a rule into tokens.

#include <cstdint>
#include <string>
#include <vector>

#include "rule_reporter.h"

namespace forge::internal {

enum class TokenKind : std::uint8_t {
  kEnd,
  kName,      // a keyword, function or field; `text` as written
  kQuoted,    // "name": a field, never a keyword; `text` without the quotes
  kArgument,  // :name; `text` without the colon
  kPath,      // ${path}; `text` is the path
  kInteger,   // `text` holds the digits
  kDecimal,   // `text` as written
  kText,      // 'text'; `text` decoded
  kSymbol,    // `text` is one of ( ) , ; : . = == != <> < <= > >= + - * / % ||
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::uint32_t begin = 0;  // offsets in the source
  std::uint32_t end = 0;
  std::string text;

  bool is_symbol(std::string_view symbol) const { return kind == TokenKind::kSymbol && text == symbol; }
  // Keywords are compared without regard to case; `keyword` is lower case.
  bool is_keyword(std::string_view keyword) const;
};

// Whether `name` is a keyword, in any case.
bool is_keyword(std::string_view name);
// ASCII letters in lower case.
std::string lower_ascii(std::string_view text);

// The tokens in order; the last one is kEnd.
Result<std::vector<Token>> tokenize(const RuleReporter& reporter);

}  // namespace forge::internal
