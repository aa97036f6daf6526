#pragma once

// Another program, run without a shell in a process group of its own.

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "forge/events/status.h"

namespace forge::internal {

struct ProcessStart {
  std::vector<std::string> command;      // the file by its path, then its arguments
  std::string directory;                 // empty: this process's
  std::vector<std::string> environment;  // NAME=VALUE: all that it gets
  std::string_view input;                // on its standard input
  std::size_t output_bytes_max = 1 << 20;
  std::int64_t grace_us = 1'000'000;  // after it was asked to end, until it is killed
};

struct ProcessEnd {
  int exit_status = 0;     // where no signal ended it
  int signal = 0;          // that ended it; 0: none
  bool stopped = false;    // it was asked to stop before it had ended
  bool too_large = false;  // it wrote more than it may, and was killed
  std::string output;      // its standard output
  std::string errors;      // the last 4 KiB of its standard error
};

// Runs it to its end, or until `stop` asks for one: then its whole group gets SIGTERM, and SIGKILL after the grace. What it leaves
// running in its group ends with it. No descriptor of this process is open in it but the three. Blocks the calling thread; from any
// thread. Errors: kIoError where it cannot be started.
Result<ProcessEnd> run_process(const ProcessStart& start, const std::stop_token& stop);

}  // namespace forge::internal
