#pragma once

// How text that came from outside stands in a message.

#include <string>
#include <string_view>

namespace forge::internal {

// `text` in single quotes, cut after 60 bytes, with control characters and bytes that are not UTF-8 as \x1b.
std::string quoted(std::string_view text);

}  // namespace forge::internal
