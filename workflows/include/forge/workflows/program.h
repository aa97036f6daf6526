#pragma once

// Programs that `exec` steps may run: those that the operator of the runner has registered, and no others. A definition names a
// program and gives it arguments; which file that is, the operator says. No shell takes part.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "forge/events/status.h"

namespace forge {

struct Program {
  std::vector<std::string> command;      // the file, as an absolute path, and arguments that come before the step's
  std::string directory = {};            // that it runs in, as an absolute path; empty: the runner's own
  std::vector<std::string> environment;  // names of variables that it gets from the runner's own environment, beside PATH
  std::vector<std::string> accepts;      // names of variables that a step may set for it; no others
  std::string place = {};                // where its command is registered: "programs.toml:2:11"; may be empty
  std::string unusable = {};             // why it cannot be run, where that is known: a run that needs it stands still
};

// By the name that definitions use.
using Programs = std::map<std::string, Program, std::less<>>;

// Reads a file of programs (docs/workflows.md), in TOML:
//
//   [program.card]
//   command     = ["/usr/local/bin/card", "--live"]
//   directory   = "/var/lib/card"
//   environment = ["CARD_TOKEN"]
//   accepts     = ["CARD_MODE"]
//
// A relative `command` or `directory` starts from `base`, an absolute path. Whether the files are there is seen when a step runs
// them. `file` is how messages call the text. Errors: kWorkflowSyntax, kWorkflowAttribute, kWorkflowName, each with its place; the
// first that was found.
Result<Programs> parse_programs(std::string_view toml, const std::string& file, const std::string& base);

}  // namespace forge
