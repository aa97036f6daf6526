#pragma once

#include <string>

#include "forge/events/value.h"

namespace forge::testing {

// The first of `expected` that `actual` does not have, in words; nothing where all agree.
std::string difference(const Object& expected, const Object& actual);

}  // namespace forge::testing
