#pragma once

// How durations are written in schemas and workflows.

#include <chrono>
#include <optional>
#include <string_view>

namespace forge {

// "250ms", "2s", "3m", "1h": a whole number above 0 and below 2^32, and its unit; nothing for other text.
std::optional<std::chrono::microseconds> read_duration(std::string_view text);

}  // namespace forge
