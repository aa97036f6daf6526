#pragma once

// Says on standard error for what a command waits whose runner has nothing under way. For one thread.

#include <chrono>
#include <functional>
#include <string>

#include "forge/workflows/runner.h"
#include "session.h"

namespace forge::cli {

class WaitingLine {
 public:
  // To be called again and again. Once nothing has been under way for a second, prints what `words` makes of that, "waiting: …",
  // and again when the words have changed, at most every ten seconds. Nothing with -o json and the like. Errors: as
  // Runner::outlook.
  Status look(Session& session, const Runner& runner, const std::function<std::string(const RunnerOutlook&)>& words);

 private:
  std::chrono::steady_clock::time_point next_look_;
  std::chrono::steady_clock::time_point next_line_;
  std::string seen_, said_;
};

}  // namespace forge::cli
