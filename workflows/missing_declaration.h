#pragma once

// What a step needs of the schema. It was there when the workflow was declared, or the check said so; a later schema may have
// removed it.

#include <string>

#include "forge/events/domain.h"
#include "forge/events/status.h"
#include "step_work.h"

namespace forge::internal {

// Ok where the schema has the action, the query or the resource that the work of that run is about; of a transaction, all of its
// block. `path` is the step's. Errors: kUnknownAction, kUnknownResource.
Status check_declared(const Work& work, const Plan& plan, const Domain& domain, const std::string& run, const std::string& path);

}  // namespace forge::internal
