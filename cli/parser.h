#pragma once

// From words to Arguments, by the command table. The only place for CLI11.

#include <span>
#include <string>

#include "arguments.h"

namespace forge::cli {

struct Parsed {
  Arguments arguments;
  bool wants_help = false;  // --help, or no command at all
};

// Flags stand in any place, `--` ends them, and a word such as "-5" is a value. Errors: kUnknownCommand, kUnknownFlag and kUsage,
// each with the nearest known name.
Result<Parsed> parse(std::span<const std::string> arguments);
// Whether a flag can have the value; `shown` names it in the message. Errors: kUsage.
Status check_flag_value(const Flag& flag, const std::string& shown, const std::string& value);
// What is wrong with a command's words and has no better advice leads to the help of `command`, where there is one.
Status with_help(Status error, const Command* command);

}  // namespace forge::cli
