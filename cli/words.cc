#include "words.h"

#include <algorithm>

namespace forge::cli {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  Words run() {
    while (at_ < text_.size()) {
      if (is_blank(text_[at_])) {
        ++at_;
      } else if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
        at_ += 2;
      } else {
        out_.last_at = at_;
        out_.words.emplace_back();
        read_word();
      }
    }
    if (text_.empty() || is_blank(text_.back())) out_.last_at = text_.size();
    return std::move(out_);
  }

 private:
  void read_word() {
    std::string& word = out_.words.back();
    while (at_ < text_.size() && !is_blank(text_[at_])) {
      const char c = text_[at_];
      const bool may_be_json = word.empty() || word.ends_with(":=");
      if (may_be_json && (c == '{' || c == '[')) {
        read_json(word);
      } else if (c == '\'' || c == '"') {
        read_quoted(word, c);
      } else if (c == '\\') {
        read_escaped(word);
      } else {
        word += c;
        ++at_;
      }
    }
  }

  void read_quoted(std::string& word, char quote) {
    for (++at_; at_ < text_.size() && text_[at_] != quote;) {
      if (quote == '"' && text_[at_] == '\\') {
        read_escaped(word);
      } else {
        word += text_[at_++];
      }
    }
    if (at_ == text_.size()) {
      if (out_.open.empty()) out_.open = std::string(1, quote);
    } else {
      ++at_;
    }
  }

  // A backslash before a line feed joins two lines.
  void read_escaped(std::string& word) {
    if (++at_ == text_.size()) {
      out_.open = "\\";
    } else if (text_[at_] == '\n') {
      ++at_;
    } else {
      word += text_[at_++];
    }
  }

  void read_json(std::string& word) {
    std::string closing;
    bool in_text = false;
    do {
      const char c = text_[at_++];
      word += c;
      if (in_text && c == '\\' && at_ < text_.size()) {
        word += text_[at_++];
      } else if (c == '"') {
        in_text = !in_text;
      } else if (!in_text && (c == '{' || c == '[')) {
        closing += c == '{' ? '}' : ']';
      } else if (!in_text && c == closing.back()) {
        closing.pop_back();
      }
    } while (!closing.empty() && at_ < text_.size());
    if (!closing.empty()) out_.open = closing.substr(closing.size() - 1);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Words out_;
};

}  // namespace

Words split_words(std::string_view text) {
  return Splitter(text).run();
}

std::string quoted_word(std::string_view word) {
  const bool is_plain = !word.empty() && word.find_first_of(" \t\r\n\\'\"") == std::string_view::npos &&
                        word.find_first_of("#{[") != 0 && word.find(":={") == std::string_view::npos &&
                        word.find(":=[") == std::string_view::npos;
  if (is_plain) return std::string(word);
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace forge::cli
