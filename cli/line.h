#pragma once

// A command line as one of several, as those of `forgectl shell` are.

#include <map>
#include <span>
#include <string>

#include "arguments.h"
#include "forge/cli/run.h"
#include "forge/store/store.h"

namespace forge::cli {

// What the lines have in common, beside their streams.
struct Surroundings {
  const Store* store = nullptr;  // open for writing; lines that name the store at `path` share it. Null: each opens its own
  std::string path;
  std::map<std::string, std::string> defaults;  // of flags, in the place of settings
  std::string as_of;                            // the default of --as-of where a command only reads; empty: none
};

// Makes what the surroundings say, or else the settings, the defaults of the arguments' flags. A profile that the line names comes
// before the surroundings. Errors: as resolve_settings.
Status set_defaults(Arguments& arguments, const Streams& streams, const Surroundings* around);

// Runs one command line, without the program's name. `around` may be null. Returns the exit status.
int run_line(std::span<const std::string> words, Streams& streams, const Surroundings* around);

}  // namespace forge::cli
