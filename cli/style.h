#pragma once

// Colours: only on a terminal that wants them (help environment).

#include <string>
#include <string_view>

namespace forge::cli {

class Style {
 public:
  Style() = default;
  explicit Style(bool colours) : colours_(colours) {}

  std::string bold(std::string_view text) const { return painted("1", text); }
  std::string dim(std::string_view text) const { return painted("2", text); }
  std::string red(std::string_view text) const { return painted("31", text); }
  std::string green(std::string_view text) const { return painted("32", text); }
  std::string yellow(std::string_view text) const { return painted("33", text); }

 private:
  std::string painted(const char* code, std::string_view text) const {
    if (!colours_) return std::string(text);
    return std::string("\033[") + code + "m" + std::string(text) + "\033[0m";
  }

  bool colours_ = false;
};

}  // namespace forge::cli
