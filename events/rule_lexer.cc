#include "rule_lexer.h"

#include <algorithm>
#include <array>

#include "utf8.h"

namespace forge::internal {
namespace {

constexpr std::size_t kRuleBytesMax = 16 * 1024;

constexpr std::array<std::string_view, 15> kKeywords = {"and",  "or",      "not",  "in",   "is",   "null", "true", "false",
                                                        "like", "between", "case", "when", "then", "else", "end"};
constexpr std::array<std::string_view, 20> kSymbols = {"==", "!=", "<>", "<=", ">=", "||", "(", ")", ",", ";",
                                                       ":",  ".",  "=",  "<",  ">",  "+",  "-", "*", "/", "%"};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_name(char c) {
  return starts_name(c) || is_digit(c);
}

class Lexer {
 public:
  explicit Lexer(const RuleReporter& reporter) : reporter_(reporter), text_(reporter.source.text) {}

  Result<std::vector<Token>> run() {
    if (text_.size() > kRuleBytesMax) {
      return reporter_.syntax("is too long", std::to_string(text_.size()) + " bytes, at most 16384 are allowed", 0);
    }
    if (const std::size_t valid = valid_utf8_prefix(text_); valid < text_.size()) {
      return reporter_.syntax("is not valid UTF-8", shown(text_.substr(valid)), valid);
    }
    for (;;) {
      while (is_space(peek())) ++at_;
      begin_ = at_;
      if (at_ == text_.size()) break;
      FORGE_TRY(next());
    }
    add(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  // The byte `ahead` of the current one; 0 past the end.
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void add(TokenKind kind, std::string text) {
    tokens_.push_back({kind, static_cast<std::uint32_t>(begin_), static_cast<std::uint32_t>(at_), std::move(text)});
  }

  std::string take_name() {
    const std::size_t start = at_;
    while (continues_name(peek())) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }

  Status next() {
    const char c = peek();
    if (starts_name(c)) return add(TokenKind::kName, take_name()), Status();
    if (c == ':' && starts_name(peek(1))) {
      ++at_;
      add(TokenKind::kArgument, take_name());
      return {};
    }
    if (c == '$' && peek(1) == '{') return path();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '\'') return quoted(TokenKind::kText, "a text without its closing quote");
    if (c == '"') return quoted(TokenKind::kQuoted, "a quoted name without its closing quote");
    return symbol();
  }

  Status path() {
    const std::size_t close = text_.find('}', at_);
    if (close == std::string_view::npos) return reporter_.syntax("has a '${' without its '}'", "a path ends with '}'", begin_);
    std::string inside(text_.substr(at_ + 2, close - at_ - 2));
    at_ = close + 1;
    add(TokenKind::kPath, std::move(inside));
    return {};
  }

  Status number() {
    bool decimal = false;
    const auto digits = [&] {
      while (is_digit(peek())) ++at_;
    };
    digits();
    if (peek() == '.') {
      decimal = true;
      ++at_;
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      decimal = true;
      at_ += peek(1) == '+' || peek(1) == '-' ? 2 : 1;
      if (!is_digit(peek())) return reporter_.syntax("has a malformed number", "an exponent needs digits", begin_);
      digits();
    }
    if (continues_name(peek())) return reporter_.syntax("has a malformed number", "a letter follows the digits", begin_);
    add(decimal ? TokenKind::kDecimal : TokenKind::kInteger, std::string(text_.substr(begin_, at_ - begin_)));
    return {};
  }

  // A doubled quote stands for one.
  Status quoted(TokenKind kind, std::string_view unclosed) {
    const char quote = peek();
    std::string decoded;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        if (peek(1) != quote) {
          ++at_;
          add(kind, std::move(decoded));
          return {};
        }
        ++at_;
      }
      decoded += text_[at_];
    }
    return reporter_.syntax("has " + std::string(unclosed), "a quote inside is written twice", begin_);
  }

  Status symbol() {
    const std::string_view rest = text_.substr(at_);
    // SQL reads these as comments: what follows would count here and not there.
    if (rest.starts_with("--") || rest.starts_with("/*")) {
      return reporter_.syntax("has a comment", "comments are not allowed; a double minus is written '- -'", begin_);
    }
    const auto* found = std::find_if(kSymbols.begin(), kSymbols.end(), [&](std::string_view s) { return rest.starts_with(s); });
    if (found == kSymbols.end()) return reporter_.syntax("has a character that means nothing", shown(rest), begin_);
    at_ += found->size();
    add(TokenKind::kSymbol, std::string(*found));
    return {};
  }

  static std::string shown(std::string_view rest) {
    const auto byte = static_cast<unsigned char>(rest.front());
    if (byte > ' ' && byte < 0x7f) return "'" + std::string(rest.substr(0, 1)) + "'";
    constexpr std::string_view kHex = "0123456789abcdef";
    return std::string("byte 0x") + kHex[byte >> 4] + kHex[byte & 15];
  }

  const RuleReporter& reporter_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::string lower_ascii(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

bool is_keyword(std::string_view name) {
  return std::find(kKeywords.begin(), kKeywords.end(), lower_ascii(name)) != kKeywords.end();
}

bool Token::is_keyword(std::string_view keyword) const {
  return kind == TokenKind::kName && text.size() == keyword.size() && lower_ascii(text) == keyword;
}

Result<std::vector<Token>> tokenize(const RuleReporter& reporter) {
  return Lexer(reporter).run();
}

}  // namespace forge::internal
