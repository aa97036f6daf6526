#pragma once

// What a run does, told line by line while a command carries it out: only where a person looks at standard error.

#include <string>

#include "forge/store/view.h"
#include "session.h"

namespace forge::cli {

class LiveRun {
 public:
  explicit LiveRun(std::string id) : id_(std::move(id)) {}

  // The pulses of steps that have come since, each as a line. Nothing where standard error is no terminal, or with --quiet. What
  // cannot be read is left to whoever waits for the run.
  void print(const Session& session, const View& view);

 private:
  std::string id_;
  Seq next_ = 1;
};

}  // namespace forge::cli
