#pragma once

#include "forge/events/value.h"

namespace forge::cli {

// The release, with the versions of what it is built on and of the formats it writes.
Object version_object();

}  // namespace forge::cli
