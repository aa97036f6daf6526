#pragma once

// What may name a bookmark, a group or a projection: letters, digits and _ . : -, at most 200.

#include <algorithm>
#include <cctype>
#include <string_view>

namespace forge::internal {

inline bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == ':' || c == '-';
  });
}

}  // namespace forge::internal
