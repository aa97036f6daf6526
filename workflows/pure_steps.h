#pragma once

#include "plan.h"

namespace forge::internal {

// Marks the maps over files (PlannedStep::is_pure) whose steps need nothing but values: no action, read, function, program, wait,
// timer or halt, and nothing that may have to be undone.
void mark_pure_maps(Plan& plan);

}  // namespace forge::internal
