#pragma once

#include <string_view>

#include "forge/events/value.h"

namespace forge::cli {

// "0.1.0".
std::string_view version();
// With the versions of what it is built on and of the formats it writes.
Object version_object();

}  // namespace forge::cli
