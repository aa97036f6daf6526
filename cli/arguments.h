#pragma once

// A command line once parsed: what a command sees of it.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"

namespace forge::cli {

class Arguments {
 public:
  Arguments() = default;
  Arguments(const Command& command, std::vector<std::string> words, std::map<std::string, std::vector<std::string>> flags)
      : command_(&command), words_(std::move(words)), flags_(std::move(flags)) {}

  // The value of a flag where none is given: comes before the declared default.
  void set_default(const std::string& flag, std::string value) { defaults_[flag] = std::move(value); }

  const Command& command() const { return *command_; }
  // The words that are no flags, in order.
  const std::vector<std::string>& words() const { return words_; }
  // The word at `index`, or nothing.
  std::optional<std::string> word(std::size_t index) const;

  // On the command line itself.
  bool given(std::string_view flag) const;
  bool is_on(std::string_view flag) const;
  // The value of a flag, else the default set, else the declared one; the last one where it is repeated.
  std::string text(std::string_view flag) const;
  // The same without the declared default.
  std::optional<std::string> if_text(std::string_view flag) const;
  std::vector<std::string> texts(std::string_view flag) const;
  // A checked number; the default of a flag with one.
  std::uint64_t count(std::string_view flag) const;
  std::optional<std::uint64_t> if_count(std::string_view flag) const;
  std::chrono::microseconds duration(std::string_view flag) const;

 private:
  const Flag* declared(std::string_view flag) const;

  const Command* command_ = nullptr;
  std::vector<std::string> words_;
  std::map<std::string, std::vector<std::string>> flags_;
  std::map<std::string, std::string> defaults_;
};

// "250ms", "2s", "1.5s", "3m", "1h". Errors: kUsage.
Result<std::chrono::microseconds> parse_duration(std::string_view text);
// A whole number of 0 and more. Errors: kUsage.
Result<std::uint64_t> parse_count(std::string_view text);

}  // namespace forge::cli
