#pragma once

#include <string_view>

#include "forge/events/value.h"

namespace forge::cli {

// The release, with the versions of what it is built on and of the formats it writes.
Object version_object();
// The day of the commit that this was built from: "2026-11-23".
std::string_view source_date();

}  // namespace forge::cli
