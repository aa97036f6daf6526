#pragma once

// A command of the user's, run by the shell.

#include <string>
#include <string_view>

#include "forge/events/status.h"

namespace forge::cli {

// How a command ended.
struct ChildEnd {
  int status = 0;            // its exit status; 128 and more: the signal that ended it, as shells count
  std::string text() const;  // "exit status 3", "signal 9"
  // The shell did not find the command, or may not execute it.
  bool is_not_run() const { return status == 126 || status == 127; }
};

// Runs `command` with `input` on its standard input and this process's output and errors, and waits for its end.
// Errors: kIoError where it cannot be started.
Result<ChildEnd> run_child(const std::string& command, std::string_view input);

}  // namespace forge::cli
