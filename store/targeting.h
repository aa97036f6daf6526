#pragma once

// Turning generic actions into those that their targets give.

#include "forge/store/action_target.h"
#include "forge/store/options.h"
#include "forge/store/view.h"
#include "prepared.h"

namespace forge::internal {

struct PlannedActions {
  std::vector<ActionRequest> actions;       // in the order asked
  std::vector<AppendCondition> conditions;  // those of the targets
};

// The target of a generic action; null where the options have none.
const ActionTarget* find_target(const Action& action, const OpenOptions& options);

// The actions of `transaction` with each generic one replaced by what its target gives. Errors: kPolicyDenied, kHandlerMissing,
// kHandlerFailed, also where a target gives a generic action, kActionRefused.
Result<PlannedActions> plan_actions(const PreparedTransaction& transaction, const OpenOptions& options, const View& view);

}  // namespace forge::internal
