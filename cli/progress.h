#pragma once

// Progress of a long command on standard error: a bar at most five times a second on a terminal, a line each ten seconds elsewhere,
// JSON lines with --progress=json or -o ndjson, nothing with --quiet.

#include <cstdint>
#include <string>

#include "forge/cli/run.h"

namespace forge::cli {

enum class ProgressForm : std::uint8_t { kNone, kBar, kLines, kJson };

class Progress {
 public:
  // `unit` is what is counted: "events". The streams outlive it.
  Progress(Streams& streams, ProgressForm form, std::string unit);
  ~Progress();

  // `part` is what is done of the whole, from 0 to 1, or below 0 where the whole is unknown.
  void show(std::uint64_t done, double part);
  // Takes the bar off the terminal, so that other lines can follow.
  void clear();

 private:
  void print(std::uint64_t done, double part, double seconds);

  Streams& streams_;
  ProgressForm form_;
  std::string unit_;
  std::int64_t begun_;
  std::int64_t shown_;
  bool bar_up_ = false;
};

}  // namespace forge::cli
