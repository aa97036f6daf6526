#pragma once

// Where valid UTF-8 ends: what is_utf8 (json.h) and everything that repairs or refuses text stand on.

#include <cstddef>
#include <string_view>

namespace forge::internal {

// The number of leading bytes that are valid UTF-8 (Unicode 15, table 3-7): `text.size()` when all of it is.
std::size_t valid_utf8_prefix(std::string_view text);

}  // namespace forge::internal
