#pragma once

// The actions that the schema wants beside each other in one transaction (`with`). Pure: it looks at what is asked for, and at no
// record.

#include <span>

#include "prepared.h"

namespace forge::internal {

// Whether each partner of each action is there exactly once, with the values that it shares. What was done together is taken back
// together, too. Errors: kRuleViolated.
Status check_partners(std::span<const PreparedAction> actions);

}  // namespace forge::internal
