#pragma once

// The nearest known name for a mistyped one.

#include <string>
#include <string_view>
#include <vector>

namespace forge::cli {

// " — did you mean 'list'?", or nothing where no candidate is within two edits.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

// The parts with `separator` between them.
std::string joined(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace forge::cli
