#pragma once

// What the schema demands of the arguments alone, before any record is looked at. Pure.

#include "forge/events/cell.h"
#include "forge/events/domain.h"
#include "forge/events/status.h"

namespace forge::internal {

// `arguments` is as given, absent where not. Errors: kArgumentMissing for a required one, kArgumentDeprecated, and those of the
// limits: kArgumentRange, kPatternMismatch.
Status check_given(const Action& action, const Row& arguments);

}  // namespace forge::internal
