#pragma once

// Help screens and their machine form, made from the command table.

#include <string>

#include "command.h"
#include "forge/events/value.h"
#include "style.h"

namespace forge::cli {

// The first screen: every command with its summary.
std::string overview_text(const Style& style);
// The flags that every command takes, with what they do.
std::string global_flags_text();
// One screen: what it does, examples first, arguments, flags.
std::string command_text(const Command& command, const Style& style);
Object command_object(const Command& command);
// The whole tree with global flags, topics and exit statuses.
Object tree_object();

struct Topic {
  std::string name;
  std::string summary;
  std::string text;
};

std::span<const Topic> topics();
const Topic* find_topic(std::string_view name);

}  // namespace forge::cli
