#pragma once

// Manual pages, made from the command table and the help topics.

#include <string>
#include <string_view>

#include "command.h"

namespace forge::cli {

// "forgectl-schema-check".
std::string man_name(const Command& command);
// A page in the mdoc language. `date` is that of the build's sources: "2026-11-23".
std::string man_page(const Command& command, std::string_view date);
// forgectl(1) itself: every command, the flags that all take, and the topics of help.
std::string man_overview(std::string_view date);

}  // namespace forge::cli
