#pragma once

// Scenarios: text files of commands and the output they must have.
//
//   # a comment
//   $ forgectl do Order.place id=o-1        a command, run through the real CLI code in a fresh directory
//   | {"qty": 5}                            its standard input
//   Order o-1  v1  event 8  Order.placed    its standard output
//   ! error[E2107]: …                       its standard error
//   (exit 4)                                its exit status, where it is not 0
//
// Other commands: `cd DIR`, `write FILE` (the | lines are its text), `read FILE` (its text is the output), `remove PATH` (a path,
// or the first file that matches the glob), `copy FROM TO`, `cut FILE BYTES` (leaves so many of the first file that matches the
// glob), `flip FILE OFFSET` (one bit of the first file that matches the glob; a negative offset counts from the end), `clock
// SECONDS` (moves the clock), `set NAME=VALUE` (an environment variable), `terminal COLUMNS` (0: none), `use shop` (writes
// shop.fbs, the domain of most tests), `use EXAMPLE/FILE` (a file of an example), `hold DIR`, `answer DIR` and `release` (another
// holder of the store, which answers or does not). `> FILE` at the end of a forgectl line sends standard output there. {{TEXT*N}}
// in a command or its input stands for N times TEXT, in which \\xff is a byte. In expected lines <time> <id> <ms> <number> <hash>
// stand for such a thing and <any> for anything. With FORGE_UPDATE_SCENARIOS=1 lines that do not match are rewritten in the file.

#include <string>
#include <vector>

#include "forge/store/server.h"
#include "forge/store/store.h"
#include "harness.h"

namespace forge::cli {

class Scenario {
 public:
  explicit Scenario(const std::string& text);

  // What does not match, as a readable difference; empty when all does.
  std::string run();
  // The scenario with the output as it was in run().
  const std::string& actual() const { return actual_; }

 private:
  struct Step {
    std::vector<std::string> before;  // comments and blank lines
    std::string command;
    std::vector<std::string> input;
    std::vector<std::string> expected;  // with "! " and "(exit N)" lines
  };

  std::vector<std::string> outcome_of(const Step& step);
  std::vector<std::string> forgectl(const std::string& line, const std::string& input);
  std::vector<std::string> read(const std::string& path);
  Status other(const std::vector<std::string>& words, const std::string& input);

  Bench bench_{Bench::Place::kDisk};  // doctor looks at the disk
  std::vector<Step> steps_;
  std::vector<std::string> after_;
  std::string actual_;
  std::optional<Store> held_;
  std::optional<Server> server_;
};

}  // namespace forge::cli
