#pragma once

// Evaluates an action's rules of one sort, in order, and refuses at the first that does not hold. Pure. `input` is what the rules
// see: the record, the arguments and the actor. Errors of each beside its own: kRuleFailed.

#include <memory_resource>

#include "forge/events/domain.h"
#include "forge/events/rule.h"
#include "forge/events/status.h"

namespace forge::internal {

// Who may. Errors: kPolicyDenied, which names the policy, its place, the actor and the values it looked at.
Status check_policies(const Action& action, const RuleInput& input, std::pmr::memory_resource& memory);
// What must hold before. Errors: kRuleViolated.
Status check_requirements(const Action& action, const RuleInput& input, std::pmr::memory_resource& memory);
// What must hold after, of the action's resource. Errors: kRuleViolated.
Status check_checks(const Action& action, const RuleInput& input, std::pmr::memory_resource& memory);

}  // namespace forge::internal
